"""Undo: only what this program made, and only where nobody changed it since."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import msgspec
import pytest

from cgwizard.changes import undo
from cgwizard.changes.undo_item import Item
from cgwizard.guide.guide import Guide, Steps
from cgwizard.nexus.client import NexusClient
from cgwizard.plan import model as plan
from cgwizard.practice.world import PracticeWorld
from cgwizard.secrets.secret import Credentials
from tests.conftest import leaks
from tests.support.front_ends import applied, plainly, session_of

# Connect, port, repository, token, pull; then: undo, confirm, leave.
LEAVE_AT_FINISH = (
    "\n" * 3 + "\n" * 2 + "\n" * 3 + "1\n" + "\n" * 5 + "1\n" + "\n" * 5 + "undo\nundo this\n\n"
)

COMMAND = str(Path(sys.executable).parent / "cgwizard")


@pytest.fixture
def folder(own_folders: Path) -> Path:
    """The program's state folder, as the command itself finds it."""
    return own_folders / "state" / "cgwizard"


def made(world: PracticeWorld, folder: Path, mode: plan.TokenMode) -> Guide:
    chosen = plan.Plan(token=plan.Token(mode, organization=world.info.organization))
    code, events, session = applied(world, chosen, journals=folder / "journal")
    assert code == 0, events
    return session


def admin(world: PracticeWorld) -> NexusClient:
    return NexusClient(world.info.nexus_url, Credentials(world.info.username, world.info.password))


def surveyed(world: PracticeWorld, folder: Path) -> dict[str, Item]:
    with admin(world) as client:
        items = undo.survey(undo.entries_of(folder / "journal"), client)
    return {item.repository: item for item in items}


def undone(world: PracticeWorld, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, "undo", *options, "--user", "admin", "--password-from", "env:NEXUS_PW"],
        check=False, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
        env={**os.environ, "NEXUS_PW": world.info.password.reveal()},
    )  # fmt: skip


@pytest.mark.parametrize("mode", ["separate", "add"])
def test_everything_that_was_made_goes_again(
    world: PracticeWorld, folder: Path, mode: plan.TokenMode
) -> None:
    with admin(world) as client:
        before = [r.name for r in client.repositories()]
        made(world, folder, mode)
        dry = undone(world, "--dry-run")
        assert dry.returncode == 0, dry.stderr
        assert "remove chainguard" in dry.stdout
        assert [r.name for r in client.repositories()] != before
        asked = undone(world)
        assert asked.returncode == 2
        assert "nobody-to-ask" in asked.stderr
        assert "standard input is no terminal" in asked.stderr
        done = undone(world, "--yes")
        assert done.returncode == 0, done.stdout + done.stderr
        assert [r.name for r in client.repositories()] == before
        again = undone(world, "--yes")
        assert "nothing to undo" in again.stdout
        assert not leaks((dry.stdout + done.stdout + done.stderr).encode())


def test_a_token_that_was_added_to_a_repository_of_others_is_taken_out_again(
    world: PracticeWorld, folder: Path
) -> None:
    applied(world, plan.Plan(token=plan.Token()))  # theirs: in no journal of ours
    with admin(world) as client:
        before = client.docker_proxy("chainguard")
        made(world, folder, "add")
        changed = client.docker_proxy("chainguard")
        assert changed is not None
        assert changed.has_credentials
        assert surveyed(world, folder)["chainguard"].verdict == "restore"
        assert undone(world, "--yes").returncode == 0
        assert client.docker_proxy("chainguard") == before


def test_what_others_changed_is_shown_and_left_alone(world: PracticeWorld, folder: Path) -> None:
    made(world, folder, "separate")
    with admin(world) as client:
        found = client.docker_proxy("chainguard")
        assert found is not None
        raw = {**found.raw, "cleanup": {"policyNames": []}}
        client.update_docker_proxy(
            msgspec.structs.replace(
                found,
                raw=raw,
                negative_cache=msgspec.structs.replace(found.negative_cache, time_to_live=60),
            )
        )
        done = undone(world, "--yes")
        assert done.returncode == 0
        assert (
            "leave chainguard alone: negativeCache.timeToLive is 60, was left as 1440"
            in done.stdout
        )
        assert client.docker_proxy("chainguard") is not None
        assert client.docker_proxy("chainguard-private") is None


def test_what_others_use_in_a_group_is_left_alone(world: PracticeWorld, folder: Path) -> None:
    made(world, folder, "skip")
    import httpx

    body = {
        "name": "docker-all",
        "online": True,
        "storage": {"blobStoreName": "default", "strictContentTypeValidation": True},
        "group": {"memberNames": ["chainguard"]},
        "docker": {"v1Enabled": False, "forceBasicAuth": True},
    }
    httpx.post(
        f"{world.info.nexus_url}/service/rest/v1/repositories/docker/group",
        json=body,
        auth=(world.info.username, world.info.password.reveal()),
    ).raise_for_status()
    item = surveyed(world, folder)["chainguard"]
    assert (item.verdict, item.acts) == ("changed", False)
    assert "docker-all" in item.words


def test_what_is_gone_is_said_to_be_gone(world: PracticeWorld, folder: Path) -> None:
    made(world, folder, "skip")
    with admin(world) as client:
        client.delete_repository("chainguard")
    assert surveyed(world, folder)["chainguard"].verdict == "gone"


def test_a_change_whose_end_nobody_wrote_down_is_looked_at(
    world: PracticeWorld, folder: Path
) -> None:
    """As after kill -9 between the request and the line that records it."""
    session = made(world, folder, "skip")
    path = session.journal.path
    assert path is not None
    whole = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(whole[0])
    assert surveyed(world, folder)["chainguard"].verdict == "remove"
    with admin(world) as client:
        client.delete_repository("chainguard")
    assert surveyed(world, folder)["chainguard"].verdict == "gone"


def test_settings_of_another_form_in_the_journal_are_told(
    world: PracticeWorld, folder: Path
) -> None:
    session = made(world, folder, "skip")
    path = session.journal.path
    assert path is not None
    last = msgspec.json.decode(path.read_bytes().splitlines()[-1])
    last["after"]["online"] = "perhaps"
    path.write_bytes(msgspec.json.encode(last) + b"\n")
    done = undone(world, "--yes")
    assert done.returncode == 1
    assert "cgwizard: journal-unreadable" in done.stderr
    assert "$.online" in done.stderr, "what is wrong with it"
    with admin(world) as client:
        assert client.docker_proxy("chainguard") is not None


def test_the_last_look_is_taken_before_it_is_done(world: PracticeWorld, folder: Path) -> None:
    made(world, folder, "skip")
    item = surveyed(world, folder)["chainguard"]
    with admin(world) as client:
        found = client.docker_proxy("chainguard")
        assert found is not None
        client.update_docker_proxy(msgspec.structs.replace(found, online=False))
        assert (
            undo.undo(item, client, partial(undo.note_in, folder / "journal")).verdict == "changed"
        )
        assert client.docker_proxy("chainguard") is not None


def test_finish_shows_what_would_go_and_undoes_it_when_that_is_confirmed(
    world: PracticeWorld,
) -> None:
    with admin(world) as client:
        before = [r.name for r in client.repositories()]
        _, told = plainly(session_of(world), LEAVE_AT_FINISH)
        shown = told.partition("undo\n")[2]
        assert "remove chainguard, with the images that it has cached" in shown
        last = len(Steps._fields)
        assert f"Step {last} of {last}" in told
        assert [r.name for r in client.repositories()] == before, told[-900:]
