"""What the fields of a form, and work in a thread, tell their screen."""

from __future__ import annotations

from textual.message import Message


class Answered(Message):
    """The user changed an answer: ask the form for it. The message does not carry it, since
    by the time it is read more may have been typed."""

    def __init__(self, field: str) -> None:
        super().__init__()
        self.field = field


class Confirmed(Message):
    """Enter was pressed in a field: the screen's main action is meant."""


class Refused(Message):
    """What was to be entered was not taken; told below the field."""

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
