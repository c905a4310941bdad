"""Keys that a field is bound to, handled in the order in which they were pressed."""

from __future__ import annotations

from textual.events import Key
from textual.widget import Widget

from cgwizard.screens.parts.terminal.textual_internals import bound_action


async def run_binding(widget: Widget, event: Key) -> None:
    """Do what the key of ``event`` is bound to in ``widget``; call it from the widget's `on_key`.

    Textual sends a bound key to the application first. Letters that were typed after it, or the
    tab to the next field, would overtake it: a backspace would delete the wrong letter.
    """
    action = bound_action(widget, event.key)
    if action and not widget.disabled:
        event.stop()
        event.prevent_default()
        await widget.run_action(action)
