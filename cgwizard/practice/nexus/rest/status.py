"""Whether the server is up, may be written to, and is healthy."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from cgwizard.practice.nexus.routing import Call, Routes, reply

routes = Routes("Status")


@routes.add("GET", "/v1/status")
def readable(_call: Call) -> Response:
    return Response(b"", 200)


@routes.add("GET", "/v1/status/writable")
def writable(call: Call) -> Response:
    return Response(b"", 503 if call.state.read_only else 200)


@routes.add("GET", "/v1/status/check", access="nexus:metrics:read")
@routes.add("GET", "/internal/ui/status-check", access="nexus:metrics:read")
def checks(call: Call) -> Response:
    disk = shutil.disk_usage(call.state.data)
    space = disk.free > 4 * 1024**3
    results = {
        "Available CPUs": _result(True, "The host system is allocating a maximum of 4 cores."),
        "Blob Stores Ready": _result(
            True, f"{len(call.state.blob_stores)} blob stores are started"
        ),
        "Blob Stores Quota": _result(True, "All blob stores are within their quota"),
        "Default Admin Credentials": _result(True, None),
        "Default Secret Encryption Key": _result(
            False, "Nexus was not configured with an encryption key and is using the Default key."
        ),
        "File Descriptors": _result(True, "Recommended file descriptor limit: 65536"),
        "Lifecycle Phase": _result(True, None),
        "Read-Only Detector": _result(
            not call.state.read_only,
            "Read-Only mode is active" if call.state.read_only else "Database is writable",
        ),
        "Available Space": _result(space, f"{disk.free // 1024**2} MB free for blob stores"),
        "Thread Deadlock Detector": _result(True, None),
    }
    return reply(results)


def _result(healthy: bool, message: str | None) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "healthy": healthy,
        "message": message,
        "error": None,
        "details": None,
        "time": int(now.timestamp() * 1000),
        "duration": 0,
        "timestamp": now.isoformat(timespec="milliseconds"),
    }
