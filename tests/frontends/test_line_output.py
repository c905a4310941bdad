"""What the line front end says of checks and events."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import struct
import termios

import pytest

from cgwizard.events import Layer, Resolved
from cgwizard.frontends.line_output import Lines
from cgwizard.guide.shown import Check, Commands


def test_what_a_long_wait_is_for_is_told_meanwhile() -> None:
    out = io.StringIO()
    lines = Lines(out)
    lines.check(Check("up", "wait for Nexus", "running"))
    lines.check(Check("up", "wait for Nexus", "running", "its port is not open yet"))
    lines.check(Check("reach", "look for Nexus", "running", "http://nexus"))
    assert out.getvalue() == "  wait for Nexus: its port is not open yet\n"


def test_layers_that_an_engine_does_not_tell_are_not_counted() -> None:
    out = io.StringIO()
    lines = Lines(out)
    lines.event(Resolved("host/image:latest", "", "", "linux/amd64", ()))
    assert out.getvalue() == "  host/image:latest linux/amd64\n"
    lines.event(Resolved("host/image:latest", "sha256:1", "", "", (Layer("sha256:2", 1000, ""),)))
    assert "  1 layers, 1.0 kB\n" in out.getvalue()


@pytest.mark.parametrize("columns", [0, 40, 80, 200])
def test_commands_are_broken_for_the_terminal_and_whole_in_a_pipe(columns: int) -> None:
    digest = f"sha256:{'0123456789abcdef' * 4}"
    lines = (
        "podman login --tls-verify=false 127.0.0.1:5051 --username YOUR-USER",
        f"cosign verify --allow-http-registry 127.0.0.1:5051/c/wolfi-base@{digest}",
    )
    file = '[host."http://nexus-registry.department.example.com:5051"]'
    groups = (Commands("clients", lines), Commands("hosts.toml", (file,), file=True))
    if columns:
        reader, writer = pty.openpty()
        fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    else:
        reader, writer = os.pipe()
    with os.fdopen(writer, "w") as out:
        Lines(out).commands(groups)
        told = ""
        while file not in told or not told.endswith("\n"):
            told += os.read(reader, 65536).decode().replace("\r", "")
    os.close(reader)
    if not columns:
        whole = ("# clients", *lines, "# hosts.toml", file)
        assert told == "".join(f"  {row}\n" for row in whole)
    assert f"  {file}\n" in told
    assert digest in told
    for row in told.split("\n"):
        if columns and digest not in row and file not in row:
            assert len(row) <= columns, row
    if columns == 80:
        assert f"  D={digest}\n" in told
