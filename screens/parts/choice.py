"""A choice among a few options, all visible: in one line where they fit, else below each other."""

from __future__ import annotations

import textwrap
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Offset, Size
from textual.reactive import reactive
from textual.widget import Widget

from cgwizard.guide.shown import Field
from cgwizard.screens.parts.messages import Answered, Confirmed
from cgwizard.screens.parts.queued_keys import run_binding

GAP = 3  # cells between options in one line
MARK = 2  # cells of a glyph and the space after it
MIN_LABEL = 8  # cells; less room than that is given only while a terminal changes its size


class ChoiceInput(Widget, can_focus=True):
    """The arrow keys move the choice."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,up", "move(-1)", show=False),
        Binding("right,down,space", "move(1)", show=False),
        Binding("enter", "confirm", show=False),
    ]

    value = reactive("", layout=True)

    def __init__(self, field: Field) -> None:
        super().__init__()
        self._field = field
        self.set_reactive(ChoiceInput.value, field.value)

    def _wrapped(self, width: int) -> list[list[str]]:
        """The lines of each label."""
        room = max(width - MARK, MIN_LABEL)
        return [textwrap.wrap(c.label, room) or [""] for c in self._field.choices]

    def _in_one_line(self, width: int) -> bool:
        labels = [len(choice.label) + MARK for choice in self._field.choices]
        return sum(labels) + GAP * (len(labels) - 1) <= width

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return 1 if self._in_one_line(width) else sum(map(len, self._wrapped(width)))

    def render(self) -> Content:
        options = []
        one_line = self._in_one_line(self.size.width)
        for choice, lines in zip(self._field.choices, self._wrapped(self.size.width), strict=True):
            chosen = choice.value == self.value
            text = choice.label if one_line else f"\n{' ' * MARK}".join(lines)
            style = ("bold" if self.has_focus else "") if chosen else "dim"
            options.append(Content.styled(f"{'●' if chosen else '○'} {text}", style))
        return Content(" " * GAP if one_line else "\n").join(options)

    @property
    def _index(self) -> int:
        return next((i for i, c in enumerate(self._field.choices) if c.value == self.value), 0)

    def _place(self, index: int) -> Offset:
        """Where an option begins, within the widget."""
        if self._in_one_line(self.size.width):
            before = self._field.choices[:index]
            return Offset(sum(len(c.label) + MARK + GAP for c in before), 0)
        return Offset(0, sum(map(len, self._wrapped(self.size.width)[:index])))

    @property
    def cursor_screen_offset(self) -> Offset:
        """At the chosen option: screen readers and braille displays follow the cursor."""
        return self.content_region.offset + self._place(self._index)

    async def on_key(self, event: events.Key) -> None:
        await run_binding(self, event)

    def action_move(self, by: int) -> None:
        choices = self._field.choices
        self.value = choices[(self._index + by) % len(choices)].value
        self.post_message(Answered(self._field.id))

    def on_click(self, event: events.Click) -> None:
        places = [self._place(index) for index in range(len(self._field.choices))]
        before = [i for i, at in enumerate(places) if (at.y, at.x) <= (event.y, event.x)]
        self.value = self._field.choices[before[-1]].value
        self.post_message(Answered(self._field.id))

    def action_confirm(self) -> None:
        self.screen.post_message(Confirmed())
