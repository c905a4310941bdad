"""The bottom line: only the keys that work now."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple

from textual.content import Content
from textual.widgets import Static

if TYPE_CHECKING:
    from textual.widget import Widget

# From the most important on; "problem" stands for F2 where there is one to explain, "asked" for
# F8 where it is one of two answers.
RANKS = (
    *("enter", "asked", "f5", "f7", "problem", "escape", "f1", "f3", "pgdn", "f4", "f8", "ctrl+n"),
    *("f6", "ctrl+o", "f9", "f2", "ctrl+g", "ctrl+q", "ctrl+p"),
)
STAYING = RANKS[:8]  # are never left out
LAST = "ctrl+p"  # is left out last
NARROW = 60  # cells; on less there are two rows, the main action on the first
MIN_WORDS = 6  # cells of the main action's words


class KeyAction(NamedTuple):
    """What a key does now. One without ``key`` is only in the menu, one without ``words`` too."""

    key: str
    words: str
    do: Callable[[], Awaitable[None] | None]
    long: str = ""  # what the menu says, where that is more
    place: str = ""  # among `RANKS`, where that is not its key's

    @property
    def rank(self) -> int:
        return RANKS.index(self.place or self.key)

    @property
    def name(self) -> str:
        return "esc" if self.key == "escape" else self.key


def nothing() -> None:
    """What the scrolling keys do beside scrolling."""


def more_below(body: Widget) -> list[KeyAction]:
    """The key that scrolls down, while there is more below: a scroll bar is easily overlooked."""
    below = body.scroll_offset.y < body.max_scroll_y
    return [KeyAction("pgdn", "more", nothing)] if below else []


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
    def show(self, actions: list[KeyAction]) -> None:
        width = self.app.size.width - 2
        shown = sorted((a for a in actions if a.key and a.words), key=lambda a: a.rank)
        main = [action for action in shown if action.key == "enter"]
        if width + 2 < NARROW and main:
            rows = [_row(main, width), _row(shown[len(main) :], width)]
        else:
            rows = [_row(shown, width)]
        self.update(Content("\n").join(rows))


def _row(shown: list[KeyAction], width: int) -> Content:
    gap = 3
    while shown and _width(shown, gap) > width:
        left_out = [a for a in shown if a.key != LAST and RANKS[a.rank] not in STAYING]
        left_out = left_out or [a for a in shown if a.key == LAST]
        if gap == 3:
            gap = 2
        elif left_out:
            shown = [action for action in shown if action is not left_out[-1]]
        elif shown[0].key == "enter" and len(shown[0].words) > MIN_WORDS:
            room = len(shown[0].words) - (_width(shown, gap) - width) - 1
            words = shown[0].words[: max(room, MIN_WORDS)] + "…"
            shown = [KeyAction(shown[0].key, words, shown[0].do), *shown[1:]]
            break
        else:
            break
    parts = []
    for action in shown:
        style = "" if action.key == "enter" else "dim"
        parts.append(Content.assemble((action.name, "bold"), (f" {action.words}", style)))
    return Content(" " * gap).join(parts)


def _width(actions: list[KeyAction], gap: int) -> int:
    return sum(len(a.name) + 1 + len(a.words) for a in actions) + gap * (len(actions) - 1)
