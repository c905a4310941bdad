"""A connection that cuts, stalls, slows down or falls silent, at each part of an image: what can be
repaired is retried, the rest ends with an error."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from cgwizard.cancel import Cancel
from cgwizard.errors import Cancelled
from cgwizard.events import Failed, LayerProgress, PullEvent
from cgwizard.practice.faults.connection_cut import ConnectionCut
from cgwizard.practice.faults.connection_reset import ConnectionReset
from cgwizard.practice.faults.endless_interim_answers import EndlessInterimAnswers
from cgwizard.practice.faults.nexus_filtered import NexusFiltered
from cgwizard.practice.faults.no_answer import NoAnswer
from cgwizard.practice.faults.proxy import FaultProxy
from cgwizard.practice.faults.slow_link import SlowBody
from cgwizard.practice.faults.stalled import StalledBody
from cgwizard.registry.client import Registry
from cgwizard.registry.layout import LayoutSink
from cgwizard.registry.pull import pull
from cgwizard.registry.reference import Reference
from cgwizard.registry.retry import RetryPolicy
from tests.support.faulty_pull import (
    NAME,
    QUICK,
    SILENT,
    STALLED,
    Pull,
    Spot,
    at_blobs,
    at_layers,
    at_manifests,
    everywhere,
)
from tests.support.programs import needs

pytestmark = needs("docker-registry")

# --- cut ---


@pytest.mark.parametrize("reset", [True, False], ids=["reset", "closed"])
@pytest.mark.parametrize("part", [0.0, 0.5, 1.0], ids=["at-once", "half", "last-byte"])
@at_blobs
def test_cut_blob_goes_on_where_it_stopped(
    faulty: Pull, proxy: FaultProxy, spot: Spot, part: float, reset: bool
) -> None:
    after = int((spot.size - 1) * part)
    proxy.rule(spot.target, ConnectionCut(after, reset=reset), times=1)
    assert faulty.run().succeeds().retries == 1
    first, second = faulty.asked(spot)
    assert "range" not in first.headers
    assert second.headers.get("range") == (f"bytes={after}-" if after else None)


@pytest.mark.parametrize("reset", [True, False], ids=["reset", "closed"])
@at_manifests
def test_cut_manifest_is_asked_for_again(
    faulty: Pull, proxy: FaultProxy, spot: Spot, reset: bool
) -> None:
    proxy.rule(spot.target, ConnectionCut(spot.size // 2, reset=reset), times=1)
    assert faulty.run().succeeds().retries == 1
    assert len(faulty.asked(spot)) == 2


@at_blobs
def test_cut_again_and_again_goes_on_while_it_gets_further(
    faulty: Pull, proxy: FaultProxy, spot: Spot
) -> None:
    proxy.rule(spot.target, ConnectionCut(spot.size // 8 + 1, reset=False))
    # More cuts than are borne in a row without progress; only the total is bounded.
    assert faulty.run().succeeds().retries == 7 > QUICK.tries


@everywhere
def test_line_that_never_gets_further_ends(faulty: Pull, proxy: FaultProxy, spot: Spot) -> None:
    proxy.rule(spot.target, ConnectionCut(0, reset=False))
    faulty.run().fails_with(
        spot,
        "registry-cut",
        tried="GET ",
        came_back="received 0 bytes",
        cause="the line to 127.0.0.1:",
        next_step="try again",
    )
    assert len(faulty.asked(spot)) == 1 + QUICK.tries


@everywhere
def test_reset_before_the_answer_is_retried(faulty: Pull, proxy: FaultProxy, spot: Spot) -> None:
    proxy.rule(spot.target, ConnectionReset(), times=2)
    assert faulty.run().succeeds().retries == 2


@everywhere
def test_reset_for_good_ends(faulty: Pull, proxy: FaultProxy, spot: Spot) -> None:
    proxy.rule(spot.target, ConnectionReset())
    faulty.run().fails_with(
        spot,
        "registry-cut",
        came_back="reset by peer",
        cause="something between cuts connections",
        next_step="pull from another network",
    )


def test_everything_is_cut_once(faulty: Pull, proxy: FaultProxy) -> None:
    for pattern in ("manifests/latest", "manifests/sha256", "blobs/"):
        proxy.rule(pattern, ConnectionCut(100), times=4 if pattern == "blobs/" else 1)
    assert faulty.run().succeeds().retries == 6


def test_retries_of_a_pull_are_bounded(faulty: Pull, proxy: FaultProxy) -> None:
    patience = RetryPolicy(tries=50, total=7, first_pause=0.001, longest_pause=0.001)
    proxy.rule("blobs/", ConnectionReset())
    faulty.run(patience).fails_with(None, "registry-cut")
    assert proxy.count("blobs/") <= 8


# --- stalled, slow, silent ---


@everywhere
def test_stall_is_noticed_and_mended(faulty: Pull, proxy: FaultProxy, spot: Spot) -> None:
    half = spot.size // 2
    proxy.rule(spot.target, StalledBody(half), times=1)
    faulty.run(STALLED).succeeds()
    if spot.name in {"first", "middle", "last"}:  # the rest is read before anything is reported
        (told,) = faulty.retried(spot)
        assert "not one byte for 0.3 seconds" in told.detail
        assert told.done == half


@everywhere
def test_stall_for_good_ends(faulty: Pull, proxy: FaultProxy, spot: Spot) -> None:
    proxy.rule(spot.target, StalledBody(0))
    faulty.run(STALLED).fails_with(
        spot,
        "registry-stalled",
        came_back="not one byte for 0.3 seconds, in the middle of the answer",
        cause="hangs",
        next_step="another network",
    )
    assert len(faulty.asked(spot)) == 2


@everywhere
def test_slow_is_not_stalled(faulty: Pull, proxy: FaultProxy, spot: Spot) -> None:
    # In all twice as long as the stall that is borne.
    proxy.rule(spot.target, SlowBody(spot.size // 6 + 1, 0.1))
    assert faulty.run(STALLED).succeeds().retries == 0


@everywhere
def test_no_answer_ends(faulty: Pull, proxy: FaultProxy, spot: Spot) -> None:
    proxy.rule(spot.target, NoAnswer())
    faulty.run(SILENT).fails_with(
        spot,
        "registry-no-answer",
        came_back="no answer came in time",
        cause="is overloaded, or waits itself",
        next_step="look at its log",
    )
    assert len(faulty.asked(spot)) == 2


@everywhere
def test_no_answer_once_is_mended(faulty: Pull, proxy: FaultProxy, spot: Spot) -> None:
    proxy.rule(spot.target, NoAnswer(), times=1)
    assert faulty.run(SILENT).succeeds().retries == 1


@at_layers
def test_end_of_one_answers_time_does_not_cut_the_others(
    faulty: Pull, proxy: FaultProxy, spot: Spot
) -> None:
    proxy.rule(spot.target, EndlessInterimAnswers(), times=1)
    # The others take longer than this one is waited for.
    proxy.rule("blobs/", SlowBody(50_000, 0.15), after=1)
    assert faulty.run(SILENT).succeeds().retries == 1
    assert proxy.max_concurrent >= 3, "layers come in parallel"
    assert len(proxy.requests) == 7


@everywhere
def test_interim_answers_without_end_end(faulty: Pull, proxy: FaultProxy, spot: Spot) -> None:
    proxy.rule(spot.target, EndlessInterimAnswers())
    faulty.run(SILENT).fails_with(spot, "registry-no-answer", came_back="no answer came in time")


# --- stopping ---


def test_cancel_is_prompt_while_nothing_comes(proxy: FaultProxy, tmp_path: Path) -> None:
    proxy.rule("blobs/", StalledBody(1000), after=1)
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
                platform="linux/amd64",
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


def test_cancel_is_prompt_while_a_connection_is_made() -> None:
    cancel = Cancel()
    with NexusFiltered().port() as port, Registry(f"http://127.0.0.1:{port}") as registry:
        reference = Reference.parse(f"127.0.0.1:{port}/{NAME}")
        threading.Timer(0.3, cancel.set).start()
        began = time.monotonic()
        with pytest.raises(Cancelled):
            pull(registry, reference, cancel=cancel)
        assert 0.3 < time.monotonic() - began < 2
