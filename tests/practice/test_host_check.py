"""A page of another site whose name was given this address reaches nothing here."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from cgwizard.practice.host_check import HostCheck, host_pattern
from cgwizard.practice.world import PracticeWorld
from tests.support.ports import free_port
from tests.support.practice_docker import ADMIN_AUTH, add_repository
from tests.support.practice_world import practice_world

ALLOWED = ("nexus.example.com", ".example.org")
KNOWN = (
    "127.0.0.1", "127.0.0.1:8081", "192.0.2.7:80", "[::1]", "[::1]:8081", "[2001:db8::7]:5000",
    "0.0.0.0:8081", "localhost", "LOCALHOST:8081", "localhost.", "localhost.:1",
    "nexus.example.com", "Nexus.Example.COM:8081", "nexus.example.com.",
    "a.example.org", "b.a.example.org:5000",
)  # fmt: skip
FOREIGN = (
    "attacker.example", "attacker.example:8081", "example.com", "x.nexus.example.com",
    "nexus.example.com.attacker.example", "example.org", "notexample.org", ".example.org",
    "localhost.attacker.example", "attacker.localhost", "127.0.0.1.attacker.example", "127.1",
    "2130706433", "0x7f000001", "0177.0.0.1", "rebind_1.attacker.example", "xn--bcher-kva.example",
)  # fmt: skip
NAMELESS = (
    "",
    ":8081",
    "a b",
    "[attacker.example]",
    "::1",
    "user@127.0.0.1",
    "a..b",
    "127.0.0.1:x",
)


@pytest.fixture(scope="module")
def world() -> Iterator[PracticeWorld]:
    with practice_world(allowed_hosts=ALLOWED) as world:
        yield world


def headers(name: str, value: str) -> list[tuple[bytes, bytes]]:
    return [(b"host", b"127.0.0.1"), (name.encode(), value.encode())]


@pytest.mark.parametrize("header", ["host", "x-forwarded-host"])
def test_which_names_are_known(header: str) -> None:
    check = HostCheck(ALLOWED)
    for known in KNOWN:
        assert check.refusal(headers(header, known)) is None, known
    for foreign in FOREIGN:
        said = check.refusal(headers(header, foreign))
        assert said is not None, foreign
        name = foreign.partition(":")[0].lower()
        wanted = f"--allow-host {name}, or" if name[0] != "." else "--allow-host NAME"
        assert wanted in said, "the way out can be copied"
        assert said.count("\n") == 1, "one sentence"
    for nameless in NAMELESS:
        if header == "host" or nameless:
            said = check.refusal(headers(header, nameless))
            assert said is not None, nameless
            assert "--allow-host NAME" in said


def test_each_name_that_a_proxy_forwards_is_looked_at() -> None:
    check = HostCheck()
    assert check.refusal(headers("x-forwarded-host", "localhost, 127.0.0.1")) is None
    assert check.refusal(headers("x-forwarded-host", "localhost, attacker.example"))
    twice = [*headers("x-forwarded-host", "localhost"), (b"x-forwarded-host", b"attacker.example")]
    assert check.refusal(twice)


def test_what_no_name_may_be() -> None:
    assert host_pattern("Nexus.Example.com.") == "nexus.example.com"
    assert host_pattern(".Example.com") == ".example.com"
    for wrong in ("", ".", "..a", "*.a", "http://a", "a:80", "a/b", "bücher.example", "a b"):
        with pytest.raises(ValueError, match="no host name"):
            host_pattern(wrong)


def doors(world: PracticeWorld) -> dict[str, str]:
    """One URL on every port of both servers; without the check none of them answers 403."""
    connector = add_repository(world)
    group = add_repository(world, name="group", kind="group", members=["chainguard"])
    registry = world.registry
    return {
        "status": f"{world.info.nexus_url}/service/rest/v1/status",
        "page": f"{world.info.nexus_url}/",
        "path": f"{world.info.nexus_url}/v2/",
        "connector": f"{connector}/v2/",
        "another connector": f"{group}/v2/",
        "registry": f"{registry.url}/v2/",
        "token": f"{registry.url}/token?scope=repository:chainguard/wolfi-base:pull",
        "storage": f"{registry.blob_url}/nothing",
    }


@pytest.fixture(scope="module")
def doors_of(world: PracticeWorld) -> dict[str, str]:
    return doors(world)


REFUSED = (
    {"Host": "attacker.example"},
    {"Host": "attacker.example:8081"},
    {"X-Forwarded-Host": "attacker.example"},
    {"Sec-Fetch-Site": "cross-site"},
)


@pytest.mark.parametrize("sent", REFUSED, ids=str)
def test_every_port_refuses_a_foreign_page(doors_of: dict[str, str], sent: dict[str, str]) -> None:
    for door, url in doors_of.items():
        for method in ("GET", "POST", "HEAD", "OPTIONS"):
            answer = httpx.request(method, url, headers=sent, auth=ADMIN_AUTH, content=b"")
            assert answer.status_code == 403, (door, method)
            if method != "HEAD":
                assert "--allow-host" in answer.text, (door, method)
                assert answer.text.rstrip().count(".\n") == 0, "one sentence"


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"Host": "localhost:1"},
        {"Host": "nexus.example.com"},
        {"X-Forwarded-Host": "a.example.org"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin"},
    ],
    ids=str,
)
def test_every_port_answers_others(doors_of: dict[str, str], sent: dict[str, str]) -> None:
    for door, url in doors_of.items():
        answer = httpx.get(url, headers=sent, auth=ADMIN_AUTH)
        assert "--allow-host" not in answer.text, door
        # A link is signed for a host: the storage refuses one that is not signed at all.
        assert answer.status_code != 403 or door == "storage", door


def test_what_was_bound_is_known() -> None:
    with practice_world(host="localhost", nexus_port=free_port()) as world:
        assert httpx.get(f"{world.info.nexus_url}/service/rest/v1/status").status_code == 200


def test_a_rebound_page_makes_no_repository(world: PracticeWorld) -> None:
    body = {"name": "planted", "online": True}
    url = f"{world.info.nexus_url}/service/rest/v1/repositories/raw/hosted"
    answer = httpx.post(url, json=body, auth=ADMIN_AUTH, headers={"Host": "attacker.example"})
    assert answer.status_code == 403
    assert "planted" not in world.call(lambda: list(world.state.repositories))
