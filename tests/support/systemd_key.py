"""A host key for systemd-creds in tests, so that they never use the machine's key."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

HOST_KEY_OF_ITS_OWN = "SYSTEMD_CREDENTIAL_SECRET"


@functools.cache
def _why_not() -> str:
    """Why systemd-creds cannot be used here; empty where it can."""
    if shutil.which("systemd-creds") is None:
        return "not installed: systemd-creds (see .ci/run for the Debian packages)"
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["systemd-creds", "--with-key=host", "--name=x", "encrypt", "-", "-"],
            input=b"x", capture_output=True, check=False, timeout=30,
            env={**os.environ, HOST_KEY_OF_ITS_OWN: str(Path(folder) / "key")},
        )  # fmt: skip
    said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
    return "" if done.returncode == 0 else f"systemd-creds does not work here: {said}"


def systemd_works() -> pytest.MarkDecorator:
    """Skip with the reason where it does not; in CI, which installs it, run and fail."""
    reason = _why_not()
    return pytest.mark.skipif(bool(reason) and not os.environ.get("CI"), reason=reason)
