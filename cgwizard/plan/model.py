"""What the user chose: frozen and typed, written to and read from the answers file (TOML).

It holds no secret: of the Nexus password and the pull token it has only the user names. A member
is None until its step is confirmed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from cgwizard.text import decode

REMOTE_URL = "https://cgr.dev/"
FREE_NAMESPACE = "chainguard"
FREE_IMAGE = "chainguard/wolfi-base"

Scheme = Literal["http", "https"]
TokenMode = Literal["skip", "add", "separate"]
# Who may pull from a separate repository: those with a role that is made for it, everybody who can
# sign in and whose roles allow it, or everybody who reaches the port.
Access = Literal["role", "signed-in", "anyone"]
Engine = Annotated[
    str, Meta(pattern="^(builtin|docker|podman)$", description="one of: builtin, docker, podman.")
]
Port = Annotated[int, Meta(ge=1, le=65535)]
RegistryUrl = Annotated[
    str,
    Meta(
        pattern=r"^https?://[^/?#@\s]+(/[^?#\s]*)?$",
        description="A URL such as https://mirror.example.com.",
    ),
]
NO_ADDRESS = "url is no address"
MAX_NAME = 200  # characters; Nexus takes no longer name of a repository
RepositoryName = Annotated[
    str, Meta(max_length=MAX_NAME, description=f"A name of at most {MAX_NAME} characters.")
]
Fingerprint = Annotated[
    str, Meta(pattern="^[0-9A-Fa-f]{64}$", description="64 hexadecimal digits, a SHA-256.")
]


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """In TOML its members are written as ``blob-store``, ``ca-file``."""


class Registry(_Part, frozen=True):
    """The registry that is asked from here, in place of cgr.dev; Nexus asks ``remote-url``."""

    url: RegistryUrl = REMOTE_URL.rstrip("/")
    ca_file: Path | None = None  # whose authorities are believed there besides the system's

    def __post_init__(self) -> None:
        if self.url == REMOTE_URL.rstrip("/"):
            return  # without the import
        try:
            decode.url(self.url)
        except decode.Unreadable as error:
            raise ValueError(f"{NO_ADDRESS}: {error}") from None  # msgspec says where


class Connect(_Part, frozen=True):
    url: str  # base URL of Nexus, without a trailing slash
    user: str
    ca_file: Path | None = None
    fingerprint: Fingerprint | None = None  # SHA-256 of Nexus's certificate, confirmed by the user
    # Whether the user agrees to Nexus's End User License Agreement, if Nexus asks for that.
    accept_eula: bool = False


class Routing(_Part, frozen=True):
    """The connector on which clients reach the repository."""

    port: Port
    scheme: Scheme = "http"


class Developer(_Part, frozen=True):
    """The docker (proxy) repository for the free images."""

    name: RepositoryName = "chainguard"
    remote_url: str = REMOTE_URL
    blob_store: str = "default"
    existing: Literal["none", "use", "change"] = "none"  # what to do with an existing one


class Token(_Part, frozen=True):
    """How the pull token is used. ``name``, ``port``, ``access``, ``role`` and ``pull_user`` are
    for a separate repository; a role and a user that are left out get the guide's names."""

    mode: TokenMode = "skip"
    organization: str = ""
    username: str = ""
    name: RepositoryName = "chainguard-private"
    port: Port | None = None
    scheme: Scheme = "http"
    # Who says whether the token is good: the registry, asked from here, or Nexus's test pull.
    check: Literal["registry", "nexus"] = "registry"
    access: Access = "role"
    role: str = ""
    pull_user: str | None = None  # "": none


class Pull(_Part, frozen=True):
    """Repository names below the registry: ``chainguard/wolfi-base``, ``ORG/chainguard-base``."""

    free_image: str = FREE_IMAGE
    private_image: str = ""
    platform: str = ""  # "linux/amd64"; empty: this machine's
    engine: Engine = "builtin"  # who pulls
    # Whether a user without the role is made, tried and removed, to prove the restriction.
    prove_restricted: bool = True


class Plan(_Part, frozen=True):
    version: Literal[1] = 1
    registry: Registry = Registry()
    connect: Connect | None = None
    routing: Routing | None = None
    developer: Developer | None = None
    token: Token | None = None
    pull: Pull | None = None


def to_toml(plan: Plan) -> str:
    """``plan`` as TOML, without undecided parts and without the registry where it is cgr.dev."""
    found = msgspec.to_builtins(plan, enc_hook=enc_hook)
    if plan.registry == Registry():
        del found["registry"]
    return msgspec.toml.encode(_without_none(found)).decode()


def enc_hook(value: object) -> str:
    """For msgspec, which has no encoding of paths."""
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError(type(value))


def dec_hook(kind: type, value: object) -> Path:
    """The reverse of `enc_hook`. Raises what msgspec turns into its ValidationError."""
    if kind is not Path:
        raise NotImplementedError(kind)
    if not isinstance(value, str):
        raise TypeError("Expected `str`, got another type")
    return Path(value)


def _without_none(value: object) -> object:
    # TOML has no null.
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return value
