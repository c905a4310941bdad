"""The wizard's own files: written whole or not at all, and readable only by their owner."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from cgwizard.errors import Code, WizardError


def state_folder() -> Path:
    """Where runs, journals, crash reports and the list of kept secrets are."""
    from platformdirs import user_state_path

    return user_state_path("cgwizard", appauthor=False)


def private_folder(path: Path) -> Path:
    """``path``; if it is missing, it is made with mode 0700. Raises OSError."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def write_whole(path: Path, data: bytes) -> None:
    """Replace the content of ``path`` by ``data``, with mode 0600. After a crash, a power loss or
    on a full disk the file has either the old content or the new one. Raises OSError."""
    private_folder(path.parent)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        draft.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise
    _sync_folder(path.parent)


def remove(path: Path) -> bool:
    """Delete ``path``. Returns whether it existed. Raises OSError."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    _sync_folder(path.parent)
    return True


def _sync_folder(path: Path) -> None:
    # The new name must be on the disk too. Not every file system supports this.
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def unwritable(code: Code, what: str, path: Path, error: OSError) -> WizardError:
    """The error for a file that could not be written."""
    return WizardError(
        code,
        tried=f"writing {what} to {path}",
        came_back=error.strerror or str(error),
        cause="the disk is full, or the folder cannot be written to",
        next_step="make room, or set XDG_STATE_HOME to a folder that can be written to",
    )


def not_removed(path: Path, error: OSError) -> WizardError:
    """The error for a file that could not be removed."""
    return WizardError(
        Code.NOT_FORGOTTEN,
        tried=f"removing {path}",
        came_back=error.strerror or str(error),
        cause="it is not yours, or the disk cannot be written to",
        next_step=f"remove it yourself: rm {path}",
    )
