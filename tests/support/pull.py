"""Pulls for tests: `cgwizard pull` as a process, the built-in puller, and skopeo beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cgwizard.errors import WizardError
from cgwizard.practice.world import ADMIN, PracticeWorld
from cgwizard.registry.client import Registry
from cgwizard.registry.pull import pull
from cgwizard.registry.reference import Reference
from tests.conftest import leaks
from tests.support.practice_world import ADMIN_PASSWORD

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


def proving(world: PracticeWorld, *more: str) -> tuple[str, ...]:
    return ("--json", "--verify-upstream", "--upstream", world.info.registry_url, *more)


def checks(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    assert done.returncode == 0, done.stdout + done.stderr
    found = {e["id"]: e for e in lines(done) if e["event"] == "check"}
    last = lines(done)[-1]
    assert last["event"] == "finished"
    assert last["checks"] == {name: check["state"] for name, check in found.items()}
    return found


def named(url: str, rest: str) -> Reference:
    return Reference.parse(f"{url.removeprefix('http://')}/{rest}")


def skopeo(*arguments: str | Path) -> Any:
    done = subprocess.run(
        ["skopeo", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout.startswith("{") else done.stdout


def failing(registry: Registry, reference: Reference, **options: Any) -> WizardError:
    with pytest.raises(WizardError) as caught:
        pull(registry, reference, **options)
    return caught.value
