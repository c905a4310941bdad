"""`cgwizard pull --verify-upstream`: what it proves, by whom, and what it says where it cannot."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cgwizard.practice.world import PracticeWorld
from cgwizard.proof.upstream import names_of
from cgwizard.secrets.secret import Credentials
from tests.support.ports import free_port
from tests.support.practice_docker import (
    FREE_IMAGE,
    PRIVATE_IMAGE,
    add_repository,
    debian_registry,
    push,
)
from tests.support.practice_world import ADMIN_PASSWORD
from tests.support.programs import needs
from tests.support.pull import LOGIN, PROGRAM, checks, lines, proving, run

ORDER = ["upstream-digest", "second-pull", "signature", "sbom"]


@pytest.fixture
def nexus(world: PracticeWorld) -> str:
    """HOST:PORT of a connector for free and private images."""
    return add_repository(world, token=world.info.pull_token).removeprefix("http://")


def pasted(token: Credentials) -> str:
    return f"docker login cgr.dev --username {token.username} --password {token.password.reveal()}"


def test_free_image(world: PracticeWorld, nexus: str) -> None:
    world.registry.throttle.speed = 30e6  # so that a pull from the cache is the faster one
    done = run(f"{nexus}/{FREE_IMAGE}", *LOGIN, *proving(world))
    found, last = checks(done), lines(done)[-1]
    assert list(found) == ORDER
    assert {check["state"] for check in found.values()} == {"done"}
    assert found["upstream-digest"]["detail"] == last["digest"]
    assert re.fullmatch(r"[0-9.]+ s after [0-9.]+ s", found["second-pull"]["detail"])
    (*_, verify) = last["verify"]
    assert f"{nexus}/{FREE_IMAGE}@{last['digest']}" in verify
    assert "release.yaml@refs/heads/main" in verify


@pytest.mark.parametrize("kind", ["env", "file", "keyring"])
def test_private_image_with_a_pull_token(
    world: PracticeWorld, nexus: str, tmp_path: Path, kind: str
) -> None:
    """In no argument and no output; a token in any form in which it is pasted."""
    env = {"PULL_TOKEN": pasted(world.info.pull_token)}
    source = "env:PULL_TOKEN"
    if kind == "file":
        path = tmp_path / "token"
        path.write_text(env.pop("PULL_TOKEN"))
        path.chmod(0o600)
        source = f"file:{path}"
    if kind == "keyring":
        (tmp_path / "ring.py").write_text(RING)
        kept = world.info.pull_token
        token = {"username": kept.username, "password": kept.password.reveal()}
        env = {
            "PYTHONPATH": str(tmp_path),
            "PYTHON_KEYRING_BACKEND": "ring.Ring",
            "RING": json.dumps(token),
        }
        source = "keyring"
    image = f"{nexus}/{PRIVATE_IMAGE}"
    done = run(image, *LOGIN, *proving(world, "--upstream-token", source), env=env)
    found, last = checks(done), lines(done)[-1]
    assert found["upstream-digest"]["state"] == "done", found
    assert found["upstream-digest"]["detail"] == last["digest"]
    assert "issuer.enforce.dev" in last["verify"][-1]
    secret = world.info.pull_token.password.reveal()
    assert secret not in done.stdout + done.stderr


RING = """
import os
from keyring.backend import KeyringBackend

class Ring(KeyringBackend):
    priority = 1
    def get_password(self, service, entry):
        return os.environ["RING"] if entry == "pull-token cgr.dev" else None
    def set_password(self, service, entry, password):
        raise AssertionError("nothing is kept by a pull")
"""

ASKED_FOR = """
import sys
from cgwizard.cli import main
try:
    main()
except SystemExit as ended:
    print(ended.code, file=sys.stderr)
print("keyring" in sys.modules, file=sys.stderr)
"""


def test_private_image_without_one_is_no_failure_and_no_keyring_is_opened(
    world: PracticeWorld, nexus: str
) -> None:
    image = f"{nexus}/{PRIVATE_IMAGE}"
    done = subprocess.run(
        [sys.executable, "-c", ASKED_FOR, "pull", image, *LOGIN, *proving(world)],
        input=ADMIN_PASSWORD,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stderr.split() == ["0", "False"]
    check = checks(done)["upstream-digest"]
    assert check["state"] == "warning"
    assert check["detail"].startswith("could not ask: ")
    assert "--upstream-token" in check["detail"]


def test_token_that_cgr_dev_refuses_is_no_failure_of_nexus(
    world: PracticeWorld, nexus: str
) -> None:
    asked = proving(world, "--upstream-token", "env:PULL_TOKEN")
    expired = pasted(world.registry.tokens.expired(world.info.organization))
    done = run(f"{nexus}/{PRIVATE_IMAGE}", *LOGIN, *asked, env={"PULL_TOKEN": expired})
    check = checks(done)["upstream-digest"]
    assert check["state"] == "warning"
    assert "--upstream-token" not in check["detail"]


def test_token_that_is_none_is_told_before_anything_is_tried(tmp_path: Path) -> None:
    open_file, empty = tmp_path / "open", tmp_path / "empty"
    open_file.write_text("x")
    open_file.chmod(0o644)
    empty.touch(0o600)
    nowhere = f"127.0.0.1:{free_port()}/{FREE_IMAGE}"
    cases = {
        f"file:{open_file}": "secret-file-open-to-others",
        f"file:{empty}": "secret-file-empty",
        "env:NOT_SET": "secret-variable-empty",
        "env:NONSENSE": "token-unreadable",
    }
    for source, code in cases.items():
        asked = (nowhere, "--verify-upstream", "--upstream-token", source)
        done = run(*asked, env={"NONSENSE": "no token at all"})
        assert (done.returncode, done.stderr.splitlines()[0]) == (2, f"cgwizard: {code}")
    assert source in done.stderr
    assert "no token at all" not in done.stderr


def test_usage() -> None:
    image = f"127.0.0.1:{free_port()}/{FREE_IMAGE}"
    for wrong in (
        ("--upstream-token", "keyring"),
        ("--nexus", "https://nexus.example.com"),
        ("--verify-upstream", "--upstream-token", "eyJhbGciOi"),
    ):
        done = run(image, *wrong)
        assert done.returncode == 2
        assert "Usage: cgwizard pull" in done.stderr
        assert "eyJhbGciOi" not in done.stderr
    done = run(image, "--verify-upstream", "--nexus", "ftp://nexus.example.com")
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, "cgwizard: url-invalid")


@needs("docker-registry")
def test_other_digest_upstream(nexus: str, tmp_path: Path) -> None:
    with debian_registry(tmp_path) as other:
        push(other, FREE_IMAGE, "latest", [b"newer"])
        done = run(
            f"{nexus}/{FREE_IMAGE}",
            *(*LOGIN, "--json", "--verify-upstream", "--upstream", other),
        )
    assert done.returncode == 15
    last = lines(done)[-1]
    assert (last["event"], last["code"]) == ("failed", "cache-stale-tag")


def test_another_registry_is_asked_and_named(world: PracticeWorld, nexus: str) -> None:
    asked = ("--verify-upstream", "--registry", world.info.registry_url)
    done = run(f"{nexus}/{FREE_IMAGE}", *LOGIN, *asked)
    assert done.returncode == 0, done.stderr
    assert f"same digest at {world.info.registry_url.removeprefix('http://')}" in done.stdout


def test_another_registry_is_for_the_proof(nexus: str) -> None:
    done = run(f"{nexus}/{FREE_IMAGE}", "--registry", "https://mirror.example.com")
    assert done.returncode == 2
    assert "--registry goes with --verify-upstream" in done.stderr


def test_upstream_that_cannot_be_asked_is_no_failure(nexus: str) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    done = run(f"{nexus}/{FREE_IMAGE}", *LOGIN, "--verify-upstream", "--upstream", nobody)
    assert done.returncode == 0
    assert "warning: not compared with cgr.dev: could not ask" in done.stdout


def test_names_upstream() -> None:
    assert names_of("chainguard/wolfi-base") == ("chainguard/wolfi-base",)
    # By path, Nexus's repository stands before the name.
    by_path = names_of("chainguard/chainguard/wolfi-base")
    assert by_path[0] == "chainguard/wolfi-base"
    assert names_of("private/example.com/base")[0] == "example.com/base"
    assert names_of("example.com/charts/base")[0] == "example.com/charts/base"


@pytest.mark.parametrize("as_json", [False, True])
def test_stopped_while_it_proves(world: PracticeWorld, tmp_path: Path, as_json: bool) -> None:
    image = f"{world.info.registry_url.removeprefix('http://')}/{FREE_IMAGE}"
    out = tmp_path / "image"
    more = ["--json"] if as_json else []
    with socket.create_server(("127.0.0.1", 0)) as silent:
        upstream = f"http://127.0.0.1:{silent.getsockname()[1]}"
        asked = ["--verify-upstream", "--upstream", upstream, "--output", str(out), *more]
        with subprocess.Popen(
            [PROGRAM, "pull", image, *asked],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            silent.settimeout(20)
            connection, _ = silent.accept()
            process.send_signal(signal.SIGINT)
            said, error = process.communicate(timeout=10)
            connection.close()
    assert process.returncode == 130
    if as_json:
        assert json.loads(said.splitlines()[-1])["code"] == "cancelled"
    else:
        assert error == f"cgwizard: stopped; {image}:latest is in {out}\n"
    assert (out / "index.json").exists()
