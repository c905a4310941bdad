"""What `cgwizard pull` prints: bars on a terminal, one line for each layer elsewhere, JSON lines
for programs."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from typing import TYPE_CHECKING, Protocol, TextIO

import msgspec

from cgwizard.errors import Code, Problem
from cgwizard.events import Failed, Finished, LayerProgress, PullEvent, Resolved, Totals
from cgwizard.text import ascii_fallback, sanitize
from cgwizard.text.units import duration, short, size

if TYPE_CHECKING:
    from collections.abc import Callable

    from cgwizard.commands.pull.checks import CheckResult

REDRAW_SECONDS = 0.25
ENDED = frozenset({"done", "cached", "skipped", "failed"})


class PullOutput(Protocol):
    """Called in order. `event` may be called from any thread, one at a time."""

    def event(self, event: PullEvent) -> None: ...
    def check(self, check: CheckResult) -> None: ...
    def note(self, text: str) -> None:
        """A line for users, not for programs."""

    def finished(self, finished: Finished, extra: dict[str, object]) -> None: ...
    def failed(self, problem: Problem, reference: str) -> None: ...
    def cancelled(self, reference: str, kept: str) -> None:
        """``kept``: what is left of the pull, in words for users."""

    def crashed(self, reference: str) -> None:
        """The program itself failed; the report of that stands elsewhere."""


def output(*, as_json: bool, lost: Callable[[], None]) -> PullOutput:
    """The one that fits standard output. ``lost`` is called when its reader has gone."""
    out = Stream(sys.stdout, lost)
    if as_json:
        return JsonOutput(out)
    if sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb":
        return BarsOutput(out)
    return PlainOutput(out)


class Stream:
    """Standard output, which its reader may close during the pull."""

    def __init__(self, out: TextIO, lost: Callable[[], None]) -> None:
        self._out, self._lost = out, lost

    def write(self, text: str) -> None:
        try:
            self._out.write(text)
            self._out.flush()
        except (OSError, ValueError):  # `cli` reports it
            self._lost()

    @property
    def unicode(self) -> bool:
        return "utf" in (self._out.encoding or "").lower()


class JsonOutput:
    """One JSON object a line; the last is ``finished`` or ``failed``."""

    def __init__(self, out: Stream) -> None:
        self._out = out

    def _line(self, value: object) -> None:
        self._out.write(ascii_fallback.json_line(sanitize.bounded(value)) + "\n")

    def event(self, event: PullEvent) -> None:
        # The pull ends only after the checks.
        if not isinstance(event, Finished | Failed):
            self._line(event)

    def check(self, check: CheckResult) -> None:
        self._line(check)

    def note(self, text: str) -> None: ...

    def finished(self, finished: Finished, extra: dict[str, object]) -> None:
        self._line({**msgspec.to_builtins(finished), **extra})

    def failed(self, problem: Problem, reference: str) -> None:
        parts = msgspec.to_builtins(problem)
        del parts["code"]
        self._ended(reference, problem.code, f"{problem.came_back}: {problem.cause}", **parts)

    def cancelled(self, reference: str, kept: str) -> None:
        self._ended(reference, Code.CANCELLED, "stopped by the person")

    def crashed(self, reference: str) -> None:
        self._ended(reference, Code.CRASHED, "an error of cgwizard's own, told on standard error")

    def _ended(self, reference: str, code: Code, message: str, **more: str) -> None:
        last = {"event": "failed", "code": code, "message": message, "reference": reference}
        self._line(last | more)


class PlainOutput:
    """One line for everything that has ended; no escape sequence."""

    def __init__(self, out: Stream) -> None:
        self._out = out

    def event(self, event: PullEvent) -> None:
        match event:
            case Resolved():
                self.note(_resolved(event))
            case LayerProgress(state="done" | "cached" | "skipped" | "retrying" | "failed"):
                self.note(_layer(event))
            case _:
                pass

    def check(self, check: CheckResult) -> None:
        word = "ok" if check.state == "done" else "warning"
        self.note(f"{word}: {check.label}: {check.detail}")

    def note(self, text: str) -> None:
        self._out.write(f"{sanitize.printed_line(text)}\n")

    def finished(self, finished: Finished, extra: dict[str, object]) -> None:
        if finished.bytes:
            rate = finished.bytes / finished.seconds if finished.seconds > 0 else 0.0
            amount = f"{size(finished.bytes)} in {duration(finished.seconds)}, {size(rate)}/s"
        elif finished.engine == "builtin":
            amount = "every blob was there already"
        else:
            # The engine has the image already, or does not say how much it loaded.
            amount = f"in {duration(finished.seconds)}"
        self.note(f"pulled {finished.reference}: {amount}")
        self.note(f"digest {finished.digest}")

    def failed(self, problem: Problem, reference: str) -> None:
        self._end()
        sys.stderr.write(f"{sanitize.printed_problem(problem)}\n")

    def cancelled(self, reference: str, kept: str) -> None:
        self._end()
        sys.stderr.write(f"cgwizard: stopped; {kept}\n")

    def crashed(self, reference: str) -> None:
        self._end()

    def _end(self) -> None:
        """The pull is over; a failure is printed next."""


class BarsOutput(PlainOutput):
    """Layers under way are redrawn in place, a few times a second. Those that ended scroll away."""

    def __init__(self, out: Stream) -> None:
        super().__init__(out)
        self._full, self._half = ("━", "╸") if out.unicode else ("#", "")
        self._live: dict[str, LayerProgress] = {}
        self._ended: list[str] = []
        self._totals: Totals | None = None
        self._drawn = 0  # lines on the screen that will be drawn again
        self._drew = 0.0
        self._lock = threading.Lock()

    def event(self, event: PullEvent) -> None:
        with self._lock:
            match event:
                case Resolved():
                    self._ended.append(_resolved(event))
                case LayerProgress():
                    self._layer_event(event)
                case Totals():
                    self._totals = event
                case Finished() | Failed():
                    self._draw(last=True)
                    return
            if time.monotonic() - self._drew >= REDRAW_SECONDS:
                self._draw()

    def _layer_event(self, event: LayerProgress) -> None:
        if event.state in ENDED:
            self._live.pop(event.digest, None)
            self._ended.append(_layer(event))
        elif event.state != "queued":
            self._live[event.digest] = event

    def note(self, text: str) -> None:
        with self._lock:
            self._ended.append(text)
            self._draw()

    def _end(self) -> None:
        with self._lock:
            self._draw(last=True)

    def _draw(self, *, last: bool = False) -> None:
        self._drew = time.monotonic()
        columns, rows = shutil.get_terminal_size()
        live = []
        if last:
            self._live.clear()
            self._totals = None
        else:
            live = [self._bar(event, columns) for event in self._live.values()]
            # Never more than fits: what scrolled off the screen cannot be drawn again.
            live = live[-max(rows - 3, 1) :]
            if self._totals:
                live.append(self._total(self._totals, columns))
        back = f"\r\x1b[{self._drawn}A\x1b[J" if self._drawn else ""
        lines = [*self._ended, *(line[: columns - 1] for line in live)]
        lines = [sanitize.printed_line(line) for line in lines]
        self._ended, self._drawn = [], len(live)
        if back or lines:
            self._out.write(back + "".join(f"{line}\n" for line in lines))

    def _bar(self, event: LayerProgress, columns: int) -> str:
        name = event.digest.partition(":")[2][:12]
        if event.state == "retrying":
            return f"{name:12}  again: {event.detail}"
        if event.state != "downloading":
            return f"{name:12}  {event.state}"
        if not event.total:
            return f"{name:12}  downloading"
        told = f"{size(event.done)} of {size(event.total)}"
        return f"{name:12}  {self._line(event.done, event.total, columns)}  {told}"

    def _total(self, totals: Totals, columns: int) -> str:
        left = "" if totals.seconds_left is None else f", {duration(totals.seconds_left)} left"
        told = f"{size(totals.bytes_per_second)}/s{left}"
        return f"{'total':12}  {self._line(totals.done, totals.total, columns)}  {told}"

    def _line(self, done: int, total: int, columns: int) -> str:
        width = max(min(columns - 50, 40), 8)
        share = min(done / total, 1.0) if total else 0.0
        whole = int(share * width)
        half = self._half if whole < width and share * width - whole >= 0.5 else ""
        return f"{self._full * whole + half:{width}} {share:5.0%}".replace("%", " %")


def _resolved(event: Resolved) -> str:
    parts = [event.platform, short(event.digest) if event.digest else ""]
    if event.layers:
        parts += [f"{len(event.layers)} blobs", size(event.total)]
    told = ", ".join(filter(None, parts))
    return f"{event.reference}  {told}".rstrip()


def _layer(event: LayerProgress) -> str:
    name = event.digest.partition(":")[2][:12]
    amount = size(event.total) if event.total else ""
    return "  ".join(
        filter(None, (f"{name:12}", f"{event.state:8}", amount, event.detail))
    ).rstrip()
