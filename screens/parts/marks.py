"""Glyph and word of each state: never colour alone."""

from __future__ import annotations

from textual.content import Content

from cgwizard.guide.step import CheckState, StepState

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
    return Content.styled(f"{glyph} {word}".ljust(WIDTH), style)
