"""A pull over a line, or from a server, that does harm: nothing wrong is accepted, what can be
mended is mended, and what cannot is named. Each against a real registry, at each layer."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cgwizard.cancel import Cancel
from cgwizard.errors import Cancelled, WizardError
from cgwizard.events import Failed, Finished, LayerProgress, PullEvent
from cgwizard.registry.client import Registry
from cgwizard.registry.layout import LayoutSink
from cgwizard.registry.pull import pull
from cgwizard.registry.reference import Reference
from cgwizard.registry.retries import Patience
from tests import helpers_faults as harm
from tests.helpers_fault_proxy import Fault, FaultProxy, fault_proxy
from tests.helpers_registry import Made, docker_registry, image, push
from tests.programs import needs

pytestmark = needs("docker-registry")

SIZE = 300_000
QUICK = Patience(
    stall_seconds=0.3,
    answer_seconds=0.5,
    blob_answer_seconds=0.5,
    tries=3,
    first_pause=0.01,
    longest_pause=0.05,
)
NAME = "chainguard/wolfi-base"
ORDINALS = ["config", "first", "middle", "last"]


@pytest.fixture(scope="module")
def made() -> Made:
    return image([SIZE, SIZE, SIZE])


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory, made: Made) -> Iterator[str]:
    with docker_registry(tmp_path_factory.mktemp("registry")) as url:
        push(url, NAME, made, "latest")
        yield url


@pytest.fixture
def proxy(upstream: str) -> Iterator[FaultProxy]:
    with fault_proxy(upstream) as proxy:
        yield proxy


@pytest.fixture(params=range(4), ids=ORDINALS)
def blob(request: pytest.FixtureRequest, made: Made) -> str:
    """The digest of the config and of each layer in turn."""
    document = made.document
    blobs = [document["config"], *document["layers"]]
    digest: str = blobs[request.param]["digest"]
    return digest


class Pulled:
    """One pull through the proxy into a layout, and all that was told about it."""

    def __init__(self, proxy: FaultProxy, folder: Path, patience: Patience = QUICK) -> None:
        self.events: list[PullEvent] = []
        self.finished: Finished | None = None
        self.error: WizardError | None = None
        self.folder = folder / "out"
        reference = Reference.parse(f"127.0.0.1:{proxy.port}/{NAME}")
        with Registry(proxy.url, patience=patience) as registry:
            try:
                self.finished = pull(
                    registry,
                    reference,
                    sink=LayoutSink(self.folder),
                    on_event=self.events.append,
                )
            except WizardError as error:
                self.error = error
        left = [path.name for path in folder.iterdir()]
        assert left == (["out"] if self.finished else []), "complete or absent"

    def fails_with(self, code: str, *words: str) -> None:
        assert self.error is not None, "it was accepted"
        problem = self.error.problem
        assert problem.code == code, problem
        for word in words:
            assert word in problem.came_back, problem
        last = self.events[-1]
        assert isinstance(last, Failed)
        assert last.code == code
        assert all((problem.tried, problem.came_back, problem.cause, problem.next_step))

    def succeeds(self, made: Made) -> Finished:
        assert self.finished is not None, self.error
        for digest, data in made.blobs.items():
            path = self.folder / "blobs" / digest.replace(":", "/")
            assert path.read_bytes() == data
        assert self.events[-1] == self.finished
        return self.finished

    def retried(self, digest: str) -> list[LayerProgress]:
        return [
            event
            for event in self.events
            if isinstance(event, LayerProgress)
            and event.digest == digest
            and event.state == "retrying"
        ]


def middle(made: Made, digest: str) -> int:
    return len(made.blobs[digest]) // 2


@pytest.mark.parametrize("reset", [True, False], ids=["reset", "closed"])
def test_cut_connection_goes_on_where_it_stopped(
    proxy: FaultProxy, tmp_path: Path, made: Made, blob: str, reset: bool
) -> None:
    half = middle(made, blob)
    proxy.rule(f"blobs/{blob}", harm.cut(half, reset=reset), times=1)
    finished = Pulled(proxy, tmp_path).succeeds(made)
    assert finished.retries == 1
    first, second = (a for a in proxy.asked if blob in a.target)
    assert "range" not in first.headers
    assert second.headers["range"] == f"bytes={half}-"


def test_cut_again_and_again_goes_on_while_it_gets_further(
    proxy: FaultProxy, tmp_path: Path, made: Made
) -> None:
    layer = made.document["layers"][1]["digest"]
    proxy.rule(f"blobs/{layer}", harm.cut(SIZE // 10))
    # More cuts than are borne in a row without progress; only the total is bounded.
    finished = Pulled(proxy, tmp_path).succeeds(made)
    assert finished.retries >= 10 > QUICK.tries


def test_server_without_ranges_begins_again(
    proxy: FaultProxy, tmp_path: Path, made: Made, blob: str
) -> None:
    proxy.rule(f"blobs/{blob}", harm.cut(middle(made, blob)), times=1)
    proxy.rule(f"blobs/{blob}", harm.passing, before=harm.without_range)
    assert Pulled(proxy, tmp_path).succeeds(made).retries == 1


@pytest.mark.parametrize("said", ["bytes 0-9/{size}", "bytes {half}-{last}/7", "nonsense"])
def test_wrong_range_is_not_believed(
    proxy: FaultProxy, tmp_path: Path, made: Made, blob: str, said: str
) -> None:
    size = len(made.blobs[blob])
    half = size // 2
    wrong = said.format(size=size, half=half, last=size - 1)
    proxy.rule(f"blobs/{blob}", harm.cut(half), times=1)
    proxy.rule(f"blobs/{blob}", harm.header("Content-Range", wrong), times=1)
    Pulled(proxy, tmp_path).succeeds(made)
    asked = [a for a in proxy.asked if blob in a.target]
    assert ["range" in a.headers for a in asked] == [False, True, False]


def test_partial_answer_that_nobody_asked_for_is_refused(
    proxy: FaultProxy, tmp_path: Path, blob: str
) -> None:
    proxy.rule(
        f"blobs/{blob}",
        harm.answering("206 Partial Content", b"half", Content_Range="bytes 0-3/4"),
    )
    Pulled(proxy, tmp_path).fails_with("range-wrong", "206")


def test_line_that_never_gets_further_ends(proxy: FaultProxy, tmp_path: Path, blob: str) -> None:
    proxy.rule(f"blobs/{blob}", harm.cut(0))
    Pulled(proxy, tmp_path).fails_with("registry-cut")
    assert proxy.count(blob) == 1 + QUICK.tries


def test_stall_is_noticed_and_mended(
    proxy: FaultProxy, tmp_path: Path, made: Made, blob: str
) -> None:
    proxy.rule(f"blobs/{blob}", harm.stall(middle(made, blob)), times=1)
    pulled = Pulled(proxy, tmp_path)
    pulled.succeeds(made)
    told = pulled.retried(blob)
    if blob != made.document["config"]["digest"]:  # it is read before anything is resolved
        assert "not one byte for 0.3 seconds" in told[0].detail
        assert told[0].done == middle(made, blob)


def test_stall_for_good_ends(proxy: FaultProxy, tmp_path: Path, made: Made) -> None:
    layer = made.document["layers"][2]["digest"]
    proxy.rule(f"blobs/{layer}", harm.stall(0))
    Pulled(proxy, tmp_path).fails_with("registry-stalled", "not one byte")


def test_slow_is_not_stalled(proxy: FaultProxy, tmp_path: Path, made: Made) -> None:
    layer = made.document["layers"][0]["digest"]
    # In all three times as long as the stall that is borne.
    proxy.rule(f"blobs/{layer}", harm.slow(SIZE // 10, 0.1))
    assert Pulled(proxy, tmp_path).succeeds(made).retries == 0


def test_no_answer_ends(proxy: FaultProxy, tmp_path: Path, blob: str) -> None:
    proxy.rule(f"blobs/{blob}", harm.silent)
    Pulled(proxy, tmp_path).fails_with("registry-no-answer")
    assert proxy.count(blob) == 2


@pytest.mark.parametrize("at", [0, -1], ids=["first-byte", "last-byte"])
def test_corrupt_byte_is_never_accepted(
    proxy: FaultProxy, tmp_path: Path, blob: str, at: int
) -> None:
    proxy.rule(f"blobs/{blob}", harm.corrupt(at))
    Pulled(proxy, tmp_path).fails_with("digest-mismatch", "sha256:")
    assert proxy.count(blob) == 2, "one more try, in case the line did it"


def test_corrupt_byte_once_is_mended(
    proxy: FaultProxy, tmp_path: Path, made: Made, blob: str
) -> None:
    proxy.rule(f"blobs/{blob}", harm.corrupt(10), times=1)
    assert Pulled(proxy, tmp_path).succeeds(made).retries == 1


@pytest.mark.parametrize(
    "fault", [harm.longer, harm.chunked(b"!")], ids=["announced", "unannounced"]
)
def test_too_long_is_never_accepted(
    proxy: FaultProxy, tmp_path: Path, blob: str, fault: Fault
) -> None:
    proxy.rule(f"blobs/{blob}", fault)
    Pulled(proxy, tmp_path).fails_with("size-mismatch")


def test_too_short_is_never_accepted(proxy: FaultProxy, tmp_path: Path, blob: str) -> None:
    proxy.rule(f"blobs/{blob}", harm.chunked(short=1), before=harm.without_range)
    Pulled(proxy, tmp_path).fails_with("registry-cut", "the end after")


def test_chunked_coding_is_fine(proxy: FaultProxy, tmp_path: Path, made: Made, blob: str) -> None:
    proxy.rule(f"blobs/{blob}", harm.chunked())
    Pulled(proxy, tmp_path).succeeds(made)


def test_another_digest_in_the_header_is_refused(
    proxy: FaultProxy, tmp_path: Path, blob: str
) -> None:
    proxy.rule(f"blobs/{blob}", harm.header("Docker-Content-Digest", f"sha256:{'0' * 64}"))
    Pulled(proxy, tmp_path).fails_with("digest-mismatch", "0000")


@pytest.mark.parametrize("where", ["manifests/", "blobs/"])
def test_endless_redirect_ends(proxy: FaultProxy, tmp_path: Path, where: str) -> None:
    proxy.rule(where, harm.circle)
    Pulled(proxy, tmp_path).fails_with("redirect-loop", "more than 5 redirects")


@pytest.mark.parametrize("where", ["manifests/", "blobs/"])
def test_header_flood_ends(proxy: FaultProxy, tmp_path: Path, where: str) -> None:
    proxy.rule(where, harm.flood)
    Pulled(proxy, tmp_path).fails_with("registry-answer", "headers without end")


@pytest.mark.parametrize("where", ["manifests/", "blobs/"])
def test_interim_answers_without_end_end(proxy: FaultProxy, tmp_path: Path, where: str) -> None:
    proxy.rule(where, harm.interim_flood)
    Pulled(proxy, tmp_path).fails_with("registry-no-answer")


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
@pytest.mark.parametrize("where", ["manifests/", "blobs/"])
def test_retry_after_is_honoured(
    proxy: FaultProxy, tmp_path: Path, made: Made, status: str, where: str
) -> None:
    proxy.rule(where, harm.answering(status, Retry_After="1"), times=1)
    began = time.monotonic()
    Pulled(proxy, tmp_path).succeeds(made)
    assert time.monotonic() - began >= 1


def test_retry_after_that_is_too_long_is_told(proxy: FaultProxy, tmp_path: Path) -> None:
    proxy.rule("manifests/", harm.answering("429 Too Many Requests", Retry_After="86400"))
    Pulled(proxy, tmp_path).fails_with("rate-limited", "429")
    assert proxy.count("manifests/") == 1


@pytest.mark.parametrize("status", ["500 Internal Server Error", "502 Bad Gateway"])
def test_server_errors_are_retried_with_an_end(
    proxy: FaultProxy, tmp_path: Path, blob: str, status: str
) -> None:
    proxy.rule(f"blobs/{blob}", harm.answering(status))
    Pulled(proxy, tmp_path).fails_with("registry-unavailable", status)
    assert proxy.count(blob) == 1 + QUICK.tries


def test_reset_before_the_answer_is_retried(proxy: FaultProxy, tmp_path: Path, made: Made) -> None:
    proxy.rule("manifests/|blobs/", harm.dropped, times=2)
    assert Pulled(proxy, tmp_path).succeeds(made).retries == 2


def test_retries_of_a_pull_are_bounded(proxy: FaultProxy, tmp_path: Path) -> None:
    patience = Patience(tries=50, total=7, first_pause=0.001, longest_pause=0.001)
    proxy.rule("blobs/", harm.dropped)
    Pulled(proxy, tmp_path, patience).fails_with("registry-cut")
    assert proxy.count("blobs/") <= 8


# --- manifests ---


@pytest.mark.parametrize(
    ("fault", "code", "word"),
    [
        (harm.corrupt(-2), "digest-mismatch", "announced as"),
        (harm.longer, "digest-mismatch", "announced as"),
        (harm.header("Content-Type", "application/vnd.oci.image.index.v1+json"), None, "calls"),
        (harm.header("Content-Encoding", "gzip"), None, "compressed"),
        (harm.answering("200 OK", b"<html>", Content_Type="text/html"), None, "text/html"),
        (harm.answering("200 OK", b"[" * 100_000, Content_Type="application/json"), None, "JSON"),
        (harm.answering("200 OK", b" " * (5 << 20)), "answer-too-large", "4 MiB"),
        (
            harm.answering("404 Not Found", b"<html>", Content_Type="text/html"),
            "registry-not-here",
            "404",
        ),
    ],
)
def test_wrong_manifest_is_named(
    proxy: FaultProxy, tmp_path: Path, fault: Fault, code: str | None, word: str
) -> None:
    proxy.rule("manifests/", fault)
    Pulled(proxy, tmp_path).fails_with(code or "manifest-invalid", word)


def test_manifest_of_another_digest_than_asked_is_refused(
    proxy: FaultProxy, made: Made, upstream: str
) -> None:
    other = image([1000])
    push(upstream, NAME, other, "other")
    proxy.rule(
        f"manifests/{other.digest}",
        harm.answering("200 OK", made.raw, Content_Type=made.media_type),
    )
    with Registry(proxy.url, patience=QUICK) as registry, pytest.raises(WizardError) as caught:
        registry.manifest(NAME, other.digest)
    assert caught.value.code == "digest-mismatch"
    assert made.digest in caught.value.problem.came_back


# --- stopping ---


def test_cancel_is_prompt_while_nothing_comes(
    proxy: FaultProxy, tmp_path: Path, made: Made
) -> None:
    proxy.rule("blobs/", harm.stall(1000), after=1)
    cancel, events = Cancel(), list[PullEvent]()
    before = set(threading.enumerate())

    def on_event(event: PullEvent) -> None:
        events.append(event)
        if isinstance(event, LayerProgress) and event.state == "downloading":
            cancel.set()

    with Registry(proxy.url) as registry:  # with the patience of real life
        began = time.monotonic()
        with pytest.raises(Cancelled):
            pull(
                registry,
                Reference.parse(f"127.0.0.1:{proxy.port}/{NAME}"),
                sink=LayoutSink(tmp_path / "out"),
                on_event=on_event,
                cancel=cancel,
            )
        assert time.monotonic() - began < 2
    told = len(events)
    pulling = [t for t in threading.enumerate() if t.name.startswith("pull-") and t not in before]
    assert not pulling
    assert not list(tmp_path.iterdir())
    assert len(events) == told
    assert not any(isinstance(event, Failed) for event in events)
