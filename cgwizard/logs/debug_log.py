"""`--debug-log FILE`: every HTTP exchange, without secrets.

Secrets are removed in three ways, because such files are sent to others: headers and members by
their names, tokens by their shape, and every secret that this process knows by its text, in every
form in which it is sent.
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
from cgwizard.text.sanitize import printed_line

if TYPE_CHECKING:
    import httpx

MAX_BYTES = 16 << 10  # of a body; longer ones are listings or layers
_TEXT = ("json", "text/", "xml", "html", "x-www-form-urlencoded")


class DebugLog:
    """Writes requests and responses from any thread. When a write fails, the log ends and `ended`
    says why; the program continues."""

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
        except RuntimeError:  # a streamed body; the program sends none
            body = b""
        lines = [f"> {request.method} {redact.url(str(request.url))}"]
        lines += [f"> {line}" for line in _headers(request.headers)]
        lines += [f"> {line}" for line in _body(body, request.headers)]
        self._write(number, lines)

    def response(self, response: httpx.Response) -> None:
        import httpx

        number, began = response.request.extensions.get("cgwizard", (0, time.monotonic()))
        took = time.monotonic() - began
        # Not the server's own reason: httpx drops what is not ASCII, so a secret in it could not be
        # recognized.
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
        text = "".join(f"{now} #{number} {redact.said(line)}\n" for line in lines)
        data = memoryview(text.encode("utf-8", "backslashreplace"))
        with self._lock:
            try:
                while data and not self.ended:
                    data = data[os.write(self._descriptor, data) :]
            except OSError as error:
                self.ended = error.strerror or str(error)


_active: DebugLog | None = None


def start(path: Path) -> DebugLog:
    """Log every exchange from now on. Raises WizardError ``debug-log-unwritable``.

    An existing file of the user is appended to and gets mode 0600. A device or a pipe keeps its
    mode: otherwise root would close /dev/null to everybody else.
    """
    global _active  # noqa: PLW0603  (once a process is the point)
    try:
        # Without O_NONBLOCK a pipe that nobody reads would block for ever.
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
    atexit.register(_report_end, _active, path)  # after the screens are closed
    return _active


def _report_end(log: DebugLog, path: Path) -> None:
    if log.ended:
        told = printed_line(f"cgwizard: the debug log {path} is not whole: {log.ended}")
        print(told, file=sys.stderr)  # noqa: T201


def hook(client: httpx.Client) -> None:
    """Log what ``client`` sends and receives, if `start` was called."""
    if _active is not None:
        client.event_hooks["request"].append(_active.request)
        client.event_hooks["response"].insert(0, _active.response)


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
        """Passes the body on and keeps its beginning for the log."""

        def __init__(self) -> None:
            self.kept = bytearray()
            self.total = 0
            self.logged = False

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
            if not self.logged:
                self.logged = True
                log.body(number, bytes(self.kept), self.total, response.headers)

    return Tee()
