"""The kinds of practice server: Community Edition set up or fresh, an older OSS, a licensed PRO."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Literal

from cgwizard.practice.nexus.accounts import User
from cgwizard.practice.nexus.defaults import first_repositories
from cgwizard.practice.nexus.models import Edition
from cgwizard.practice.nexus.signin import Lockout
from cgwizard.practice.nexus.state import NexusState
from cgwizard.secrets.secret import Secret

Preset = Literal["3.96", "fresh", "3.76", "pro"]

_VERSIONS: dict[Preset, tuple[tuple[int, int, int], int, Edition]] = {
    "3.96": ((3, 96, 3), 1, "COMMUNITY"),
    "fresh": ((3, 96, 3), 1, "COMMUNITY"),
    "3.76": ((3, 76, 1), 1, "OSS"),
    "pro": ((3, 96, 3), 1, "PRO"),
}


def state_for(
    preset: Preset,
    *,
    data: Path,
    upstreams: dict[str, str],
    password: Secret,
    context_path: str = "",
) -> NexusState:
    """A server with its user ``admin``, as it stands after the first start (``fresh``) or after
    an administrator went through the first steps."""
    version, build, edition = _VERSIONS[preset]
    state = NexusState(
        data=data,
        upstreams=upstreams,
        version=version,
        build=build,
        edition=edition,
        context_path=context_path,
        eula_accepted=preset != "fresh",
        lockout=Lockout() if version >= (3, 95, 0) else None,
    )
    state.users["admin"] = User(
        "admin",
        "Administrator",
        "User",
        "admin@example.org",
        password,
        "changepassword" if preset == "fresh" else "active",
        ["nx-admin"],
    )
    state.users["anonymous"] = User(
        "anonymous",
        "Anonymous",
        "User",
        "anonymous@example.org",
        Secret(secrets.token_urlsafe(24)),  # nobody signs in as the anonymous user
        roles=["nx-anonymous"],
    )
    for repository in first_repositories():
        state.repositories[repository.name] = repository
    return state
