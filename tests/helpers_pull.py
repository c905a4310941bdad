"""`cgwizard pull` as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from cgwizard.practice.world import ADMIN, ADMIN_PASSWORD
from tests.conftest import leaks

PROGRAM = str(Path(sys.executable).parent / "cgwizard")
LOGIN = ("--username", ADMIN, "--password-stdin")


def run(
    *arguments: str, password: str = ADMIN_PASSWORD, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [PROGRAM, "pull", *arguments],
        input=password,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        env={**os.environ, **(env or {})},
    )
    assert "Traceback" not in done.stderr
    assert not leaks((done.stdout + done.stderr).encode())
    return done


def lines(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]
