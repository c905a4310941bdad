"""Writes the CycloneDX bill of materials of a wheel: the wheel itself, and every line of
requirements.lock with its hashes. The same wheel and lock file give the same bytes.

    python docs/sbom.py dist/cgwizard-0.1.0-py3-none-any.whl dist/cgwizard.cdx.json
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LOCK = Path(__file__).parents[1] / "requirements.lock"
ITSELF = "cgwizard (pyproject.toml)"


@dataclass
class Requirement:
    """A package of the lock file. ``via`` has the names of those that need it."""

    name: str
    version: str
    marker: str
    hashes: list[str] = field(default_factory=list)  # SHA-256, one for each file of the package
    via: list[str] = field(default_factory=list)

    @property
    def purl(self) -> str:
        return f"pkg:pypi/{self.name}@{self.version}"


def requirements(lock: str) -> list[Requirement]:
    """Every package of ``lock``. Raises ValueError for a line that is not understood."""
    found: list[Requirement] = []
    for line in lock.splitlines():
        text = line.strip().removesuffix("\\").strip()
        if match := re.fullmatch(r"([a-z0-9-]+)==([^\s;]+)(?: ; (.+))?", text):
            found.append(Requirement(match[1], match[2], match[3] or ""))
        elif match := re.fullmatch(r"--hash=sha256:([0-9a-f]{64})", text):
            found[-1].hashes.append(match[1])
        elif match := re.fullmatch(r"#(?: via| {2,})\s*(.*)", text):
            if found and match[1]:
                found[-1].via.append(match[1])
        elif text and not text.startswith("#"):
            raise ValueError(f"not a line of a lock file: {text}")
    return found


def bill(wheel: Path, locked: list[Requirement]) -> dict[str, Any]:
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    name, version = wheel.name.split("-")[:2]
    itself = f"pkg:pypi/{name}@{version}"
    needs = {each.purl: [o.purl for o in locked if each.name in o.via] for each in locked}
    direct = [each.purl for each in locked if ITSELF in each.via]
    used = set(direct)
    while more := {purl for each in used for purl in needs[each]} - used:
        used |= more
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": uuid.uuid5(uuid.NAMESPACE_URL, f"{itself}#{digest}").urn,
        "version": 1,
        "metadata": {
            "lifecycles": [{"phase": "build"}],
            "component": {
                "type": "application",
                "bom-ref": itself,
                "name": name,
                "version": version,
                "purl": itself,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
                "hashes": [{"alg": "SHA-256", "content": digest}],
            },
        },
        "components": [_component(each, each.purl in used) for each in locked],
        "dependencies": [
            {"ref": itself, "dependsOn": direct},
            *({"ref": purl, "dependsOn": there} for purl, there in needs.items()),
        ],
    }


def _component(each: Requirement, used: bool) -> dict[str, Any]:
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": each.purl,
        "name": each.name,
        "version": each.version,
        "purl": each.purl,
        # What only builds the wheel is not there when it runs.
        "scope": "required" if used else "excluded",
        # The hashes of a package's files, any of which may be installed: not of the package.
        "externalReferences": [
            {
                "type": "distribution",
                "url": each.purl,
                "hashes": [{"alg": "SHA-256", "content": digest} for digest in each.hashes],
            }
        ],
    }
    if each.marker:
        component["properties"] = [{"name": "cgwizard:marker", "value": each.marker}]
    return component


def main() -> None:
    wheel, target = map(Path, sys.argv[1:])
    made = bill(wheel, requirements(LOCK.read_text(encoding="utf-8")))
    target.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
