"""The README, CONTRIBUTING and docs/ keep their word: every command in them is run by a test, here
or where it says, and the files that they name are there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.front_ends import PROVED_RESTRICTED
from tests.support.programs import needs

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent

TOP_PAGES = (ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md"))
PAGES = (*TOP_PAGES, *sorted((ROOT / "docs").glob("*.md")))

_FENCE = re.compile(r"^ *```(sh|shell|bash|console)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)

_PATH = re.compile(r"`((?:\.ci|assets|cgwizard|docs|screens|tests)/[\w./-]*)`")

# Run by a test in this file, as they stand.
RUN_HERE = {
    "make practice",
    "make practice </dev/null",
    "cgwizard practice </dev/null",
    "cgwizard practice --speed full </dev/null",
    "cgwizard --version",
    "cgwizard --help",
}

# Run by a test in this file in the checkout, with the Python that runs the tests.
RUN_IN_CHECKOUT = {
    ".venv/bin/python -m pytest tests/plan/test_model.py",
    ".venv/bin/python -m pytest tests/plan/test_model.py -k refused",
}

# Run by another test, or by what runs the tests: a pattern of the command, the file, and the
# words in it that run it.
RUN_ELSEWHERE = {
    r"make test( ARGS=\S+)?": (".ci/run", "make test"),
    r"\.venv/bin/cgwizard apply --schema >\S+": (
        "tests/plan/test_answers_file.py",
        "cgwizard apply --schema > assets/answers.schema.json",
    ),
    r"make check": ("Makefile", "test: $(VENV)/.dev check"),
    r"\.venv/bin/python docs/errors\.py": ("tests/whole/test_errors_page.py", '"errors.py"'),
    r"make bench": ("Makefile", "tests/bench -m bench"),
    r"make (dist|sbom)": ("tests/whole/test_release.py", 'make("sbom"'),
    r"make fuzz": ("Makefile", "tests/whole/test_typed_early.py"),
    r"cgwizard practice --serve( --json)?( --port \d+)?": ("tests/whole/test_cli.py", "--serve"),
    r"cgwizard pull \S+ --username \S+ --password-stdin --json <\S+": (
        "tests/commands/test_pull_command.py",
        "--password-stdin",
    ),
    r"cgwizard pull \S+ --username \S+ --password-stdin"
    r" --verify-upstream --upstream-token env:\S+ --nexus \S+ <\S+": (
        "tests/commands/test_pull_proof.py",
        "--upstream-token",
    ),
    r"cgwizard apply \S+( --(dry-run|json|practice))?": (
        "tests/frontends/test_unattended.py",
        '"apply"',
    ),
    r"cgwizard practice --serve --(password-from|allow-host) \S+": (
        "tests/whole/test_practice_serve.py",
        "serving(",
    ),
    r"cgwizard practice --plain": ("tests/frontends/test_plain.py", '"practice", "--plain"'),
}

# Ask a user something: a pattern of the command, and the same for the test in a real terminal.
INTERACTIVE = {
    r"cgwizard practice": ("tests/whole/test_guide.py", '"practice"'),
    r"(cgwizard|make run ARGS=)( ?https?://\S+)?( --user \S+)?": (
        "tests/whole/test_guide.py",
        '"--user"',
    ),
    r"cgwizard --plain": ("tests/whole/test_going_on.py", '"--plain"'),
    r"cgwizard practice --plain \| tee run.txt": (
        "tests/whole/test_plain_terminal.py",
        "| tee run.txt",
    ),
    r"NO_COLOR=1 cgwizard practice": ("tests/whole/test_terms.py", '"NO_COLOR": "1"'),
    r"LC_ALL=C.UTF-8 cgwizard practice": ("tests/whole/test_terms.py", '"LC_ALL": "C.UTF-8"'),
    r"cgwizard pull \S+ --username \S+": ("tests/commands/test_pull_command.py", '"Password:"'),
}

# Need the internet: to get the checkout or the package, or to choose other versions.
OUT_OF_REACH = {
    r"make (lock|pythons)",
    r"git clone \S+( \S+)?",
    r"cd \S+",
    r"(pipx|uv tool|pip) install \S+",
}


def commands() -> list[str]:
    found = []
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    for language, block in _FENCE.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            command = re.sub(r"(^|\s)#.*", "", line).strip()
            if language == "console":
                if not command.startswith("$ "):
                    continue  # output
                command = command.removeprefix("$ ")
            if command:
                found.append(re.sub(r"\s+", " ", command).replace("< /dev/null", "</dev/null"))
    return found


def _matches(command: str, pattern: str) -> bool:
    return re.fullmatch(pattern, command) is not None


def test_the_two_commands_come_first() -> None:
    assert commands()[:2] == ["make practice", "make test"]


def test_every_command_is_accounted_for() -> None:
    known = {**RUN_ELSEWHERE, **INTERACTIVE}
    for command in commands():
        if command in RUN_HERE | RUN_IN_CHECKOUT or any(_matches(command, p) for p in OUT_OF_REACH):
            continue
        where = [place for pattern, place in known.items() if _matches(command, pattern)]
        assert where, f"no test runs `{command}`: write one, and name it in this file"
        file, words = where[0]
        assert words in (ROOT / file).read_text(), f"{file} does not run `{command}` any more"


@pytest.mark.parametrize(
    "command", sorted(c for c in RUN_HERE if c in commands() and not c.startswith("make"))
)
def test_command_runs_as_it_stands(command: str, tmp_path: Path) -> None:
    done = _shell(command, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize("command", sorted(RUN_IN_CHECKOUT))
def test_command_runs_in_the_checkout(command: str, tmp_path: Path) -> None:
    assert command in commands()
    there = shlex.join(["cd", str(ROOT)])
    done = _shell(f"{there} && {command.replace('.venv/bin', str(BIN))}", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_files_that_a_page_names_are_there(page: Path) -> None:
    """NAME in capital letters stands for a new one."""
    named = {path for path in _PATH.findall(page.read_text()) if not re.search("[A-Z]", path)}
    assert sorted(path for path in named if not (ROOT / path).exists()) == []


@needs("make")
def test_make_practice_walks_the_guide_without_a_terminal(tmp_path: Path) -> None:
    """With an environment that is up to date already, so that nothing is installed."""
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "cgwizard").symlink_to(BIN / "cgwizard")
    (venv / ".run").touch()
    make = shlex.join(["make", "--directory", str(ROOT), "practice", f"VENV={venv}"])
    done = _shell(f"{make} </dev/null", tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(re.findall(r"sha256:[0-9a-f]{64} verified$", done.stdout, re.MULTILINE)) == 2
    assert PROVED_RESTRICTED in done.stdout


def test_ci_runs_the_test_command_of_the_readme() -> None:
    assert re.search(r"\bmake test$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def _shell(command: str, home: Path) -> subprocess.CompletedProcess[str]:
    env = {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "HOME": str(home), "LANG": "C.UTF-8"}
    return subprocess.run(
        ["sh", "-c", command],
        cwd=home,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
