"""The wizard in a pty of 80x24, and what it writes to it: all of it, and when."""

from __future__ import annotations

import json
import os
import select
import sys
import time
from pathlib import Path

import pyte
from ptyprocess import PtyProcess

SECONDS = 120.0
SSH = {"SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22"}

# The wizard at its pull, from Enter to the result. What is asked after a pull is left out, since
# only Nexus answers it.
PULL = """
import asyncio, json, sys, time
from pathlib import Path
from cgwizard.plan import model as plan
from cgwizard.app import Wizard
from cgwizard.guide.pull_image import ImagePull
from cgwizard.guide.guide import Guide
from cgwizard.proof.result import Proof
from cgwizard.registry.client import Registry
from cgwizard.screens.pull import PullScreen

host, name, out = sys.argv[1:]
ImagePull.prove = lambda image, finished: Proof(str(image.reference), finished)
session = Guide(url=f"http://{host}")
session.plan = plan.Plan(
    routing=plan.Routing(int(host.rpartition(":")[2])), developer=plan.Developer()
)
session.connector = lambda *_, **__: Registry(f"http://{host}")
step = session.steps.pull
step.values["free_image"] = name
delays = []

def memory(what):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what))

class Bench(Wizard):
    def get_default_screen(self):
        return PullScreen(step)

    def on_ready(self):
        asyncio.create_task(self.watch())

    async def watch(self):
        while self.screen.busy:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.5)  # what the start draws is not the pull's
        idle = memory("VmRSS")
        start = time.monotonic()
        await self.screen.action_main()
        while not session.proofs:
            before = time.perf_counter()
            await asyncio.sleep(0.005)
            delays.append(time.perf_counter() - before - 0.005)
            if step.problem:
                raise SystemExit(step.problem)
        while self.screen.busy:
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.2)  # the result is drawn
        end = time.monotonic()
        finished = session.proofs[0].finished
        delays.sort()
        told = {"seconds": finished.seconds, "p99": delays[int(len(delays) * 0.99)],
                "most": delays[-1], "start": start, "end": end,
                "memory": memory("VmHWM") - idle}
        Path(out).write_text(json.dumps(told))
        await asyncio.sleep(0.2)
        self.exit(0)

Bench(session).run(mouse=False)
"""


class Line:
    """A pty with a program at its far end; keeps what comes over it, and when."""

    def __init__(self, *command: str, env: dict[str, str]) -> None:
        settings = {**os.environ, "TERM": "xterm-256color", **env}
        self.process = PtyProcess.spawn(list(command), dimensions=(24, 80), env=settings)
        self.received: list[tuple[float, bytes]] = []
        self._screen = pyte.Screen(80, 24)
        self._stream = pyte.ByteStream(self._screen)

    def read(self, seconds: float) -> int:
        """Read for so long; returns the number of bytes."""
        end, count = time.monotonic() + seconds, 0
        while (left := end - time.monotonic()) > 0:
            if select.select([self.process.fd], [], [], left)[0]:
                data = self.process.read(65536)
                self.received.append((time.monotonic(), data))
                self._stream.feed(data)
                count += len(data)
        return count

    @property
    def count(self) -> int:
        return sum(len(data) for _, data in self.received)

    def to_end(self) -> None:
        end = time.monotonic() + SECONDS
        try:
            while time.monotonic() < end:
                self.read(0.5)
        except EOFError:
            pass

    def until(self, text: str) -> None:
        end = time.monotonic() + SECONDS
        while text not in (shown := "\n".join(self._screen.display)):
            self.read(0.05)
            assert time.monotonic() < end, shown

    def enter(self) -> None:
        self.process.write(b"\r")

    def between(self, start: float, end: float) -> list[tuple[float, int]]:
        return [(at, len(data)) for at, data in self.received if start <= at <= end]


def worst_second(received: list[tuple[float, int]]) -> int:
    """The most bytes within any one second."""
    return max(
        (
            sum(n for at, n in received[i:] if at < since + 1)
            for i, (since, _) in enumerate(received)
        ),
        default=0,
    )


def pull_on_screen(host: str, name: str, out: Path, **env: str) -> tuple[dict[str, float], Line]:
    out.unlink(missing_ok=True)
    line = Line(sys.executable, "-c", PULL, host, name, str(out), env=env)
    try:
        line.to_end()
    finally:
        line.process.terminate(force=True)
    told: dict[str, float] = json.loads(out.read_text())
    return told, line
