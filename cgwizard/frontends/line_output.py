"""Lines of text for terminals that can do nothing else, for pipes and for screen readers.

Whatever a server said, what is written here has no control character, and none that the
output's encoding cannot hold.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, TextIO

from cgwizard.errors import Problem
from cgwizard.events import LayerProgress, PullEvent, Resolved, Totals
from cgwizard.text import ascii_fallback, shell
from cgwizard.text.sanitize import printed_line, printed_problem
from cgwizard.text.units import size

if TYPE_CHECKING:
    from cgwizard.guide.shown import Check, Commands

WORDS = {"done": "ok", "warning": "warning", "problem": "problem", "skipped": "skipped"}
WAITS = {"up", "undone"}  # checks that may take minutes: show what they wait for
TOTALS_SECONDS = 10.0  # a user who listens to it wants to know that it goes on, not each MB


class Lines:
    """Writes whole lines to ``out``, from any thread."""

    def __init__(self, out: TextIO) -> None:
        self.out = out
        self._lock = threading.Lock()  # the pull's events come from its threads
        self._layers: dict[str, bool] = {}  # of the image that arrives: whether each is there
        self._told = 0.0  # when totals were printed last, by the monotonic clock

    def line(self, text: str = "") -> None:
        self._write(printed_line(text).rstrip() + "\n")

    def commands(self, groups: tuple[Commands, ...]) -> None:
        """Each row can be pasted as it stands; where it goes to no terminal, each line is whole."""
        width = _width(self.out)
        for group in groups:
            self.line(f"  # {group.title}")
            for line in group.lines:
                broken = [line] if group.file or not width else shell.rows(line, width - 2)
                for row in broken:
                    self.line(f"  {row}")

    def ask(self, text: str) -> None:
        """A prompt: the cursor stays behind it."""
        self._write(printed_line(text))

    def _write(self, text: str) -> None:
        encoding = getattr(self.out, "encoding", None) or "utf-8"
        try:
            text.encode(encoding)
        except UnicodeEncodeError:
            text = ascii_fallback.ascii_lines(text)
        with self._lock:
            self.out.write(text)
            self.out.flush()

    def prints(self, check: Check) -> bool:
        """Whether `check` writes a line."""
        waits = check.state == "running" and check.id in WAITS and bool(check.detail)
        return check.state in WORDS or waits

    def check(self, check: Check) -> None:
        if check.state in WORDS:
            detail = f": {check.detail}" if check.detail else ""
            self.line(f"  {WORDS[check.state]}  {check.label}{detail}")
        elif self.prints(check):
            self.line(f"  {check.label}: {check.detail}")

    def event(self, event: PullEvent) -> None:
        match event:
            case Resolved():
                told = filter(None, (event.reference, event.digest, event.platform))
                self.line(f"  {' '.join(told)}")
                if event.layers:  # an engine may not know them
                    self.line(f"  {len(event.layers)} layers, {size(event.total)}")
                self._layers = dict.fromkeys((layer.digest for layer in event.layers), False)
                self._rest()
            case LayerProgress(state="done" | "cached"):
                self._layers[event.digest] = True
            case LayerProgress(state="retrying" | "failed"):
                digest = event.digest.partition(":")[2][:12]
                detail = f", {event.detail}" if event.detail else ""
                self.line(f"  layer {digest} {event.state}, {size(event.total)}{detail}")
            case Totals() if event.total and self._rest():
                left = "" if event.seconds_left is None else f", {event.seconds_left:.0f} s left"
                percent = 100 * event.done / event.total
                layers = f"{sum(self._layers.values())} of {len(self._layers)} layers"
                speed = f"{size(event.bytes_per_second)}/s{left}"
                self.line(f"  {percent:.0f} %, {layers}, {speed}")
            case _:
                pass

    def _rest(self) -> bool:
        """Whether it is time to tell totals again."""
        import time

        now = time.monotonic()
        if now - self._told < TOTALS_SECONDS:
            return False
        self._told = now
        return True

    def problem(self, problem: Problem) -> None:
        problem = printed_problem(problem)
        self.line(f"  problem: {problem.code}")
        self.line(f"    tried:        {problem.tried}")
        self.line(f"    came back:    {problem.came_back}")
        self.line(f"    likely cause: {problem.cause}")
        self.line(f"    next step:    {problem.next_step}")


def _width(out: TextIO) -> int:
    """The cells of a row; 0 where ``out`` is no terminal."""
    try:
        return os.get_terminal_size(out.fileno()).columns
    except (OSError, ValueError):  # a pipe; a text in memory
        return 0
