"""The bottom line: only the keys that work now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.widget import Widget


def more_below(body: Widget) -> list[tuple[str, str]]:
    """The key that scrolls down, while there is more below: a scroll bar is easily overlooked."""
    return [("pgdn", "more")] if body.scroll_offset.y < body.max_scroll_y else []


def follow(body: Widget, show: Callable[[], None]) -> None:
    """Call ``show`` whenever `more_below` may have changed."""
    for what in ("scroll_y", "virtual_size", "size"):
        body.watch(body, what, show, init=False)


class Notice(Static):
    """A row above the keys: what became of keys that did not do what they usually do."""

    def show(self, text: str) -> None:
        self.display = bool(text)
        self.update(Content.assemble(("!", "$warning"), f" {text}"))


class Keys(Static):
    def show(self, keys: list[tuple[str, str]]) -> None:
        """``keys``: pairs of a key and what it does, the most important first.

        Where they do not fit, the last but one is left out, then the one before it, and so on: how
        to quit stays visible. With three keys left, "pgdn more" is kept rather than quit.
        """
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
