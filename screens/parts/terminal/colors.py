"""Colors, and terminals or users that want none."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.filter import LineFilter

if TYPE_CHECKING:
    from textual.color import Color

_TERMINALS_WITHOUT_COLOR = ("vt", "wy")


def no_color_wanted() -> bool:
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM", "").startswith(
        _TERMINALS_WITHOUT_COLOR
    )


class NoColorFilter(LineFilter):
    """Removes every color and keeps bold, underline and reverse. Textual's own filter writes the
    terminal's default colors instead, and those are color sequences too."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            Segment(text, None if style is None else style.without_color, control)
            for text, style, control in segments
        ]
