"""What a release is made of: the same bytes from everybody, and a bill of materials."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.programs import needs

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
LOCK = ROOT / "requirements.lock"
NOT_COPIED = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "*.egg-info")


def make(target: str, where: Path, out: Path, **env: str) -> None:
    """`make TARGET` with the environment of the tests as it is, its products in ``out``."""
    venv = BIN.parent
    command = ["make", "--directory", str(where), f"VENV={venv}", "-o", f"{venv}/.dev"]
    done = subprocess.run(
        [*command, f"DIST={out}", target],
        env={"PATH": os.environ["PATH"], "HOME": str(out.parent), **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def copy(place: Path, time: int, mode: int) -> Path:
    """The checkout as another one has it: another folder, other times, other modes."""
    shutil.copytree(ROOT, place, symlinks=True, ignore=NOT_COPIED)
    for path in place.rglob("*"):
        if not path.is_symlink():
            path.chmod(mode | 0o111 if path.is_dir() else mode)
            os.utime(path, (time, time))
    return place


@needs("make")
def test_two_builds_are_the_same_bytes(tmp_path: Path) -> None:
    built = []
    for name, time, mode, zone, words in (
        ("one", 1_600_000_000, 0o644, "UTC", "C.UTF-8"),
        ("another", 1_700_000_003, 0o600, "Asia/Kathmandu", "C"),
    ):
        checkout = copy(tmp_path / name / "checkout", time, mode)
        out = tmp_path / name / "out"
        make("dist", checkout, out, SOURCE_DATE_EPOCH="1750000000", TZ=zone, LC_ALL=words)
        built.append({path.name: path.read_bytes() for path in out.iterdir()})
    assert sorted(name.rpartition(".")[2] for name in built[0]) == ["gz", "whl"]
    assert built[0].keys() == built[1].keys()
    for name, data in built[0].items():
        assert data == built[1][name], f"{name} differs"


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("release") / "out"
    make("sbom", ROOT, out, SOURCE_DATE_EPOCH="1750000000")
    return out / "cgwizard.cdx.json"


def refused(text: str) -> object:
    """What CycloneDX's own schema, in its strict form, has against ``text``; None: nothing."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    return JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)


@needs("make")
def test_the_bill_is_valid(bill: Path) -> None:
    text = bill.read_text()
    assert refused(text) is None
    for good, bad in (("SHA-256", "SHA-0"), ('"components"', '"parts"'), ('"library"', '"book"')):
        assert refused(text.replace(good, bad)) is not None, "the schema is really looked at"


@needs("make")
def test_the_bill_has_every_line_of_the_lock_file_with_its_hashes(bill: Path) -> None:
    blocks = re.split(r"^(?=\S+==)", LOCK.read_text(), flags=re.MULTILINE)[1:]
    wanted = {
        re.split(r"[\s;]", block)[0]: sorted(re.findall(r"sha256:(\w+)", block)) for block in blocks
    }
    assert sum(map(len, wanted.values())) == LOCK.read_text().count("--hash=")
    assert all(wanted.values())
    found = {}
    for part in json.loads(bill.read_text())["components"]:
        (files,) = part["externalReferences"]
        assert part["purl"] == f"pkg:pypi/{part['name']}@{part['version']}"
        found[f"{part['name']}=={part['version']}"] = sorted(h["content"] for h in files["hashes"])
    assert found == wanted


@needs("make")
def test_the_bill_names_the_wheel_and_what_it_needs(bill: Path) -> None:
    import hashlib
    import tomllib

    made: dict[str, Any] = json.loads(bill.read_text())
    (wheel,) = bill.parent.glob("*.whl")
    itself = made["metadata"]["component"]
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    assert itself["hashes"] == [{"alg": "SHA-256", "content": digest}]
    assert wheel.name.startswith(f"cgwizard-{itself['version']}-")
    needed = {each["ref"]: set(each["dependsOn"]) for each in made["dependencies"]}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = {re.split(r"[<>=;\s]", each)[0] for each in project["dependencies"]}
    direct = {ref.split("/")[1].split("@")[0] for ref in needed[itself["bom-ref"]]}
    assert direct == {name.replace(".", "-") for name in named}
    scopes = {part["name"]: part["scope"] for part in made["components"]}
    assert {name for name, scope in scopes.items() if scope == "excluded"} >= {"hatchling"}
    assert all(scopes[name] == "required" for name in ("httpx", "httpcore", "h11", "msgspec"))
    assert {part["bom-ref"] for part in made["components"]} == needed.keys() - {itself["bom-ref"]}


def test_the_page_on_security_invents_no_address() -> None:
    text = (ROOT / "SECURITY.md").read_text()
    assert re.findall(r"^## .*", text, re.MULTILINE) == [
        "## How to report",
        "## What is promised",
        "## What is not promised",
    ]
    assert "private" in text.partition("## How to report")[2].partition("## ")[0]
    assert not re.search(r"\w@\w|https?://|\bwww\.", text)
    named = re.findall(r"`(tests/\S+\.py)`", text)
    assert len(named) > 5, "each promise names its test"
    assert not [path for path in named if not (ROOT / path).exists()]
    for page in ("README.md", "CONTRIBUTING.md"):
        assert "SECURITY.md" in (ROOT / page).read_text(), page
