"""The bottom line: the keys that work now, and only those."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.widget import Widget


def more_below(body: Widget) -> list[tuple[str, str]]:
    """The key that shows what is below, while something is: a scroll bar is easily overlooked."""
    return [("pgdn", "more")] if body.scroll_offset.y < body.max_scroll_y else []


def follow(body: Widget, show: Callable[[], None]) -> None:
    """Call ``show`` whenever `more_below` may have changed."""
    for what in ("scroll_y", "virtual_size", "size"):
        body.watch(body, what, show, init=False)


class Keys(Static):
    def show(self, keys: list[tuple[str, str]]) -> None:
        """``keys``: key and what it does, the most important first; what does not fit into the
        line is left out from the end but one, so that the way out stays in sight; that there is
        more to read is told even without it."""
        width = self.app.size.width - 2
        shown = list(keys)
        gap = 3
        while len(shown) > 2 and _width(shown, gap) > width:
            if gap == 3:
                gap = 2
            else:
                del shown[-1 if len(shown) == 3 and shown[1][0] == "pgdn" else -2]
        parts = []
        for index, (key, what) in enumerate(shown):
            parts.append(Content.assemble((key, "bold"), (f" {what}", "dim" if index else "")))
        self.update(Content(" " * gap).join(parts))


def _width(keys: list[tuple[str, str]], gap: int) -> int:
    return sum(len(key) + 1 + len(what) for key, what in keys) + gap * (len(keys) - 1)
