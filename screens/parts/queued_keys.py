"""A field's own keys, in the order in which they were pressed."""

from __future__ import annotations

from textual.events import Key
from textual.widget import Widget

from cgwizard.screens.parts.terminal.textual_internals import bound_action


async def act(widget: Widget, event: Key) -> None:
    """Do what ``event`` is bound to in ``widget``, now that its turn has come.

    Textual sends a bound key up to the application first. Letters that were typed behind it, or
    the tab to the next field, would come before it: a backspace would take the wrong letter.
    """
    action = bound_action(widget, event.key)
    if action and not widget.disabled:
        event.stop()
        event.prevent_default()
        await widget.run_action(action)
