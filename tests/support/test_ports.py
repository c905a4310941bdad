"""Ports that tests open later: no two test processes can give the same one."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ports
from tests.support.network_namespace import MAX_WORKERS

EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")


def worker(number: int, count: int) -> dict[str, str]:
    return {"PYTEST_XDIST_WORKER": f"gw{number}", "PYTEST_XDIST_WORKER_COUNT": str(count)}


@pytest.mark.parametrize("count", [1, 2, MAX_WORKERS, 64])
def test_no_two_ranges_overlap(count: int) -> None:
    alone = ports.range_of({})
    ranges = [ports.range_of(worker(number, count)) for number in range(count)]
    if count <= MAX_WORKERS:
        ranges.append(alone)
    for one, other in itertools.combinations(ranges, 2):
        assert not set(one) & set(other)
    for each in (alone, *ranges):
        assert len(each) > 300
        assert each.start >= ports.FIRST
        assert each.stop <= ports.END


def test_this_process_gives_ports_of_its_range_once() -> None:
    given = [ports.free_port() for _ in range(20)]
    given += ports.free_ports(4)
    assert len(set(given)) == 24
    assert set(given) <= set(ports.range_of(os.environ))
    assert given[-4:] == list(range(given[-4], given[-4] + 4))


def test_a_port_that_is_in_use_is_not_given() -> None:
    taken = ports.free_port() + 1
    with socket.create_server(("127.0.0.1", taken)):
        assert ports.free_port() != taken
        assert taken not in ports.free_ports(3)


def test_the_system_gives_no_port_of_ours_to_outgoing_connections() -> None:
    if not EPHEMERAL.exists():
        pytest.skip("only Linux says which ports it gives")
    assert int(EPHEMERAL.read_text().split()[0]) >= ports.END


def test_two_processes_at_once_give_different_ports() -> None:
    program = "from tests.support.ports import free_port; print(*(free_port() for _ in range(50)))"
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_XDIST")}
    root = Path(__file__).parents[2]
    given: list[str] = []
    for more in ({}, worker(0, 2), worker(1, 2)):
        done = subprocess.run(
            [sys.executable, "-c", program],
            check=True, capture_output=True, text=True, cwd=root, env=clean | more, timeout=60,
        )  # fmt: skip
        given += done.stdout.split()
    assert len(set(given)) == 150
