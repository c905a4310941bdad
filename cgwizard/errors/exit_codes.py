"""How the process ends."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """How the process ends."""

    DONE = 0
    FAILED = 1  # something that was tried did not work
    USAGE = 2  # wrong arguments or answers, nothing was tried
    UNFINISHED = 3  # stopped on the way; can go on later
    WOULD_CHANGE = 4  # `apply --dry-run --exit-code`: something is not as the answers say
    CANCELLED = 130  # the user left


class PullExit(IntEnum):
    """How `cgwizard pull` ends beside `ExitCode`: one number a kind of cause, for scripts."""

    NO_ANSWER = 10  # not reached, or failing: DNS, refused, time-out, TLS, 5xx, cut connections
    SIGN_IN = 11  # no or wrong credentials, no right to the image
    NOT_THERE = 12  # no such image, tag or platform
    WRONG_BYTES = 13  # something did not match its digest or size
    ENGINE = 14  # the engine is missing, or one of its own settings is in the way
    NOT_SAME = 15  # pulled, but cgr.dev has another digest
