"""Runs that end, or get a full disk, at each of the points of `tests.support.crash_points`."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self, TypeVar

import msgspec

from tests.support.crash_points import ROOT, Order, Outcome
from tests.support.ports import free_port
from tests.support.practice_world import practice_world

T = TypeVar("T")


class Runner:
    """One practice world and one process that is forked for each run against it."""

    def __init__(self, state: Path) -> None:

        self.state = state
        self.world = practice_world()
        self.world.start()
        self.world.state.search_lag = 0
        info = self.world.info
        self._order = Order(
            state=str(state),
            nexus=info.nexus_url,
            registry=info.registry_url,
            token_user=info.pull_token.username,
            ports=(free_port(), free_port()),
        )
        secrets = {
            "PASSWORD": info.password.reveal(),
            "TOKEN": info.pull_token.password.reveal(),
            "DOCKER_HOST": "unix:///none/docker.sock",
            "CONTAINER_HOST": "unix:///none/podman.sock",
        }
        self._start: dict[str, Any] = {
            "args": [sys.executable, "-m", "tests.support.crash_points"],
            "text": True,
            "cwd": ROOT,
            "env": {**os.environ, **secrets},
        }
        self._process = subprocess.Popen(
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, **self._start
        )

    def run(self, **order: Any) -> Outcome:
        """See `Order`. Fails where the process failed in another way than it was to."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        changed = msgspec.structs.replace(self._order, **order)
        self._process.stdin.write(msgspec.json.encode(changed).decode() + "\n")
        self._process.stdin.flush()
        answer = msgspec.json.decode(self._process.stdout.readline(), type=Outcome | None)
        assert answer is not None, f"the process failed by itself: {order}"
        return answer

    def traced(self, log: Path) -> list[str]:
        """One run under strace; what it called that changes files below the state folder, as
        "CALL(ARGUMENTS) = RESULT"."""
        calls = "openat,write,pwrite64,fsync,rename,renameat,renameat2,mkdir,unlink,ftruncate"
        # A file a thread: in one for all of them a call may be torn in two by another's.
        args = ["strace", "-ff", "-y", "-o", str(log), "-e", f"trace={calls}", *self._start["args"]]
        subprocess.run(
            **{**self._start, "args": args}, check=True, capture_output=True, timeout=60,
            input=msgspec.json.encode(self._order).decode(),
        )  # fmt: skip
        logs = log.parent.glob(f"{log.name}.*")
        found = [line for each in logs for line in each.read_text().splitlines()]
        return [
            call
            for call in found
            if str(self.state) in call and not (call.startswith("openat") and "O_RDONLY" in call)
        ]

    def nexus(self) -> dict[str, Any]:
        """Everything that a run could have changed in Nexus, passwords included."""

        def look() -> dict[str, Any]:
            state = self.world.state
            return {
                "repositories": {
                    name: (repo.format, repo.type, msgspec.to_builtins(repo.settings))
                    for name, repo in sorted(state.repositories.items())
                },
                "cached": {
                    name: sorted(asset.path for asset in self.world.docker.assets(repo))
                    for name, repo in state.repositories.items()
                    if repo.format == "docker"
                },
                "realms": list(state.realms_active),
                "anonymous": state.anonymous.enabled,
                "agreement": state.eula_accepted,
                "users": sorted(state.users),
                "roles": sorted(state.roles),
                "stores": sorted(state.blob_stores),
                "read only": state.read_only,
            }

        found: dict[str, Any] = self.world.call(look)
        return found

    def close(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(30)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self.world.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """pytest keeps what is logged, which for thousands of requests takes half of the time."""
    loggers = [logging.getLogger(name) for name in ("httpcore", "httpx", "cgwizard")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.WARNING)
    yield
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


# Of the points at which a run is cut, these are tried: each one by `make fuzz`.
EVERY = int(os.environ.get("CGWIZARD_POINTS_EVERY", "3"))


def everywhere(workers: list[T], points: list[int], check: Callable[[T, int], None]) -> None:
    """``check`` at ``points``, by all workers at once; fails with the first that failed. Between
    the first and the last one only each `EVERY`th is tried."""
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    for point in sorted({*points[::EVERY], points[-1]}):
        waiting.put(point)
    failed: list[BaseException] = []

    def work(worker: T) -> None:
        while not failed:
            try:
                point = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                check(worker, point)
            except BaseException as error:
                error.add_note(f"it was at effect {point}")
                failed.append(error)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
