"""The answers file: strict, told by file, line and key; its schema is the one checked in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cgwizard
from cgwizard.errors import ExitCode, WizardError
from cgwizard.plan import answers_file
from cgwizard.plan import model as plan

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1)


@pytest.mark.parametrize(
    ("text", "line", "told", "correction"),
    [
        ("[routing]\nport = 1\nprot = 2\n", 3, "routing.prot: there is no such key", "port"),
        ("[routing]\nport = 'x'\n", 2, "routing.port: expected a number", "a number"),
        ("[routing]\nport = 70000\n", 2, "routing.port", "a number from 1 to 65535"),
        ("version = 2", 1, "version: 2 is none of the choices", "one of: 1"),
        ("\n[connect]\nurl = 'http://x'\n", 2, "connect.user is missing", "add user"),
        ("[pull]\n\nport = 3", 3, "pull.port", "routing.port"),
        ("[token]\nmode = 'both'", 2, "'both' is none of", "one of: skip, add, separate"),
        ("routing.prot = 3", 1, "routing.prot", "port"),
        ("rooting = 3", 1, "rooting: there is no such key", "routing"),
        ("connect = 'x'", 1, "connect: expected a table, got a text", "a table"),
        ("[connect]\nurl = 'a\n", 2, "this is no TOML", ""),
        ("[secrets]\nnexus-password = 'hunter2'", 2, "secrets.nexus-password", "env:VARIABLE"),
        ("version = 1\n[[connect]]\nurl = 'x'", 2, "connect: expected a table", "a table"),
        ("# a\u2028b\n[routing]\nprot = 1", 3, "routing.prot: there is no such key", "port"),
        ("[connect]\nfingerprint = 'AB:CD'", 2, "connect.fingerprint", "be 64 hexadecimal digits"),
        (f"[token]\nname = '{'x' * 201}'", 2, "token.name", "at most 200 characters"),
        ("[pull]\nengine = 'Docker'", 2, "pull.engine", "be one of: builtin, docker, podman"),
        pytest.param(f"x = {'[' * 3000}{']' * 3000}", 1, "nested too deeply", "", id="deep"),
        pytest.param(f"token.mode = '{'x' * 999}'", 1, "… is none of", "one of: skip", id="value"),
        pytest.param(f"pull.{'x' * 999} = 1", 1, "…: there is no such key", "there are", id="key"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, line: int, told: str, correction: str) -> None:
    with pytest.raises(WizardError) as caught:
        answers_file.parse(text, "site.toml")
    problem = caught.value.problem
    assert problem.code == "answers-invalid"
    assert problem.came_back.startswith(f"site.toml:{line}: "), problem.came_back
    assert told in problem.came_back
    assert correction in problem.next_step
    assert caught.value.exit_code == ExitCode.USAGE
    assert "hunter2" not in str(problem)
    assert len(str(problem)) < 420


@given(
    url=TEXT,
    port=st.integers(1, 65535),
    name=TEXT,
    source=st.sampled_from(["keyring", "systemd-creds", "env:A_B", "file:/run/x y"]),
)
def test_what_is_written_is_what_is_read(url: str, port: int, name: str, source: str) -> None:
    chosen = plan.Plan(
        connect=plan.Connect(url, "admin", ca_file=Path("/etc/ca.pem")),
        routing=plan.Routing(port),
        developer=plan.Developer(name),
        token=plan.Token("separate", name, "user", port=port),
        pull=plan.Pull(private_image=name),
    )
    written = answers_file.of(chosen, answers_file.Secrets(source, source))
    assert answers_file.parse(answers_file.write(written)) == written
    assert written.plan == chosen


def test_a_file_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(WizardError) as caught:
        answers_file.text_of(tmp_path / "none.toml")
    assert (caught.value.code, caught.value.exit_code) == ("answers-unreadable", ExitCode.USAGE)


def _in_one_order(schema: Any) -> Any:
    """Releases of msgspec before 0.22 write alternatives in another order."""
    if isinstance(schema, dict):
        return {key: _in_one_order(value) for key, value in schema.items()}
    if isinstance(schema, list):
        return sorted(map(_in_one_order, schema), key=repr)
    return schema


def test_the_schema_is_the_one_that_is_checked_in() -> None:
    path = Path(cgwizard.__file__).parent / "assets" / "answers.schema.json"
    shipped, made = json.loads(path.read_text()), json.loads(answers_file.schema())
    assert _in_one_order(shipped) == _in_one_order(made), (
        "cgwizard apply --schema > assets/answers.schema.json"
    )
