"""Typed at any moment from the launch on, each key goes to the field that it was meant for.

`make fuzz` does it with 1,000 launches; a failure prints the seed of its launch.
"""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest

from tests.support.terminal import Wire, wizard

LAUNCHES = int(os.environ.get("CGWIZARD_FUZZ_LAUNCHES", "20"))
FIRST = int(os.environ.get("CGWIZARD_FUZZ_SEED", "0")) or random.randrange(1 << 32)
URL, USER, PASSWORD = "http://127.0.0.1:9", "qxuser", "ghkpzw"
LATEST = 1.5  # seconds after the launch


def fields(screen: str) -> dict[str, str]:
    found = {}
    for line in screen.split("\n"):
        for label in ("Nexus URL", "User", "Password"):
            if line.startswith(f" {label} "):
                found[label] = line[18:].strip()
    return found


def pieces(source: random.Random) -> list[str]:
    """What is typed, in pieces; what follows Enter comes with it, as from a script."""
    text = f"{URL}\t{USER}\t{PASSWORD}"
    cuts = sorted(source.sample(range(1, len(text)), source.randrange(0, 6)))
    found = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    if source.random() < 0.5:
        found.append("\rzzzz")
    return found


def launch(seed: int, folder: Path) -> None:
    source = random.Random(seed)
    typed = pieces(source)
    env = {"HOME": str(folder), "XDG_STATE_HOME": str(folder)}
    if source.random() < 0.3:
        env["LC_ALL"] = source.choice(["C", "de_DE.ISO-8859-1"])
    with Wire(*wizard(), env=env) as wire:
        time.sleep(source.uniform(0, LATEST))
        for piece in typed:
            wire.send(piece.encode())
            time.sleep(source.choice([0, 0, 0.01, 0.1]))
        wanted = {"Nexus URL": URL, "User": USER, "Password": "•" * len(PASSWORD)}
        if "LC_ALL" in env:
            wanted["Password"] = "*" * len(PASSWORD)
        entered = typed[-1].startswith("\r")
        screen = wire.until_true(
            lambda s: fields(s) == wanted and ("left out" in s) == entered, f"{wanted}"
        )
        assert "zzzz" not in screen
        assert PASSWORD not in screen
        wire.keys("C-q")
        assert wire.exit_code() == 130


@pytest.mark.parametrize("number", range(LAUNCHES))
def test_no_key_lands_in_a_field_it_was_not_meant_for(number: int, tmp_path: Path) -> None:
    seed = (FIRST + number) % (1 << 32)
    print(f"CGWIZARD_FUZZ_SEED={seed} CGWIZARD_FUZZ_LAUNCHES=1")
    launch(seed, tmp_path)


SOON = 2.0  # seconds; less than what `SignalWatcher` waits before it ends the process by force


@pytest.mark.parametrize("number", range(LAUNCHES))
def test_a_terminal_that_is_closed_ends_it_at_once_at_any_moment(
    number: int, tmp_path: Path
) -> None:
    """Until the screens come the signal itself ends the process; then the exit code says it."""
    seed = (FIRST + number) % (1 << 32)
    print(f"CGWIZARD_FUZZ_SEED={seed} CGWIZARD_FUZZ_LAUNCHES=1")
    source = random.Random(seed)
    env = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
    with Wire(*wizard(), env=env) as wire:
        end = time.monotonic() + source.uniform(0, LATEST)
        while time.monotonic() < end:
            wire.screen()
        began = time.monotonic()
        if source.random() < 0.5:
            wire.hang_up()
        else:
            os.kill(wire.process_id, signal.SIGHUP)
        code = wire.exit_code()
        assert time.monotonic() - began < SOON
        assert code in {129, -signal.SIGHUP}
        assert not list(tmp_path.rglob("crashes/*.txt"))
