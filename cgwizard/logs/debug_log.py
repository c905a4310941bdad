"""`--debug-log FILE`: every HTTP exchange, for whoever has to find out. Without secrets.

Three nets, because the file will be sent around: headers and members that hold secrets are
blanked by their names, tokens by their shape, and every secret that this process knows by its
text, in each form in which it travels.
"""

from __future__ import annotations

import atexit
import errno
import os
import stat
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cgwizard.errors import Code, ExitCode, WizardError
from cgwizard.logs import redact

if TYPE_CHECKING:
    import httpx

MAX_BYTES = 16 << 10  # of a body; what is longer is a listing or a layer
_TEXT = ("json", "text/", "xml", "html", "x-www-form-urlencoded")


class DebugLog:
    """Writes whole exchanges, from any thread. Where there is no more room it ends: what is
    logged goes on, and `ended` says why."""

    def __init__(self, descriptor: int) -> None:
        self.ended = ""
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._count = 0

    def request(self, request: httpx.Request) -> None:
        with self._lock:
            self._count += 1
            number = self._count
        request.extensions = {**request.extensions, "cgwizard": (number, time.monotonic())}
        try:
            body = request.content
        except RuntimeError:  # it streams; nothing of ours does
            body = b""
        lines = [f"> {request.method} {redact.url(str(request.url))}"]
        lines += [f"> {line}" for line in _headers(request.headers)]
        lines += [f"> {line}" for line in _body(body, request.headers)]
        self._write(number, lines)

    def response(self, response: httpx.Response) -> None:
        import httpx

        number, began = response.request.extensions.get("cgwizard", (0, time.monotonic()))
        took = time.monotonic() - began
        # Not the server's own words: httpx leaves out what is not ASCII, even of a secret there.
        reason = httpx.codes.get_reason_phrase(response.status_code)
        lines = [f"< {response.status_code} {reason} after {took:.3f} s"]
        lines += [f"< {line}" for line in _headers(response.headers)]
        self._write(number, lines)
        if isinstance(response.stream, httpx.SyncByteStream):
            response.stream = _tee(self, number, response)

    def body(self, number: int, data: bytes, total: int, headers: httpx.Headers) -> None:
        lines = [f"< {line}" for line in _body(data, headers)]
        self._write(number, [*lines, f"< ({total:,} bytes)"])

    def _write(self, number: int, lines: list[str]) -> None:
        now = time.strftime("%H:%M:%S", time.gmtime())
        text = "".join(f"{now} #{number} {redact.known(line)}\n" for line in lines)
        data = memoryview(text.encode("utf-8", "backslashreplace"))
        with self._lock:
            try:
                while data and not self.ended:
                    data = data[os.write(self._descriptor, data) :]
            except OSError as error:
                self.ended = error.strerror or str(error)


_active: DebugLog | None = None


def start(path: Path) -> DebugLog:
    """Log everything from now on. Raises WizardError ``debug-log-unwritable``.

    A file that is there is appended to when it is the user's own; its mode becomes 0600. That of
    a device or a pipe stays: for root, /dev/null too would be closed to everybody else.
    """
    global _active  # noqa: PLW0603  (once a process is the point)
    try:
        # Not blocking: a pipe that nobody reads would hold us for ever.
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK
        descriptor = os.open(path, flags, 0o600)
        found = os.fstat(descriptor)
        if stat.S_ISREG(found.st_mode):
            if found.st_uid != os.geteuid():
                raise PermissionError(errno.EPERM, f"it belongs to user {found.st_uid}")
            os.fchmod(descriptor, 0o600)
        else:
            os.set_blocking(descriptor, True)
    except OSError as error:
        raise WizardError(
            Code.DEBUG_LOG_UNWRITABLE,
            tried=f"opening {path} for the debug log",
            came_back=error.strerror or str(error),
            exit_code=ExitCode.USAGE,
        ) from error
    _active = DebugLog(descriptor)
    atexit.register(_tell_the_end, _active, path)  # the screens are gone then
    return _active


def _tell_the_end(log: DebugLog, path: Path) -> None:
    if log.ended:
        print(f"cgwizard: the debug log {path} is not whole: {log.ended}", file=sys.stderr)  # noqa: T201


def hook(client: httpx.Client) -> None:
    """Log what ``client`` sends and gets, where a log was asked for."""
    if _active is not None:
        client.event_hooks = {"request": [_active.request], "response": [_active.response]}


def _headers(headers: httpx.Headers) -> Iterator[str]:
    for name, value in headers.multi_items():
        yield f"{name}: {redact.header(name, value)}"


def _body(data: bytes, headers: httpx.Headers) -> list[str]:
    if not data:
        return []
    kind = headers.get("content-type", "")
    if not any(word in kind for word in _TEXT):
        return [f"({kind or 'no content type'}, not shown)"]
    if headers.get("content-encoding", "") in {"gzip", "deflate"}:
        try:
            data = zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(data, MAX_BYTES)
        except zlib.error:
            return ["(compressed, unreadable)"]
    return redact.body(data.decode("utf-8", "replace"), whole=len(data) < MAX_BYTES).split("\n")


def _tee(log: DebugLog, number: int, response: httpx.Response) -> httpx.SyncByteStream:
    import httpx

    inner = response.stream

    class Tee(httpx.SyncByteStream):
        """Passes the body on and keeps its beginning."""

        def __init__(self) -> None:
            self.kept = bytearray()
            self.total = 0
            self.told = False

        def __iter__(self) -> Iterator[bytes]:
            if not isinstance(inner, httpx.SyncByteStream):
                raise TypeError("a synchronous client has synchronous streams")
            for chunk in inner:
                self.total += len(chunk)
                if len(self.kept) < MAX_BYTES:
                    self.kept += chunk[: MAX_BYTES - len(self.kept)]
                yield chunk

        def close(self) -> None:
            if isinstance(inner, httpx.SyncByteStream):
                inner.close()
            if not self.told:
                self.told = True
                log.body(number, bytes(self.kept), self.total, response.headers)

    return Tee()
