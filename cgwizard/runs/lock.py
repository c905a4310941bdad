"""One run a Nexus: the second cgwizard sees who has the first, and may take over.

The kernel holds the lock for as long as its process lives, so that neither kill -9 nor a power
loss leaves one behind. The file only says who it is.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import signal
import socket
import time
from pathlib import Path

import msgspec

from cgwizard.errors import Code, WizardError
from cgwizard.system import files
from cgwizard.text import decode
from cgwizard.text.units import ago

WAIT_SECONDS = 5.0  # for the other one to end in order
POLL_SECONDS = 0.05


class Holder(msgspec.Struct, frozen=True):
    """Who has a run open. ``since`` is seconds since the epoch."""

    pid: int
    user: str
    terminal: str  # "/dev/pts/3", "" without one
    origin: str  # the address an SSH session came from, or ""
    host: str
    since: float
    run: str
    taken_by: str = ""  # who took it over and ends this process; written by that one

    @property
    def where(self) -> str:
        return self.terminal.removeprefix("/dev/") or "no terminal"

    @property
    def who(self) -> str:
        origin = f" from {self.origin}" if self.origin else ""
        host = "" if self.host == socket.gethostname() else f" on {self.host}"
        return f"{self.user} on {self.where}{origin}{host}"

    @property
    def words(self) -> str:
        return f"{self.who}, since {ago(self.since)} (process {self.pid})"


class Lock:
    """Held from `acquire` to `release`, or to the end of the process."""

    def __init__(self, folder: Path, nexus: str, run: str) -> None:
        name = hashlib.sha256(nexus.encode()).hexdigest()[:16]
        self.path = folder / f"{name}.lock"
        self.nexus = nexus
        self.run = run
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Raises WizardError ``run-in-use`` that names the holder, ``run-not-saved``."""
        if self._descriptor is not None:
            return
        try:
            files.private_folder(self.path.parent)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise files.unwritable(
                Code.RUN_NOT_SAVED, "who is at work", self.path, error
            ) from error
        if not _locked(descriptor):
            os.close(descriptor)
            raise in_use(self.nexus, self.holder())
        self._descriptor = descriptor
        with contextlib.suppress(OSError):  # a full disk: the lock itself needs no room
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, msgspec.json.encode(_myself(self.run)), 0)

    def take_over(self) -> None:
        """End the other one in order and take its place. Raises WizardError ``run-in-use`` when
        it is on another host, ``run-not-taken-over`` when it does not end."""
        holder = self.holder()
        if holder is not None and holder.host != socket.gethostname():
            raise in_use(self.nexus, holder)
        if holder is not None and holder.pid != os.getpid():
            taken = msgspec.structs.replace(holder, taken_by=_myself(self.run).who)
            with contextlib.suppress(OSError):  # it ends without the word
                self.path.write_bytes(msgspec.json.encode(taken))
            _end(holder)
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                return self.acquire()
            except WizardError as error:
                if error.code != Code.RUN_IN_USE or time.monotonic() > deadline:
                    raise _stays(self.nexus, holder, error) from error
            time.sleep(POLL_SECONDS)

    def holder(self) -> Holder | None:
        """Who has it, as far as the file tells."""
        try:
            return decode.json(self.path.read_bytes(), Holder)
        except (OSError, decode.Unreadable):
            return None

    def taken_by(self) -> str:
        """Who took over from this process and ended it; empty where nobody did."""
        holder = self.holder() if self._descriptor is not None else None
        return holder.taken_by if holder is not None and holder.pid == os.getpid() else ""

    def at_work(self) -> Holder | None:
        """Who has it now, found without taking it."""
        holder = self.holder()
        if holder is None or holder.pid == os.getpid():
            return None
        try:
            descriptor = os.open(self.path, os.O_RDONLY)
        except OSError:
            return None
        try:
            return None if _locked(descriptor, shared=True) else holder
        finally:
            os.close(descriptor)

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)  # the kernel lets go with it
            self._descriptor = None


def _locked(descriptor: int, *, shared: bool = False) -> bool:
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a network file system without locks: better without than not at all
        return True
    return True


def _end(holder: Holder) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(holder.pid, signal.SIGTERM)
        os.kill(holder.pid, signal.SIGCONT)  # one that was stopped by Ctrl+Z would not hear it


def _myself(run: str) -> Holder:
    return Holder(
        pid=os.getpid(),
        user=os.environ.get("SUDO_USER") or _user(),
        terminal=_terminal(),
        origin=os.environ.get("SSH_CONNECTION", "").partition(" ")[0],
        host=socket.gethostname(),
        since=time.time(),
        run=run,
    )


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no name for this number
        return str(os.getuid())


def _terminal() -> str:
    for descriptor in range(3):
        try:
            return os.ttyname(descriptor)
        except OSError:
            continue
    return ""


def in_use(nexus: str, holder: Holder | None) -> WizardError:
    return WizardError(
        Code.RUN_IN_USE,
        tried=f"opening a run for {nexus}",
        came_back=f"another cgwizard is at it: {holder.words if holder else 'it does not say who'}",
    )


def _stays(nexus: str, holder: Holder | None, error: WizardError) -> WizardError:
    return WizardError(
        Code.RUN_NOT_TAKEN_OVER,
        tried=f"taking over the run for {nexus}",
        came_back=f"the other one did not end within {WAIT_SECONDS:.0f} s",
        cause=error.problem.came_back,
        next_step=f"end it: kill -9 {holder.pid}" if holder else "end it, then try again",
    )
