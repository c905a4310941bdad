"""What the line front end says of checks and events."""

from __future__ import annotations

import io

from cgwizard.events import Layer, Resolved
from cgwizard.frontends.line_output import Lines
from cgwizard.guide.shown import Check


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
