"""Files that are saved for the user, in the folder where the program was started."""

from __future__ import annotations

import os
from pathlib import Path

from cgwizard.errors import Code, WizardError


def save(text: str, folder: Path, name: str) -> Path:
    """A file with ``text`` in ``folder``, for its owner alone: a new one, or one that holds just
    this already. What is there is never overwritten. Raises WizardError `file-not-saved`."""
    stem, suffix = Path(name).stem, Path(name).suffix
    for number in range(1, 100):
        path = folder / (name if number == 1 else f"{stem}-{number}{suffix}")
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            if _holds(path, text):
                return path
            continue
        except OSError as error:
            raise _unsaved(path, error) from error
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            path.unlink(missing_ok=True)
            raise _unsaved(path, error) from error
        return path
    raise _unsaved(folder / name, OSError("a hundred files of this name are there already"))


def _holds(path: Path, text: str) -> bool:
    try:
        return path.is_file() and path.read_bytes() == text.encode()
    except OSError:
        return False


def _unsaved(path: Path, error: OSError) -> WizardError:
    return WizardError(
        Code.FILE_NOT_SAVED,
        tried=f"writing {path}",
        came_back=error.strerror or str(error),
    )
