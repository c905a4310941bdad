"""Roles and users as changes: journaled, read back, undone, and nothing of others is taken."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from cgwizard.changes import accounts, change, journal, settle, undo
from cgwizard.changes.undo_item import Item
from cgwizard.errors import Code, WizardError
from cgwizard.nexus.client import NexusClient
from cgwizard.nexus.roles import Role, User
from cgwizard.practice.world import PracticeWorld
from cgwizard.secrets.secret import Credentials, Secret

READ = "nx-repository-view-docker-*-read"
BROWSE = "nx-repository-view-docker-*-browse"
PASSWORD = "heron-lantern-77-meadow"


@pytest.fixture
def client(world: PracticeWorld) -> Iterator[NexusClient]:
    credentials = Credentials(world.info.username, world.info.password)
    with NexusClient(world.info.nexus_url, credentials) as client:
        client.sign_in()
        yield client


@pytest.fixture
def book(tmp_path: Path, client: NexusClient) -> journal.Journal:
    return journal.Journal(tmp_path / "journal", client.base_url)


def role(*privileges: str) -> Role:
    return Role(id="team-pull", name="team-pull", privileges=privileges)


def user(*roles: str) -> User:
    return User(
        user_id="pull-team",
        first_name="Pull",
        last_name="Team",
        email_address="pull@example.org",
        roles=roles,
    )


def survey(book: journal.Journal, client: NexusClient) -> dict[str, Item]:
    return {item.name: item for item in undo.survey(book.entries, client)}


def test_a_role_and_its_user_are_made_and_go_again(
    client: NexusClient, book: journal.Journal, tmp_path: Path
) -> None:
    change.apply(accounts.CreateRole(role(READ)), client, book)
    change.apply(accounts.CreateUser(user("team-pull"), Secret(PASSWORD)), client, book)
    api = client.security
    assert api.role("team-pull") is not None
    pulling = api.user("pull-team")
    assert pulling is not None
    assert pulling.roles == ("team-pull",)
    signed_in = NexusClient(client.base_url, Credentials("pull-team", Secret(PASSWORD)))
    assert not signed_in.sign_in().administrator
    states = [(e.kind, e.repository, e.state) for e in book.entries]
    assert states == [
        ("role", "team-pull", "begun"),
        ("role", "team-pull", "applied"),
        ("user", "pull-team", "begun"),
        ("user", "pull-team", "applied"),
    ]
    assert book.path is not None
    assert PASSWORD not in book.path.read_text()
    items = undo.survey(journal.read(book.path), client)
    assert [item.words for item in items] == [
        "remove the user pull-team",
        "remove the role team-pull",
    ]
    for item in items:
        undo.undo(item, client, lambda done: undo.note_in(tmp_path / "journal", done))
    assert api.role("team-pull") is None
    assert api.user("pull-team") is None
    assert undo.standing(journal.read(book.path)) == {}


@pytest.mark.parametrize("kind", ["role", "user"])
def test_what_someone_made_meanwhile_is_not_taken_over(
    client: NexusClient, book: journal.Journal, kind: str
) -> None:
    made: change.Change
    if kind == "role":
        client.security.create_role(role(BROWSE))
        made = accounts.CreateRole(role(READ))
    else:
        client.security.create_user(user("nx-anonymous"), Secret(PASSWORD))
        made = accounts.CreateUser(user("nx-anonymous"), Secret("another-one-88"))
    with pytest.raises(WizardError) as caught:
        change.apply(made, client, book)
    assert caught.value.code == Code.ROLE_OR_USER_EXISTS
    assert book.made() == []
    assert undo.survey(book.entries, client) == []


def test_what_was_added_to_what_is_there_goes_and_all_else_stays(
    client: NexusClient, book: journal.Journal
) -> None:
    api = client.security
    api.create_role(role(BROWSE))
    api.create_user(user("nx-anonymous"), Secret(PASSWORD))
    before, held = api.role("team-pull"), api.user("pull-team")
    assert before is not None
    assert held is not None
    wider = msgspec.structs.replace(before, privileges=(*before.privileges, READ))
    change.apply(accounts.ExtendRole(before, wider), client, book)
    more = msgspec.structs.replace(held, roles=(*held.roles, "team-pull"))
    change.apply(accounts.GiveRole(held, more), client, book)
    now = api.role("team-pull")
    assert now is not None
    # Others go on working on both.
    api.update_role(msgspec.structs.replace(now, privileges=(*now.privileges, "nx-search-read")))
    items = survey(book, client)
    assert items["the role team-pull"].verdict == "restore"
    assert items["the user pull-team"].verdict == "restore"
    for item in items.values():
        undo.undo(item, client, lambda _: None)
    after, user_after = api.role("team-pull"), api.user("pull-team")
    assert after is not None
    assert set(after.privileges) == {BROWSE, "nx-search-read"}
    assert user_after is not None
    assert user_after.roles == ("nx-anonymous",)


def test_a_role_that_others_got_since_stays(client: NexusClient, book: journal.Journal) -> None:
    change.apply(accounts.CreateRole(role(READ)), client, book)
    client.security.create_user(user("team-pull"), Secret(PASSWORD))
    item = survey(book, client)["the role team-pull"]
    assert item.verdict == "changed"
    assert "pull-team got it since" in item.words


@pytest.mark.parametrize("done", [True, False])
def test_a_change_that_was_cut_off_is_settled(
    client: NexusClient, book: journal.Journal, done: bool
) -> None:
    made = accounts.CreateRole(role(READ))
    book.write(made.title, made.name, "begun", after=made.body(None), kind="role")
    if done:
        client.security.create_role(role(READ))
    (settled,) = settle.settle(book, client)
    assert settled.done is done
    assert [e.kind for e in undo.standing(book.entries).get(("role", "team-pull"), [])] == (
        ["role"] if done else []
    )


def test_what_nexus_left_out_is_taken_back(client: NexusClient, book: journal.Journal) -> None:
    """Roles that do not exist are dropped silently when a user is made."""
    made = accounts.CreateUser(user("nx-anonymous", "no-such-role"), Secret(PASSWORD))
    with pytest.raises(WizardError) as caught:
        change.apply(made, client, book)
    assert caught.value.code == Code.ROLE_OR_USER_NOT_AS_SENT
    assert "no-such-role" in caught.value.problem.came_back
    assert client.security.user("pull-team") is None
    assert book.made() == []
