"""A role or a user is made when Nexus tells it as it was sent, whichever node of a cluster
answers; nothing is deleted because a node does not know it yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from cgwizard.changes import accounts, change, journal, read_back, undo
from cgwizard.errors import WizardError
from cgwizard.nexus.client import NexusClient
from cgwizard.nexus.roles import Role, User
from cgwizard.practice.faults.middleware import FaultMiddleware
from cgwizard.practice.faults.other_answer import NexusOtherAnswer
from cgwizard.practice.world import PracticeWorld
from cgwizard.secrets.secret import Credentials, Secret

ROLE = Role(id="team-pull", name="team-pull", privileges=("nx-repository-view-docker-*-read",))
USER = User(user_id="pull-team", roles=("nx-anonymous",))
PASSWORD = Secret("heron-lantern-77-meadow")
ROLES, USERS = "/service/rest/v1/security/roles", "/service/rest/v1/security/users"
READS = {"role": f"^GET {ROLES}/team-pull$", "user": f"^GET {USERS}$"}
WRITES = {"role": f"^POST {ROLES}$", "user": f"^POST {USERS}$"}
PAGE = b"<!DOCTYPE html><html><title>Not here</title></html>"


@pytest.fixture
def client(world: PracticeWorld) -> Iterator[NexusClient]:
    credentials = Credentials(world.info.username, world.info.password)
    with NexusClient(world.info.nexus_url, credentials) as client:
        client.sign_in()
        yield client


@pytest.fixture
def book(tmp_path: Path, client: NexusClient) -> journal.Journal:
    return journal.Journal(tmp_path / "journal", client.base_url)


def creation(kind: str) -> change.Change:
    return accounts.CreateRole(ROLE) if kind == "role" else accounts.CreateUser(USER, PASSWORD)


def there(kind: str, client: NexusClient) -> bool:
    api = client.security
    return (api.role("team-pull") if kind == "role" else api.user("pull-team")) is not None


def behind(
    middleware: FaultMiddleware, kind: str, fault: NexusOtherAnswer, times: int | None = None
) -> None:
    """Once the role or user is made, a node answers ``fault`` when it is asked."""

    def begin() -> None:
        middleware.rule(READS[kind], fault, times=times)

    made = NexusOtherAnswer(works=True, status=201, body=b"{}", then=begin)
    middleware.rule(WRITES[kind], made, times=1)


def states(book: journal.Journal) -> list[tuple[str, str]]:
    return [(entry.kind, entry.state) for entry in book.entries]


@pytest.mark.parametrize("times", [1, 2, 5])
@pytest.mark.parametrize("status", [404, 500, 502, 503])
@pytest.mark.parametrize("kind", ["role", "user"])
def test_a_node_learns_of_it_later(
    client: NexusClient,
    book: journal.Journal,
    middleware: FaultMiddleware,
    kind: str,
    status: int,
    times: int,
) -> None:
    behind(middleware, kind, NexusOtherAnswer(status=status), times)
    change.apply(creation(kind), client, book)
    assert there(kind, client)
    assert states(book) == [(kind, "begun"), (kind, "applied")]
    assert middleware.count(WRITES[kind]) == 1
    assert middleware.count("^DELETE ") == 0
    (item,) = undo.survey(book.entries, client)
    assert item.verdict == "remove"


@pytest.mark.parametrize("body", [b"[]", b'[{"userId":"pull-team-2","roles":[7]}]'])
def test_a_node_lists_the_user_later(
    client: NexusClient, book: journal.Journal, middleware: FaultMiddleware, body: bytes
) -> None:
    behind(middleware, "user", NexusOtherAnswer(body=body), 2)
    change.apply(creation("user"), client, book)
    assert states(book) == [("user", "begun"), ("user", "applied")]
    assert middleware.count("^DELETE ") == 0


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("role", NexusOtherAnswer(status=404)),
        ("role", NexusOtherAnswer(status=404, body=b'{"message":"no role"}')),
        ("role", NexusOtherAnswer(status=404, body=PAGE, content_type="text/html")),
        ("user", NexusOtherAnswer(status=404)),
        ("user", NexusOtherAnswer(status=404, body=PAGE, content_type="text/html")),
        ("user", NexusOtherAnswer(body=b"[]")),
    ],
)
def test_nothing_is_deleted_for_a_404(
    client: NexusClient,
    book: journal.Journal,
    middleware: FaultMiddleware,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    fault: NexusOtherAnswer,
) -> None:
    monkeypatch.setattr(read_back, "READ_BACK_SECONDS", 1.0)
    behind(middleware, kind, fault)
    with pytest.raises(WizardError):
        change.apply(creation(kind), client, book)
    assert middleware.count("^DELETE ") == 0
    middleware.rules.clear()
    assert there(kind, client)
    assert states(book) == [(kind, "begun"), (kind, "applied")]
    (item,) = undo.survey(book.entries, client)
    assert item.verdict == "remove", "undo finds it"


@pytest.mark.parametrize("kind", ["role", "user"])
def test_what_is_added_is_read_back_from_a_node_that_has_the_old_one(
    client: NexusClient, book: journal.Journal, middleware: FaultMiddleware, kind: str
) -> None:
    api = client.security
    api.create_role(ROLE)
    api.create_user(USER, PASSWORD)
    role, user = api.role("team-pull"), api.user("pull-team")
    assert role is not None
    assert user is not None
    wider = msgspec.structs.replace(role, privileges=(*role.privileges, "nx-search-read"))
    more = msgspec.structs.replace(user, roles=(*user.roles, "team-pull"))
    old: object = role.to_request() if kind == "role" else [user.to_request()]
    stale = NexusOtherAnswer(body=msgspec.json.encode(old))

    def begin() -> None:
        middleware.rule(READS[kind], stale, times=3)

    path = f"{ROLES}/team-pull" if kind == "role" else f"{USERS}/pull-team"
    written = NexusOtherAnswer(works=True, status=204, then=begin)
    middleware.rule(f"^PUT {path}$", written, times=1)
    made: dict[str, Callable[[], change.Change]] = {
        "role": lambda: accounts.ExtendRole(role, wider),
        "user": lambda: accounts.GiveRole(user, more),
    }
    change.apply(made[kind](), client, book)
    assert middleware.count(f"^PUT {path}$") == 1, "nothing is taken back"
    assert states(book) == [(kind, "begun"), (kind, "applied")]
    (item,) = undo.survey(book.entries, client)
    assert item.verdict == "restore"


@pytest.mark.parametrize("kind", ["role", "user"])
@pytest.mark.parametrize("status", [502, 503, 504])
def test_an_answer_that_is_lost_on_the_way(
    client: NexusClient,
    book: journal.Journal,
    middleware: FaultMiddleware,
    kind: str,
    status: int,
) -> None:
    """Nexus made it, and a gateway answers in its place: it is looked for and not made again."""
    lost = NexusOtherAnswer(works=True, status=status, body=PAGE, content_type="text/html")
    middleware.rule(WRITES[kind], lost, times=1)
    change.apply(creation(kind), client, book)
    assert there(kind, client)
    assert states(book) == [(kind, "begun"), (kind, "applied")]
    assert middleware.count(WRITES[kind]) == 1


@pytest.mark.parametrize("kind", ["role", "user"])
def test_a_refusal_leaves_nothing_to_undo(
    client: NexusClient, book: journal.Journal, middleware: FaultMiddleware, kind: str
) -> None:
    middleware.rule(WRITES[kind], NexusOtherAnswer(status=403))
    with pytest.raises(WizardError, match="nexus-forbidden"):
        change.apply(creation(kind), client, book)
    assert states(book) == [(kind, "begun"), (kind, "failed")]
    assert undo.survey(book.entries, client) == []
    assert not there(kind, client)
