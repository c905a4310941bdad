"""A Nexus that is reached through `ssh -L`, whose connectors are not forwarded."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

from tests.support.guide import session_of, through, walk
from tests.support.ports import free_port
from tests.support.practice_docker import wait_until
from tests.support.practice_world import practice_world
from tests.support.ssh import Sshd, needs_ssh

ELSEWHERE = "127.0.0.2"  # the server: what listens there does not listen on 127.0.0.1


@needs_ssh
def test_the_missing_forwarding_is_named_and_nexus_itself_proves_the_pull(tmp_path: Path) -> None:
    with practice_world(host=ELSEWHERE) as world, Sshd(tmp_path / "sshd") as sshd:
        world.start()
        world.state.search_lag = 0.05
        nexus = world.info.nexus_url.rpartition(":")[2]
        port = free_port()
        command = [part for part in sshd.command if part != "-tt"]
        forward = ["-N", "-L", f"127.0.0.1:{port}:{ELSEWHERE}:{nexus}"]
        client = subprocess.Popen([*command[:-1], *forward, command[-1]], stdin=subprocess.DEVNULL)
        try:
            wait_until(lambda: answers(port), "the tunnel")
            session = session_of(world, url=f"http://127.0.0.1:{port}")
            walk(session, until="developer")
            check = session.steps.developer.checks["connector"]
            chosen = session.plan.routing
            assert chosen is not None
            assert check.state == "warning"
            assert f"add -L {chosen.port}:localhost:{chosen.port} for docker" in check.detail
            through(session.steps.token)
            through(session.steps.pull)
            assert [proof.verified for proof in session.proofs] == [True, True]
        finally:
            client.kill()
            client.wait(10)


def answers(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0
