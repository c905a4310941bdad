"""Who may pull from the repository of the organization's images."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from cgwizard.changes import undo
from cgwizard.guide.guide import Guide
from cgwizard.guide.pull_restricted import PREFIX
from cgwizard.guide.shown import Check
from cgwizard.guide.token import TokenStep
from cgwizard.practice.nexus.accounts import Privilege, Role, User
from cgwizard.practice.world import PracticeWorld
from cgwizard.secrets.secret import Secret
from tests.support.engines import short_folder
from tests.support.guide import act, enter, session_of, through, walk
from tests.support.practice_docker import basic, docker_engine
from tests.support.programs import needs

PASSWORD = "password-of-sam"


def test_a_group_of_its_own_is_made_with_its_pull_user(world: PracticeWorld) -> None:
    session = session_of(world)
    walk(session, until="token")
    api = session.nexus.security
    role = api.role("chainguard-private-pull")
    assert role is not None
    assert set(role.privileges) == {
        f"nx-repository-view-docker-{name}-{action}"
        for name in ("chainguard", "chainguard-private")
        for action in ("browse", "read")
    }
    user = api.user("pull-chainguard-private")
    assert user is not None
    assert user.roles == (role.id,)
    assert session.plan.token is not None
    assert (session.plan.token.access, session.plan.token.role) == ("role", role.id)
    assert session.plan.token.pull_user == user.user_id
    assert session.pull_user is not None
    through(session.steps.pull)
    assert all(proof.verified for proof in session.proofs)


def with_user(world: PracticeWorld, role: Role, name: str = "sam") -> None:
    def add() -> None:
        world.state.roles[role.id] = role
        world.state.users[name] = User(
            name, "S", "S", "s@example.org", Secret(PASSWORD), roles=[role.id]
        )

    world.call(add)


def at_second_screen(session: Guide) -> TokenStep:
    walk(session, until="developer")
    step = session.steps.token
    enter(step)
    act(step)
    return step


def restricted_check(session: Guide) -> Check:
    through(session.steps.pull)
    return session.steps.pull.checks["private-restricted"]


def test_restricted_is_what_refused_a_signed_in_user_and_the_user_is_gone(
    world: PracticeWorld,
) -> None:
    session = session_of(world)
    walk(session, until="token")
    found = restricted_check(session)
    assert found.state == "done"
    assert "pull-chainguard-private gets it" in found.detail
    assert "403" in found.detail
    assert session.restriction is not None
    assert session.restriction.restricted
    names = {role.id for role in session.nexus.security.roles()}
    names |= {user.user_id for user in session.nexus.security.users()}
    assert not [name for name in names if name.startswith(PREFIX)]
    assert [e.state for e in session.journal.entries if e.repository.startswith(PREFIX)] == [
        *("begun", "applied") * 2,
        *("undone",) * 2,
    ]


def test_declined_is_not_proved_and_makes_no_user(world: PracticeWorld) -> None:
    session = session_of(world)
    walk(session, until="token")
    enter(session.steps.pull)
    session.steps.pull.set("prove", "no")
    assert session.steps.pull.preview() == ()
    found = restricted_check(session)
    assert found.state == "warning"
    assert found.detail.startswith("not proved")
    assert not [e for e in session.journal.entries if e.repository.startswith(PREFIX)]
    assert session.plan.pull is not None
    assert not session.plan.pull.prove_restricted


@pytest.mark.parametrize(
    ("role", "named"),
    [
        (Role("team", "team", "", ["nx-repository-view-*-*-read"]), "team"),
        (Role("team", "team", "", ["nx-repository-view-docker-*-*"]), "team"),
        (Role("team", "team", "", [], ["nx-anonymous"]), "nx-anonymous"),
    ],
    ids=["all formats", "all docker", "contained"],
)
def test_a_role_of_others_that_reads_it_is_named_and_it_is_never_called_restricted(
    world: PracticeWorld, role: Role, named: str
) -> None:
    with_user(world, role)
    session = session_of(world)
    step = at_second_screen(session)
    notes = "\n".join(step.notes())
    assert step.heading == (
        "Nexus will get a repository that others can read too: chainguard-private"
    )
    assert "The role team may read this repository too" in notes
    assert "Held by         the user sam" in notes
    assert f"from the role {named}" in notes
    through(step)
    found = restricted_check(session)
    assert found.state == "warning"
    assert found.detail == "not restricted: the role team may read it too"


ODD: Any = {"x": 1}  # where Nexus has a string


@pytest.mark.parametrize("kind", ["privilege", "role", "user"])
def test_what_cannot_be_read_may_let_somebody_in_and_it_is_not_called_restricted(
    world: PracticeWorld, kind: str
) -> None:
    """The privilege lets its user read everything, in a form that the survey cannot read."""

    def add() -> None:
        state = world.state
        if kind == "privilege":
            pattern: list[str] = ["nexus:repository-view:*:*:read"]
            state.privileges["odd"] = Privilege("odd", "wildcard", "", {"pattern": pattern})
        elif kind == "role":
            state.roles["odd"] = Role("odd", "odd", "", [ODD])
        else:
            state.users["odd"] = User("odd", "O", "O", "o@example.org", Secret(PASSWORD), ODD)

    world.call(add)
    if kind == "privilege":
        with_user(world, Role("team", "team", "", ["odd"]))
    session = session_of(world)
    step = at_second_screen(session)
    told = f"1 {kind} could not be read"
    assert f"! {told}" in "\n".join(step.notes())
    through(step)
    found = restricted_check(session)
    assert found.state == "warning"
    assert found.detail == f"not proved: {told}, and may let others read it"
    assert session.restriction is not None
    assert not session.restriction.restricted


@pytest.mark.parametrize("may_read", [False, True], ids=["sees no roles", "sees, makes none"])
def test_who_may_not_make_roles_gets_the_calls_for_an_administrator(
    world: PracticeWorld, may_read: bool
) -> None:
    allowed = ["nx-repository-admin-*-*-*", "nx-repository-view-*-*-*", "nx-settings-read"]
    allowed += ["nx-blobstores-read", "nx-search-read"]
    if may_read:
        allowed += ["nx-roles-read", "nx-users-read", "nx-privileges-read"]
    with_user(world, Role("delegated", "delegated", "", allowed))
    session = session_of(world)
    session.steps.connect.set("user", "sam")
    session.steps.connect.set("password", PASSWORD)
    step = at_second_screen(session)
    through(step)
    notes = "\n".join(step.notes())
    assert "/v1/security/roles" in notes
    assert "is not proved" in notes
    made = session.nexus.docker_proxy("chainguard-private")
    assert made is not None
    assert made.docker.force_basic_auth
    assert "chainguard-private-pull" not in world.state.roles
    found = restricted_check(session)
    assert found.state == "warning"
    assert "not proved" in found.detail


def test_everybody_is_asked_once_more_and_undo_closes_it_again(world: PracticeWorld) -> None:
    session = session_of(world)
    step = at_second_screen(session)
    step.set("access", "anyone")
    assert any("maven" in line or "nuget" in line for line in step.notes())
    act(step)
    assert not world.state.anonymous.enabled, "it is asked first"
    assert step.fix is not None
    assert "Anonymous access opens these too:" in step.fix.explanation
    through(step)
    assert world.state.anonymous.enabled
    assert "DockerToken" in world.state.realms_active
    assert session.plan.token is not None
    assert session.plan.token.access == "anyone"
    through(session.steps.pull)
    assert session.steps.pull.checks["private-open"].state == "done"
    for item in undo.survey(session.journal.entries, session.nexus):
        assert item.acts, item.words
        undo.undo(item, session.nexus, lambda _: None)
    assert not world.state.anonymous.enabled
    assert "DockerToken" not in world.state.realms_active


def test_undo_takes_user_role_and_repository_and_leaves_what_was_there(
    world: PracticeWorld,
) -> None:
    with_user(world, Role("readers", "readers", "", ["nx-search-read"]))
    session = session_of(world)
    step = at_second_screen(session)
    step.set("role", "readers")
    step.set("pull_user", "sam")
    through(step)
    assert "nx-repository-view-docker-chainguard-private-read" in (
        world.state.roles["readers"].privileges
    )
    for item in undo.survey(session.journal.entries, session.nexus):
        assert item.acts, item.words
        undo.undo(item, session.nexus, lambda _: None)
    assert world.state.roles["readers"].privileges == ["nx-search-read"]
    assert world.state.users["sam"].roles == ["readers"]


REFUSALS = ("denied", "unauthorized", "no basic auth credentials", "forbidden")


def as_three_users(
    world: PracticeWorld, pull: Callable[[str, tuple[str, str] | None], tuple[str, ...]]
) -> None:
    """The pull user gets the private image; a signed-in user without the role and nobody at all
    are refused by Nexus. ``pull`` gives the command for a reference and a sign-in."""
    with_user(world, Role("nothing", "nothing", "", ["nx-search-read"]))
    session = session_of(world)
    walk(session, until="token")
    through(session.steps.pull)
    pull_user, reference = session.pull_user, session.proofs[1].reference
    assert pull_user is not None

    def run(sign_in: tuple[str, str] | None) -> tuple[bool, str]:
        command = pull(reference, sign_in)
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
        return done.returncode == 0, done.stderr.lower()

    for sign_in in (("sam", PASSWORD), None):
        pulled, why = run(sign_in)
        assert not pulled, sign_in
        assert any(word in why for word in REFUSALS), why
    pulled, why = run((pull_user.username, pull_user.password.reveal()))
    assert pulled, why


@needs("skopeo")
def test_skopeo_as_three_users(world: PracticeWorld) -> None:
    def pull(reference: str, sign_in: tuple[str, str] | None) -> tuple[str, ...]:
        own = "--no-creds" if sign_in is None else f"--creds={':'.join(sign_in)}"
        return ("skopeo", "inspect", "--tls-verify=false", own, f"docker://{reference}")

    as_three_users(world, pull)


@needs("podman")
def test_podman_as_three_users(world: PracticeWorld) -> None:
    with short_folder() as folder:
        auth = folder / "auth.json"
        auth.write_text("{}")
        places = (f"--root={folder}/root", f"--runroot={folder}/run")
        podman = ("podman", "--storage-driver=vfs", *places, "pull", "--tls-verify=false")

        def pull(reference: str, sign_in: tuple[str, str] | None) -> tuple[str, ...]:
            own = () if sign_in is None else (f"--creds={':'.join(sign_in)}",)
            return (*podman, f"--authfile={auth}", *own, reference)

        as_three_users(world, pull)


@needs("docker", "dockerd")
@pytest.mark.skipif(os.geteuid() != 0, reason="dockerd needs root")
def test_docker_as_three_users(world: PracticeWorld) -> None:
    with short_folder() as folder, docker_engine(folder) as address:

        def pull(reference: str, sign_in: tuple[str, str] | None) -> tuple[str, ...]:
            auths = {reference.partition("/")[0]: {"auth": basic(*sign_in)[6:]}} if sign_in else {}
            (folder / "config.json").write_text(json.dumps({"auths": auths}))
            return ("docker", f"--config={folder}", f"--host={address}", "pull", reference)

        as_three_users(world, pull)
