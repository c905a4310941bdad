"""What the fields of a form, and work in a thread, tell their screen."""

from __future__ import annotations

from textual.message import Message


class Answered(Message):
    """The user changed an answer. Ask the form for its text: the user may have typed more by the
    time that the message is read."""

    def __init__(self, field: str) -> None:
        super().__init__()
        self.field = field


class Confirmed(Message):
    """Enter was pressed in a field, which asks for the screen's main action."""


class Refused(Message):
    """A field did not accept a text; ``why`` is shown below the field."""

    def __init__(self, why: str) -> None:
        super().__init__()
        self.why = why


class WorkReported(Message):
    """Something new came in from the work in the thread."""


class WorkEnded(Message):
    """The work in the thread ended; ``what`` says what it was."""

    def __init__(self, what: str = "") -> None:
        super().__init__()
        self.what = what


class InputLost(Message):
    """The terminal sent what is no text: ``count`` bytes that are no characters, or, when it is
    0, a sequence that is no key."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count


class TerminalGone(Message):
    """Nothing can be typed any more."""
