"""Each fault does what a lesson or a test counts on, and only where it was asked to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from cgwizard.practice.cgr.server import PracticeRegistry
from cgwizard.practice.cgr.throttle import SPEED_TO_WATCH
from cgwizard.practice.faults.base import Place
from cgwizard.practice.faults.connection_cut import CutAnswer
from cgwizard.practice.faults.corrupt_body import CorruptBlob
from cgwizard.practice.faults.error_status import ErrorStatus
from cgwizard.practice.faults.manifest_mismatch import ManifestMismatch
from cgwizard.practice.faults.range_ignored import RangeIgnored
from cgwizard.practice.faults.rate_limited import RateLimited
from cgwizard.practice.faults.slow_link import SlowBlob
from cgwizard.practice.faults.stalled import StalledAnswer
from cgwizard.practice.faults.wrong_digest_header import WrongDigestHeader
from cgwizard.practice.faults.wrong_range import WrongRange
from tests.support.practice_registry import BARE, FREE, Client, code, fetch, serving, sha256

OTHER = "chainguard/static"


@pytest.fixture
def registry(registry: PracticeRegistry) -> Iterator[PracticeRegistry]:
    yield registry
    registry.faults.clear()


@pytest.fixture
def client(registry: PracticeRegistry) -> Client:
    return Client(registry)


def link(client: Client, repository: str = FREE) -> tuple[str, str]:
    """The first layer: its digest and a link to it."""
    _, (digest, *_) = client.platform(repository)
    return digest, client.blob_link(repository, digest)


def test_a_corrupt_byte(registry: PracticeRegistry, client: Client) -> None:
    digest, url = link(client)
    whole = fetch(url).content
    registry.faults.add(CorruptBlob(reference=digest, at=7, count=1))
    bad = fetch(url).content
    assert [at for at in range(len(whole)) if whole[at] != bad[at]] == [7]
    assert fetch(url).content == whole


def test_a_fault_is_for_its_repository(registry: PracticeRegistry, client: Client) -> None:
    registry.faults.add(CorruptBlob(repository="chainguard/wolfi-*"))
    for repository, sound in ((FREE, False), (OTHER, True)):
        digest, url = link(client, repository)
        assert (sha256(fetch(url).content) == digest) is sound


def test_a_cut_connection_can_be_resumed(registry: PracticeRegistry, client: Client) -> None:
    digest, url = link(client)
    registry.faults.add(CutAnswer(at=1000, count=1))
    pieces: list[bytes] = []
    with BARE.stream("GET", url) as answer, pytest.raises(httpx.RemoteProtocolError):
        pieces.extend(answer.iter_raw())
    assert len(b"".join(pieces)) == 1000
    pieces.append(fetch(url, Range="bytes=1000-").content)
    assert sha256(b"".join(pieces)) == digest


def test_a_cut_manifest(registry: PracticeRegistry, client: Client) -> None:
    registry.faults.add(CutAnswer(place="manifest", count=1))
    with pytest.raises(httpx.RemoteProtocolError):
        client.get(FREE, "manifests/latest")
    assert client.get(FREE, "manifests/latest").status_code == 200


def test_a_stall_lasts_until_the_fault_is_taken_away(
    registry: PracticeRegistry, client: Client
) -> None:
    digest, url = link(client)
    fault = registry.faults.add(StalledAnswer(at=5000))
    with pytest.raises(httpx.ReadTimeout):
        BARE.get(url, timeout=0.3)
    arrived = threading.Event()
    result: list[str] = []

    def read() -> None:
        with BARE.stream("GET", url) as answer:
            data = b""
            for piece in answer.iter_raw():
                data += piece
                if len(data) >= 5000:
                    arrived.set()
            result.append(sha256(data))

    reader = threading.Thread(target=read)
    reader.start()
    assert arrived.wait(5)
    assert not result
    registry.faults.remove(fault)
    reader.join(5)
    assert result == [digest]


@pytest.mark.parametrize("place", ["token", "manifest", "link", "blob"])
def test_a_status_instead_of_an_answer(
    registry: PracticeRegistry, client: Client, place: Place
) -> None:
    digest, url = link(client)
    asks: dict[Place, Callable[[], httpx.Response]] = {
        "token": lambda: client.ask_token(f"repository:{FREE}:pull"),
        "manifest": lambda: client.get(FREE, "manifests/latest"),
        "link": lambda: client.get(FREE, f"blobs/{digest}"),
        "blob": lambda: fetch(url),
    }
    registry.faults.add(ErrorStatus(place=place, status=503))
    assert asks.pop(place)().status_code == 503
    if place != "token":
        assert all(ask().status_code in (200, 307) for ask in asks.values())


def test_too_many_requests(registry: PracticeRegistry, client: Client) -> None:
    registry.faults.add(RateLimited(place="manifest", retry_after=7, count=1))
    answer = client.get(FREE, "manifests/latest")
    assert (answer.status_code, code(answer)) == (429, "TOOMANYREQUESTS")
    assert answer.headers["Retry-After"] == "7"
    assert client.get(FREE, "manifests/latest").status_code == 200


def test_a_manifest_that_is_not_what_was_asked_for(
    registry: PracticeRegistry, client: Client
) -> None:
    good = client.get(FREE, "manifests/latest")
    digest = good.headers["Docker-Content-Digest"]
    registry.faults.add(WrongDigestHeader(reference="latest", count=1))
    bad = client.get(FREE, "manifests/latest")
    assert bad.content == good.content
    assert bad.headers["Docker-Content-Digest"] != digest
    registry.faults.add(ManifestMismatch(reference=digest, count=1))
    bad = client.get(FREE, f"manifests/{digest}")
    assert bad.headers["Docker-Content-Digest"] == digest
    assert sha256(bad.content) != digest
    assert bad.json() == good.json()


def test_ranges_that_are_answered_wrongly(registry: PracticeRegistry, client: Client) -> None:
    _, url = link(client)
    whole = fetch(url).content
    registry.faults.add(RangeIgnored(count=1))
    answer = fetch(url, Range="bytes=1000-")
    assert (answer.status_code, answer.content) == (200, whole)
    registry.faults.add(WrongRange(count=1))
    answer = fetch(url, Range="bytes=1000-")
    assert (answer.status_code, answer.content) == (206, whole[:-1000])
    assert answer.headers["Content-Range"].startswith("bytes 0-")


def test_a_slow_blob(registry: PracticeRegistry, client: Client) -> None:
    config, _ = client.platform(FREE)
    url = client.blob_link(FREE, config)
    size = len(fetch(url).content)
    registry.faults.add(SlowBlob(rate=size / 0.3, count=1))
    began = time.monotonic()
    assert len(fetch(url).content) == size
    assert time.monotonic() - began > 0.25


def test_the_speed_is_shared_and_smooth(tmp_path: Path) -> None:
    with serving(tmp_path) as registry:
        client = Client(registry)
        _, digests = client.platform(FREE)
        links = [client.blob_link(FREE, digest) for digest in digests[1:3]]
        total = sum(int(fetch(url, method="HEAD").headers["Content-Length"]) for url in links)
        registry.throttle.speed = total / 0.8
        steps: list[float] = []

        def read(url: str) -> None:
            with BARE.stream("GET", url) as answer:
                for _ in answer.iter_raw():
                    steps.append(time.monotonic())

        readers = [threading.Thread(target=read, args=(url,)) for url in links]
        began = time.monotonic()
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(10)
        assert 0.7 < max(steps) - began < 3
        assert len({int((step - began) * 10) for step in steps}) >= 5


def test_a_client_that_left_takes_no_share_of_the_speed(tmp_path: Path) -> None:
    with serving(tmp_path) as registry:
        client = Client(registry)
        config, layers = client.platform(FREE)
        large, small = client.blob_link(FREE, layers[1]), client.blob_link(FREE, config)
        # Ten minutes for the large layer, so that it is still being sent in any case.
        registry.throttle.speed = 5_000.0
        with BARE.stream("GET", large) as answer:
            next(answer.iter_raw(1000))
        began = time.monotonic()
        size = len(fetch(small).content)
        assert time.monotonic() - began < 1.5 * size / 5_000 + 1


def test_wolfi_base_takes_about_three_seconds_to_watch(client: Client) -> None:
    config, layers = client.platform(FREE)
    links = [client.blob_link(FREE, digest) for digest in (config, *layers)]
    total = sum(int(fetch(url, method="HEAD").headers["Content-Length"]) for url in links)
    assert 2.8 < total / SPEED_TO_WATCH < 3.2
