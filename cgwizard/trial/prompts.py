"""The answers about a trial Nexus: parsed, validated, and shown as a command."""

from __future__ import annotations

import re
from collections.abc import Mapping

from cgwizard.engines.container_model import NEXUS_PORT
from cgwizard.errors import WizardError
from cgwizard.text import decode
from cgwizard.trial.model import TrialSpec

PREVIEW_WIDTH = 72
PORTS = range(1, 65536)
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")  # Docker's rule, and Podman's


def spec(values: Mapping[str, str], *, volume: str = "", host_network: bool = False) -> TrialSpec:
    """``volume``: "" for one that is named after the container. Call `problems` first."""
    return TrialSpec(
        values["image"].strip(),
        values["name"].strip(),
        decode.number(values["port"].strip()) or 0,
        _ports(values["connectors"]),
        volume,
        host_network=host_network,
    )


def problems(values: Mapping[str, str]) -> dict[str, str]:
    """What is wrong, by field."""
    found: dict[str, str] = {}
    if not _NAME.fullmatch(values["name"].strip()):
        found["name"] = "letters, digits, _ . - and two of them at least"
    try:
        image_for("podman", values["image"])
    except WizardError as error:
        found["image"] = f"{error.problem.cause}: {error.problem.next_step}"
    nexus = decode.number(values["port"].strip())
    if nexus not in PORTS:
        found["port"] = "a number from 1 to 65535"
    connectors = _ports(values["connectors"])
    if not connectors or any(port not in PORTS for port in connectors):
        found["connectors"] = "one port or more, such as 5051, 5052"
    elif len({*connectors, nexus}) <= len(connectors) or NEXUS_PORT in connectors:
        found["connectors"] = "each port once, and none that Nexus itself has"
    return found


def image_for(program: str, image: str) -> str:
    """The name for the engine's command. Podman may ask which registry a short name means.
    Raises WizardError with a code ``name-...``."""
    from cgwizard.registry.reference import Reference

    return str(Reference.parse(image)) if program == "podman" else image.strip()


def folded(command: str) -> tuple[str, ...]:
    """One command on several lines, for a shell, broken before options."""
    lines: list[str] = []
    for words in re.split(r" (?=-)", command):
        if lines and len(lines[-1]) + 1 + len(words) <= PREVIEW_WIDTH:
            lines[-1] += f" {words}"
        else:
            lines.append(f"  {words}" if lines else words)
    return (*(f"{line} \\" for line in lines[:-1]), lines[-1])


def _ports(text: str) -> tuple[int, ...]:
    """0 for what is no number."""
    return tuple(decode.number(word) or 0 for word in text.replace(",", " ").split())
