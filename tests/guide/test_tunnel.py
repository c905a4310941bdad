"""A Nexus that is reached through `ssh -L`, with and without its connectors."""

from __future__ import annotations

import contextlib
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.support.guide import session_of, through, walk
from tests.support.ports import free_port
from tests.support.practice_docker import wait_until
from tests.support.practice_world import practice_world
from tests.support.ssh import Sshd, needs_ssh

ELSEWHERE = "127.0.0.2"  # the server: what listens there does not listen on 127.0.0.1


@contextlib.contextmanager
def tunnel(sshd: Sshd, forwarded: dict[int, int]) -> Iterator[None]:
    """``forwarded``: the server's port, by the port on this machine."""
    command = [part for part in sshd.command if part != "-tt"]
    options = ["-N"]
    for here, there in forwarded.items():
        options += ["-L", f"127.0.0.1:{here}:{ELSEWHERE}:{there}"]
    client = subprocess.Popen([*command[:-1], *options, command[-1]], stdin=subprocess.DEVNULL)
    try:
        for port in forwarded:
            wait_until(lambda port=port: answers(port), "the tunnel")  # type: ignore[misc]
        yield
    finally:
        client.kill()
        client.wait(10)


def answers(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


@needs_ssh
def test_the_missing_forwarding_is_named_and_nexus_itself_proves_the_pull(tmp_path: Path) -> None:
    with practice_world(host=ELSEWHERE) as world, Sshd(tmp_path / "sshd") as sshd:
        world.start()
        world.state.search_lag = 0.05
        port, nexus = free_port(), int(world.info.nexus_url.rpartition(":")[2])
        url = f"http://127.0.0.1:{port}"
        with tunnel(sshd, {port: nexus}):
            session = session_of(world, url=url)
            walk(session, until="developer")
            check = session.steps.developer.checks["connector"]
            chosen = session.plan.routing
            assert chosen is not None
            assert check.state == "warning"
            assert f"add -L {chosen.port}:localhost:{chosen.port} for docker" in check.detail
            through(session.steps.token)
            through(session.steps.pull)
            assert [proof.verified for proof in session.proofs] == [True, True]
        with tunnel(sshd, {port: nexus, chosen.port: chosen.port}):
            again = session_of(world, url=url)
            walk(again, until="developer")
            assert again.steps.developer.checks["connector"].state == "done"
            assert not again.unforwarded
