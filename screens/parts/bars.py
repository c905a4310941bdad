"""A progress bar for each layer, and one for the total."""

from __future__ import annotations

from textual.content import Content
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.visual import Visual
from textual.widget import Widget

from cgwizard.guide.progress import LayerLine, Progress
from cgwizard.text.units import size

LABEL = 10
BAR = 30
LEAST_BAR = 8
FIGURES = 28  # cells behind a bar, where nothing is left out
NARROW = 58  # cells; in a narrower line only the first figures are shown


def bar(done: int, total: int, width: int = BAR) -> Content:
    """A thin line that fills in half cells."""
    halves = width * 2 if total <= 0 else min(width * 2, done * width * 2 // total)
    full, half = divmod(halves, 2)
    rest = width - full - half
    return Content.assemble(("━" * full + "╸" * half, "$accent"), (" " * rest, ""))


class LayerBars(Widget):
    """Draws only the rows that changed: on a slow connection every byte counts."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[Content] = []

    def show(self, progress: Progress) -> None:
        # A copy: an engine's pull adds layers from another thread.
        width = self.size.width or LABEL + BAR + FIGURES + 4
        lines = [_layer(line, width) for line in list(progress.layers.values())]
        if progress.totals is not None and lines:
            lines.append(_total(progress, width))
        before, self._lines = self._lines, lines
        self.display = bool(lines)
        if len(lines) != len(before):
            self.refresh(layout=True)
            return
        for y, (old, new) in enumerate(zip(before, lines, strict=True)):
            if old.plain != new.plain:
                self.refresh(Region(0, y, self.size.width, 1))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if not width or y >= len(self._lines):
            return Strip.blank(width)
        line = self._lines[y].truncate(width)
        return Visual.to_strips(self, line, width, 1, self.visual_style, pad=True)[0]


def _bar(done: int, total: int, width: int) -> Content:
    """As long as the figures allow in a line of ``width`` cells."""
    return bar(done, total, max(LEAST_BAR, min(BAR, width - 2 - LABEL - 2 - FIGURES)))


def _layer(line: LayerLine, width: int) -> Content:
    short = line.digest.partition(":")[2][:8]
    if line.state in {"downloading", "verifying"} and line.total:
        percent = f"{100 * line.done // line.total:>3} %"
        figures = f"{percent}  {size(line.done)}"
        figures += f" of {size(line.total)}" if width >= NARROW else ""
    elif line.state in {"done", "cached"}:
        figures = f"{line.state:<6} {size(line.total)}"
    else:
        figures = f"{line.state} {line.detail}".strip()
    return Content.assemble(
        (f"  {short:<{LABEL}}", "dim"), _bar(line.done, line.total, width), f"  {figures}"
    )


def _total(progress: Progress, width: int) -> Content:
    totals = progress.totals
    if totals is None:
        return Content("")
    percent = 100 * totals.done // totals.total if totals.total else 100
    figures = f"{percent:>3} %  {size(totals.bytes_per_second)}/s"
    if width >= NARROW and totals.seconds_left is not None and totals.done < totals.total:
        figures += f", {totals.seconds_left:.0f} s left"
    return Content.assemble(
        f"  {'total':<{LABEL}}", _bar(totals.done, totals.total, width), f"  {figures}"
    )
