"""How `cgwizard pull` ends: one exit code a kind of cause, for scripts."""

from __future__ import annotations

from enum import IntEnum

from cgwizard.errors import ExitCode, WizardError


class PullExit(IntEnum):
    """Beside `ExitCode`: 0 pulled and verified, 1 none of these, 2 wrong arguments or name,
    130 stopped by the person."""

    NO_ANSWER = 10  # not reached, or failing: DNS, refused, time-out, TLS, 5xx, cut lines
    SIGN_IN = 11  # no or wrong credentials, no right to the image
    NOT_THERE = 12  # no such image, tag or platform
    WRONG_BYTES = 13  # something did not match its digest or size
    ENGINE = 14  # the engine is missing, or one of its own settings is in the way
    NOT_SAME = 15  # pulled, but cgr.dev has another digest


_CODES: dict[str, int] = {
    "cache-stale-tag": PullExit.NOT_SAME,
    **dict.fromkeys(
        (
            "login-wrong",
            "no-login",
            "no-read-privilege",
            "not-entitled",
            "token-refused",
            "nexus-locked-out",
        ),
        PullExit.SIGN_IN,
    ),
    **dict.fromkeys(("manifest-unknown", "blob-unknown", "platform"), PullExit.NOT_THERE),
    **dict.fromkeys(
        (
            "digest-mismatch",
            "size-mismatch",
            "diff-id-mismatch",
            "layer-corrupt",
            "layer-too-large",
            "manifest-invalid",
        ),
        PullExit.WRONG_BYTES,
    ),
    **dict.fromkeys(("client-plain-http", "client-untrusted-ca"), PullExit.ENGINE),
    **dict.fromkeys(
        (
            "client-proxy-in-the-way",
            "challenge-wrong-host",
            "rate-limited",
            "range-wrong",
            "redirect-loop",
            "answer-too-large",
            "repository-offline",
            "token-unreadable",
            "nexus-read-only",
            "nexus-ce-limit",
            "nexus-eula",
        ),
        PullExit.NO_ANSWER,
    ),
}
_BEGINNINGS: tuple[tuple[str, int], ...] = (
    ("name-", ExitCode.USAGE),
    ("output-not", ExitCode.USAGE),
    ("ca-file", ExitCode.USAGE),
    ("engine-", PullExit.ENGINE),
    ("registry-", PullExit.NO_ANSWER),
    ("remote-", PullExit.NO_ANSWER),
)


def exit_code(error: WizardError) -> int:
    if error.exit_code != ExitCode.FAILED:  # its own says more: nothing was tried
        return int(error.exit_code)
    if error.code in _CODES:
        return int(_CODES[error.code])
    fits = (code for begin, code in _BEGINNINGS if error.code.startswith(begin))
    return int(next(fits, error.exit_code))
