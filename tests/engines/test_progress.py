"""An engine's stream as events: what Docker and Podman send, and what a broken engine may."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from cgwizard.cancel import Cancel
from cgwizard.engines.find import get
from cgwizard.engines.manifest_info import CompletedEvents
from cgwizard.errors import Cancelled, WizardError
from cgwizard.events import Failed, Finished, Layer, PullEvent, Resolved, Totals
from cgwizard.registry.reference import Reference
from tests.support.engines import Reply, short_folder, states, strange_engine, stream

REFERENCE = Reference.parse("nexus.example.com:5051/chainguard/wolfi-base")
A, B = "a" * 64, "b" * 64
ROOT = f"sha256:{'c' * 64}"


@pytest.fixture
def folder() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


def line(status: str, layer: str = "", current: int = 0, total: int = 0) -> str:
    detail = {"current": current, "total": total} if total else {}
    return json.dumps({"status": status, "progressDetail": detail, "id": layer})


PULL = (
    line("Pulling from chainguard/wolfi-base", "latest"),
    line("Pulling fs layer", A[:12]),
    line("Pulling fs layer", B[:12]),
    line("Waiting", B[:12]),
    line("Downloading", A[:12], 10, 100),
    line("Verifying Checksum", A[:12]),
    line("Download complete", A[:12]),
    line("Retrying in 2 seconds", B[:12]),
    line("Downloading", B[:12], 50, 50),
    line("Download complete", B[:12]),
    line("Extracting", A[:12], 1, 0),
    line("Pull complete", A[:12]),
    line("Pull complete", B[:12]),
    line(f"Digest: {ROOT}"),
    line("Status: Downloaded newer image for x"),
)


def pull(folder: Path, reply: Reply) -> tuple[list[PullEvent], Finished]:
    events: list[PullEvent] = []
    with strange_engine(folder, reply) as address:
        engine = get("docker", {"DOCKER_HOST": address})
        return events, engine.pull(REFERENCE, on_event=events.append)


def failure(folder: Path, reply: Reply) -> WizardError:
    events: list[PullEvent] = []
    with strange_engine(folder, reply) as address:
        engine = get("docker", {"DOCKER_HOST": address})
        with pytest.raises(WizardError) as caught:
            engine.pull(REFERENCE, on_event=events.append)
    assert isinstance(events[-1], Failed)
    assert events[-1].code == caught.value.code
    return caught.value


def test_docker_stream(folder: Path) -> None:
    events, finished = pull(folder, stream(*PULL))
    assert finished.digest == ROOT
    assert (finished.layers, finished.bytes, finished.retries) == (2, 150, 1)
    assert finished.engine == "docker"
    assert isinstance(events[0], Resolved)
    assert events[-1] is finished
    assert states(events) == {
        f"sha256:{A[:12]}": ["queued", "downloading", "verifying", "extracting", "done"],
        f"sha256:{B[:12]}": ["queued", "retrying", "downloading", "extracting", "done"],
    }
    (*_, last) = [event for event in events if isinstance(event, Totals)]
    assert (last.done, last.total, last.seconds_left) == (150, 150, 0.0)


def test_what_is_known_of_the_image_fills_the_gaps(folder: Path) -> None:
    layers = (Layer("sha256:" + A, 100, ""), Layer("sha256:" + B, 50, ""))
    config = Layer("sha256:" + "d" * 64, 7, "")
    known = Resolved("x", ROOT, "sha256:child", "linux/amd64", (config, *layers))
    seen: list[PullEvent] = []
    informed = CompletedEvents(known, seen.append)
    with strange_engine(folder, stream(*PULL)) as address:
        engine = get("docker", {"DOCKER_HOST": address})
        finished = informed.complete(engine.pull(REFERENCE, on_event=informed))
    assert seen[0] is known
    assert set(states(seen)) == {layer.digest for layer in known.layers}
    assert all(found[-1] == "done" for found in states(seen).values())
    assert (finished.layers, finished.bytes) == (3, 157)
    assert finished.manifest_digest == "sha256:child"
    assert seen[-1] == finished


def test_a_tag_that_moved_meanwhile_is_not_mixed_up(folder: Path) -> None:
    known = Resolved("x", f"sha256:{'e' * 64}", "", "", (Layer("sha256:" + A, 1000, ""),))
    events, finished = pull(folder, stream(*PULL))
    assert CompletedEvents(known, events.append).complete(finished) == finished


def test_lines_of_a_newer_engine_are_passed_over(folder: Path) -> None:
    strange = (
        "no json",
        '["list"]',
        '{"status": 7}',
        line("Sparkling", A[:12]),
        line("Waiting", "x"),
    )
    _, finished = pull(folder, stream(*strange, *PULL, *strange))
    assert finished.layers == 2


def test_extraction_counted_in_seconds_is_no_size(folder: Path) -> None:
    seconds = json.dumps(
        {
            "status": "Extracting",
            "progressDetail": {"current": 3, "total": 9000, "units": "s"},
            "id": A[:12],
        }
    )
    _, finished = pull(folder, stream(*PULL[:7], seconds, *PULL[7:]))
    assert finished.bytes == 150


def test_error_in_the_stream(folder: Path) -> None:
    error = json.dumps(
        {"errorDetail": {"message": "manifest unknown"}, "error": "manifest unknown"}
    )
    assert failure(folder, stream(PULL[0], error)).code == "manifest-unknown"


def test_error_in_a_line_of_an_unknown_form(folder: Path) -> None:
    error = json.dumps({"id": None, "progressDetail": 7, "error": "manifest unknown"})
    assert failure(folder, stream(PULL[0], error)).code == "manifest-unknown"


def test_error_before_the_stream(folder: Path) -> None:
    def refuse(handler: BaseHTTPRequestHandler) -> None:
        body = b'{"message": "no basic auth credentials"}'
        handler.send_response(500)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    assert failure(folder, refuse).code == "no-login"


def test_engine_that_stops_under_way(folder: Path) -> None:
    assert failure(folder, stream(*PULL[:5], cut=True)).code == "engine-gone"


def test_line_without_end(folder: Path) -> None:
    assert failure(folder, stream("x" * (3 << 20))).code == "engine-answer"


def test_all_platforms_are_not_for_engines(folder: Path) -> None:
    with strange_engine(folder, stream(*PULL)) as address:
        engine = get("docker", {"DOCKER_HOST": address})
        with pytest.raises(WizardError) as caught:
            engine.pull(REFERENCE, platform="all")
    assert caught.value.code == "platform"


def test_old_engine_is_told_from_one_that_knows_platforms(folder: Path) -> None:
    with strange_engine(folder, stream(*PULL), api="1.30") as address:
        engine = get("docker", {"DOCKER_HOST": address})
        assert engine.pull(REFERENCE).digest == ROOT
        with pytest.raises(WizardError) as caught:
            engine.pull(REFERENCE, platform="linux/arm64")
    assert caught.value.code == "engine-old"


@pytest.mark.parametrize("answered", [True, False], ids=["in the stream", "before it"])
def test_cancel_cuts_the_connection(folder: Path, answered: bool) -> None:
    cancel, cut = Cancel(), threading.Event()

    def hang(handler: BaseHTTPRequestHandler) -> None:
        if answered:
            handler.send_response(200)
            handler.send_header("Transfer-Encoding", "chunked")
            handler.end_headers()
        cancel.set()
        handler.rfile.read(1)  # returns when the other side has gone
        cut.set()
        handler.close_connection = True

    with strange_engine(folder, hang) as address:
        engine = get("docker", {"DOCKER_HOST": address})
        with pytest.raises(Cancelled):
            engine.pull(REFERENCE, cancel=cancel)
        assert cut.wait(5)
