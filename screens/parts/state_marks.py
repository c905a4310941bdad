"""Glyph and word of each state: never color alone.

Only glyphs are colored, never text: yellow on white, for example, cannot be read.
"""

from __future__ import annotations

from textual.content import Content

from cgwizard.guide.shown import CheckState
from cgwizard.guide.step import StepState

MARKS: dict[CheckState, tuple[str, str, str]] = {
    "waiting": ("○", "waiting", "dim"),
    "running": ("…", "running", "dim"),
    "done": ("✓", "ok", "$success"),
    "warning": ("!", "warning", "$warning"),
    "problem": ("✗", "problem", "$error"),
    "unknown": ("?", "unknown", "dim"),
    "skipped": ("–", "skipped", "dim"),
}

STEP_MARKS: dict[StepState, str] = {"todo": " ", "done": "✓", "skipped": "–", "problem": "✗"}

WIDTH = 10  # of glyph and word


def mark(state: CheckState) -> Content:
    """Glyph and word, padded to `WIDTH`."""
    glyph, word, style = MARKS[state]
    of_word = style if style == "dim" else ""
    return Content.assemble((glyph, style), (f" {word}".ljust(WIDTH - 1), of_word))
