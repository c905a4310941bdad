"""Amounts and times as a user reads them."""

from __future__ import annotations

import time

import pytest

from cgwizard.text import units


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0 B"), (999, "999 B"), (8_400_000, "8.4 MB"), (2.5e9, "2.5 GB"), (4e12, "4000.0 GB")],
)
def test_sizes(count: float, said: str) -> None:
    assert units.size(count) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.08, "0.08 s"), (2.84, "2.8 s"), (42, "42 s"), (200, "3 min 20 s"), (59.6, "1 min 0 s")],
)
def test_durations(seconds: float, said: str) -> None:
    assert units.duration(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-5, "just now"), (5, "just now"), (65, "1 minute ago"), (7300, "2 hours ago"),
     (3 * 86400 + 5, "3 days ago")],
)  # fmt: skip
def test_times_ago(seconds: float, said: str) -> None:
    assert units.ago(time.time() - seconds) == said


def test_a_digest_is_known_by_both_ends() -> None:
    assert units.short("sha256:4f1c" + "0" * 56 + "9ae2") == "sha256:4f1c…9ae2"
    assert units.short("sha256:4f1c") == "sha256:4f1c"
