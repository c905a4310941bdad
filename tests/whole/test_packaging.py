"""What people install: the wheel, the wheel built from the sdist, and the editable checkout.

Each goes into a fresh environment that borrows the dependencies of the environment the tests
run in, so that no package index is needed; cgwizard itself comes from what was built.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from cgwizard import __version__

ROOT = Path(__file__).parents[2]
DEPENDENCIES = sysconfig.get_paths()["purelib"]

VERIFIED = re.compile(
    r"^127\.0\.0\.1:\d+/(\S+?):latest sha256:[0-9a-f]{64} verified$", re.MULTILINE
)


@dataclass(frozen=True)
class Built:
    wheel: Path
    sdist: Path
    wheel_from_sdist: Path


def run(
    *command: str | Path, home: Path, env: dict[str, str] | None = None, code: int = 0
) -> subprocess.CompletedProcess[str]:
    """Run away from the checkout, without a terminal and without the tests' own settings."""
    settings = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", **(env or {})}
    done = subprocess.run(
        command,
        cwd=home,
        env=settings,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == code, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("packaging")


@pytest.fixture(scope="module")
def built(home: Path) -> Built:
    def build(kind: str, source: Path, out: Path) -> Path:
        builder = [sys.executable, "-m", "build", "--no-isolation"]
        run(*builder, kind, "--outdir", out, source, home=home)
        (product,) = out.iterdir()
        return product

    wheel = build("--wheel", ROOT, home / "wheel")
    sdist = build("--sdist", ROOT, home / "sdist")
    shutil.unpack_archive(sdist, home / "unpacked")
    (source,) = (home / "unpacked").iterdir()
    return Built(wheel, sdist, build("--wheel", source, home / "from-sdist"))


@pytest.fixture(scope="module")
def pip(home: Path) -> list[str]:
    """pip as a command; an environment that uv made has none."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    run(sys.executable, "-m", "venv", home / "pip", home=home)
    return [str(home / "pip" / "bin" / "python"), "-m", "pip"]


@pytest.fixture(scope="module", params=["wheel", "wheel from the sdist", "editable"])
def installed(request: pytest.FixtureRequest, home: Path, built: Built, pip: list[str]) -> Path:
    """A fresh environment's folder of programs."""
    venv = home / "venvs" / str(request.param).replace(" ", "-")
    run(sys.executable, "-m", "venv", "--without-pip", venv, home=home)
    what = {
        "wheel": [str(built.wheel)],
        "wheel from the sdist": [str(built.wheel_from_sdist)],
        "editable": ["--no-build-isolation", "--editable", str(ROOT)],
    }[request.param]
    python = venv / "bin" / "python"
    options = ["--quiet", "--no-index", "--no-deps", "--ignore-installed"]
    run(
        *[*pip, "--disable-pip-version-check", "--python", str(python), "install", *options, *what],
        home=home,
        env={"PYTHONPATH": DEPENDENCIES},  # the build backend, for the editable one
    )
    # A path file's folder is searched for packages, but its own path files are not read: the
    # checkout that the tests run from stays out.
    purelib = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    folder = run(python, "-c", purelib, home=home).stdout.strip()
    (Path(folder) / "dependencies.pth").write_text(DEPENDENCIES + "\n")
    where = run(python, "-c", "import cgwizard; print(cgwizard.__file__)", home=home).stdout
    assert where.startswith(str(ROOT) if request.param == "editable" else str(venv))
    return venv / "bin"


def test_it_tells_its_version(installed: Path, home: Path) -> None:
    done = run(installed / "cgwizard", "--version", home=home)
    assert done.stdout == f"cgwizard {__version__}\n"
    module = run(installed / "python", "-m", "cgwizard", "--version", home=home)
    assert module.stdout == done.stdout


def test_it_walks_the_guide_without_a_terminal(installed: Path, home: Path) -> None:
    done = run(installed / "cgwizard", "practice", home=home)
    free, private = VERIFIED.findall(done.stdout)
    assert free == "chainguard/wolfi-base"
    assert re.fullmatch(r"[a-z0-9.-]+\.[a-z]+/chainguard-base", private)


def test_live_without_a_terminal_is_refused(installed: Path, home: Path) -> None:
    done = run(installed / "cgwizard", home=home, code=2)
    assert "cgwizard" in done.stderr
    assert "Traceback" not in done.stderr


def test_screens_and_texts_are_found(installed: Path, home: Path) -> None:
    program = (
        "import importlib.resources as r, importlib, pathlib\n"
        "import cgwizard.screens.connect\n"
        "print(sorted(p.name for p in r.files('cgwizard.assets').iterdir() if '.' in p.name))\n"
    )
    found = run(installed / "python", "-c", program, home=home).stdout
    for path in _files(ROOT / "assets"):
        if len(path.parts) == 1:
            assert f"'{path}'" in found


def _files(folder: Path) -> set[Path]:
    return {
        path.relative_to(folder)
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.mark.parametrize("which", ["wheel", "wheel_from_sdist"])
def test_the_wheel_has_every_file_once(built: Built, which: str) -> None:
    with zipfile.ZipFile(getattr(built, which)) as archive:
        names = archive.namelist()
    assert len(names) == len(set(names))
    assert {name.split("/")[0] for name in names} == {
        "cgwizard",
        f"cgwizard-{__version__}.dist-info",
    }
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]
    packed = {Path(name) for name in names}
    for folder in ("screens", "assets"):
        assert {Path("cgwizard", folder, path) for path in _files(ROOT / folder)} <= packed


def test_the_sdist_builds_the_same_wheel(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as one, zipfile.ZipFile(built.wheel_from_sdist) as other:
        assert {i.filename: i.CRC for i in one.infolist()} == {
            i.filename: i.CRC for i in other.infolist()
        }


def test_the_sdist_has_the_tests_and_no_file_twice(built: Built) -> None:
    with tarfile.open(built.sdist) as archive:
        names = [member.name for member in archive.getmembers()]
    assert len(names) == len(set(names))
    top = f"cgwizard-{__version__}"
    for name in (
        "tests/whole/test_packaging.py",
        "CONTRIBUTING.md",
        "Makefile",
        "requirements.lock",
        "LICENSE",
    ):
        assert f"{top}/{name}" in names
