"""After a crash: a report that can be sent to anybody, and a notice that says where it is.

The report has the exception, its stack and the machine, but no values of variables, because any
of them could be a secret.
"""

from __future__ import annotations

import os
import platform
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

from cgwizard import __version__
from cgwizard.logs import redact
from cgwizard.system import files
from cgwizard.text.sanitize import shortened

ENVIRONMENT = ("TERM", "COLORTERM", "LANG", "LC_ALL", "NO_COLOR", "PYTHON_KEYRING_BACKEND")
PACKAGES = ("textual", "httpx", "keyring", "msgspec", "cryptography")
MAX_CHAINED = 8


def report(error: BaseException, folder: Path | None = None) -> Path | None:
    """Write the report. Returns its path, or None if it could not be written.

    Raises nothing, because nothing would handle it.
    """
    try:
        folder = folder or files.state_folder() / "crashes"
        path = folder / f"{time.strftime('%Y%m%dT%H%M%S')}-{os.getpid()}.txt"
        files.write_whole(path, text(error).encode("utf-8", "backslashreplace"))
    except Exception:  # noqa: BLE001  (the first failure is the one to report)
        return None
    return path


def text(error: BaseException) -> str:
    return "\n".join([*_machine(), "", *_chain(error)]) + "\n"


def notice(error: BaseException, path: Path | None) -> str:
    """What the user reads after the screens are closed."""
    where = f"The report is in {path}" if path else "No report could be written"
    return (
        f"cgwizard: it stopped by an error of its own ({type(error).__name__}).\n"
        f"{where}; it holds no secret and no answer of yours.\n"
        "What was done in Nexus is in the journal: start again to go on, or: cgwizard undo"
    )


def _machine() -> Iterator[str]:
    from importlib.metadata import PackageNotFoundError, version

    yield f"cgwizard {__version__}"
    yield f"Python {platform.python_version()} on {platform.platform()}"
    for name in PACKAGES:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            yield f"{name} is not installed"
    # Options by name only: an argument may be a URL with a password in it.
    words = [word.partition("=")[0] for word in sys.argv[1:] if word.startswith("-")]
    command = next((word for word in sys.argv[1:2] if word.isalpha()), "")
    yield f"command: {' '.join(filter(None, ['cgwizard', command, *words]))}"
    for name in ENVIRONMENT:
        if name in os.environ:
            yield f"{name}={_line(os.environ[name])}"


def _chain(error: BaseException) -> Iterator[str]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen and len(seen) < MAX_CHAINED:
        seen.add(id(current))
        yield f"{type(current).__module__}.{type(current).__qualname__}: {_line(str(current))}"
        for frame in traceback.extract_tb(current.__traceback__):
            yield f"  {_short(frame.filename)}:{frame.lineno} in {frame.name}"
        cause = current.__cause__
        current = cause or (None if current.__suppress_context__ else current.__context__)
        if current is not None:
            yield "which came from" if cause else "which came while this was handled"


def _line(said: str) -> str:
    return shortened(redact.free(redact.said(said)), 500)


def _short(filename: str) -> str:
    """The path from the package on, because the folders above it may name a user."""
    parts = Path(filename).parts
    for mark in ("site-packages", "cgwizard"):
        if mark in parts:
            return "/".join(parts[parts.index(mark) :])
    return "/".join(parts[-2:])
