"""Make a pull token with Chainguard's own command line, where it is installed.

Flags and outputs are those of the documentation's pages *chainctl auth pull-token create* and
*Pull token output formats*: with ``--output=json`` it prints
``{"identity_id": "...", "token": "..."}``. Older versions print a ``docker login`` line, and still
older ones have only ``chainctl auth configure-docker --pull-token``; both are understood. What
chainctl prints is a secret and is never shown or logged.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from cgwizard.cancel import Cancel
from cgwizard.errors import Code, WizardError
from cgwizard.system import subprocess as process
from cgwizard.text.sanitize import shortened
from cgwizard.tokens import paste
from cgwizard.tokens.claims import PullToken

MAX_TTL = timedelta(hours=8760)  # a year; some plans allow only 168 or 720 hours
DEFAULT_TTL = timedelta(hours=720)

_TIMEOUT = 60.0  # seconds; a sign-in in the browser that nobody answers ends here
_UNKNOWN_COMMAND = re.compile(r"unknown (?:command|flag|shorthand flag)")


def available() -> Path | None:
    """Where chainctl is installed, or None."""
    found = shutil.which("chainctl")
    return Path(found) if found else None


def create_pull_token(
    organization: str,
    ttl: timedelta = DEFAULT_TTL,
    cancel: Cancel | None = None,
    *,
    name: str = "nexus-pull-through",
    timeout: float = _TIMEOUT,
) -> PullToken:
    """Make a pull token for images, valid for ``ttl``; takes an organization's name or identifier.

    Raises `WizardError` with a ``chainctl-…`` or ``token-…`` code, and `Cancelled`. A run that
    was cut short may have made a token that nobody saw: ``chainctl auth pull-token list`` lists it
    under ``name``.
    """
    hours = ttl // timedelta(hours=1)
    if not 1 <= hours <= MAX_TTL // timedelta(hours=1):
        tried = "the wizard's own check"
        raise WizardError(Code.CHAINCTL_TTL, tried=tried, came_back=f"{hours} hours")
    # One word each, so that a name that starts with a dash is not taken for an option.
    options = [f"--parent={organization}", f"--ttl={hours}h", f"--name={name}"]
    tried = "`chainctl auth pull-token create`"
    output = _run(
        ["auth", "pull-token", "create", *options, "--output=json"], tried, cancel, timeout
    )
    if output.exit_code and _UNKNOWN_COMMAND.search(output.stderr):
        tried = "`chainctl auth configure-docker --pull-token`"
        output = _run(
            ["auth", "configure-docker", "--pull-token", *options], tried, cancel, timeout
        )
    if output.exit_code:
        raise _failure(tried, output)
    return paste.parse(output.stdout).named(organization)


def _run(
    arguments: Sequence[str], tried: str, cancel: Cancel | None, timeout: float
) -> process.ProcessResult:
    program = available()
    if program is None:
        came_back = "no program of that name on the PATH"
        raise WizardError(Code.CHAINCTL_MISSING, tried=tried, came_back=came_back)
    try:
        return process.run([str(program), *arguments], timeout=timeout, cancel=cancel)
    except process.TookTooLong:
        came_back = f"nothing in {timeout:g} seconds"
        raise WizardError(Code.CHAINCTL_TIMEOUT, tried=tried, came_back=came_back) from None
    except OSError as error:
        raise WizardError(
            Code.CHAINCTL_FAILED,
            tried=tried,
            came_back=error.strerror or "it could not be started",
            cause="the program is there but the system does not start it",
            next_step=f"see whether {program} version runs; else paste a token",
        ) from None


def _failure(tried: str, output: process.ProcessResult) -> WizardError:
    said = output.stderr.lower()
    code = next((c for pattern, c in _KNOWN if pattern.search(said)), Code.CHAINCTL_FAILED)
    came_back = f"exit code {output.exit_code}: {_last_line(output.stderr)}".rstrip(": ")
    return WizardError(code, tried=tried, came_back=came_back)


_KNOWN = (
    (
        re.compile(
            r"\bttl\b.{0,200}?(?:exceed|maximum|longer|invalid|greater)"
            r"|(?:exceed|maximum).{0,200}?\bttl\b"
        ),
        Code.CHAINCTL_TTL,
    ),
    (
        re.compile(
            r"no such host|connection refused|i/o timeout|dial tcp|network is unreachable"
            r"|x509|proxyconnect"
        ),
        Code.CHAINCTL_NETWORK,
    ),
    (re.compile(r"permission ?denied|capabilit|forbidden|\b403\b"), Code.CHAINCTL_NO_RIGHT),
    (
        re.compile(
            r"unauthenticated|not logged in|auth login|log in|token (?:has |is )?expired|\b401\b"
        ),
        Code.CHAINCTL_NOT_SIGNED_IN,
    ),
    (
        re.compile(
            r"unable to resolve|not ?found|invalidargument"
            r"|no (?:such )?(?:organization|group|folder)"
        ),
        Code.CHAINCTL_UNKNOWN_ORGANIZATION,
    ),
)


def _last_line(text: str) -> str:
    """The last line that chainctl wrote, without anything that may be a token."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    line = re.sub(r"eyJ[\w.-]+", "***", lines[-1]) if lines else ""
    return shortened(line, 200)
