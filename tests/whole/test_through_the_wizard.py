"""docker, podman and skopeo pull through what the wizard made, and get what it reported."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cgwizard.practice.world import ADMIN
from cgwizard.proof.result import Proof
from tests.support.guide import session_of, walk
from tests.support.practice_docker import docker_engine
from tests.support.practice_world import ADMIN_PASSWORD, practice_world
from tests.support.programs import needs


@pytest.fixture(scope="module")
def proofs() -> Iterator[list[Proof]]:
    """What the whole guide proved: the free image, then the organization's."""
    with practice_world() as world:
        session = session_of(world)
        walk(session)
        yield session.proofs
        session.close()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name: engines make sockets in it, whose paths are limited."""
    with tempfile.TemporaryDirectory(prefix="cgw-") as name:
        yield Path(name)


def run(*command: str, stdin: str = "", **environment: str) -> str:
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        input=stdin,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, f"{command}: {done.stderr or done.stdout}"
    return done.stdout


def host(proof: Proof) -> str:
    return proof.reference.partition("/")[0]


@needs("skopeo")
def test_skopeo_sees_the_digests_that_the_wizard_reported(proofs: list[Proof]) -> None:
    for proof in proofs:
        told = json.loads(
            run(
                *("skopeo", "inspect", "--tls-verify=false"),
                *("--creds", f"{ADMIN}:{ADMIN_PASSWORD}", f"docker://{proof.reference}"),
            )
        )
        assert told["Digest"] == proof.finished.digest
        assert len(told["Layers"]) == proof.finished.layers - 1  # ours counts the config as well


@needs("skopeo")
def test_skopeo_copies_the_image_whole(proofs: list[Proof], folder: Path) -> None:
    run(
        *("skopeo", "copy", "--src-tls-verify=false"),
        *("--src-creds", f"{ADMIN}:{ADMIN_PASSWORD}"),
        *(f"docker://{proofs[0].reference}", f"oci:{folder}/copy:latest"),
    )
    index = json.loads((folder / "copy" / "index.json").read_text())
    assert index["manifests"][0]["digest"] == proofs[0].finished.manifest_digest


@needs("podman")
def test_podman_signs_in_and_pulls_both(proofs: list[Proof], folder: Path) -> None:
    podman = (
        *("podman", "--storage-driver=vfs", "--cgroup-manager=cgroupfs"),
        *("--root", f"{folder}/root", "--runroot", f"{folder}/run"),
    )
    auth = f"--authfile={folder}/auth.json"
    for proof in proofs:
        run(
            *(*podman, "login", auth, "--tls-verify=false"),
            *("--username", ADMIN, "--password-stdin", host(proof)),
            stdin=ADMIN_PASSWORD,
        )
        run(*podman, "pull", auth, "--tls-verify=false", proof.reference)
        told = run(*podman, "image", "inspect", "--format", "{{.RepoDigests}}", proof.reference)
        assert proof.finished.digest in told


@needs("docker", "dockerd")
def test_docker_signs_in_and_pulls_both(proofs: list[Proof], folder: Path) -> None:
    with docker_engine(folder) as address:
        docker = ("docker", "-H", address)
        config = {"DOCKER_CONFIG": f"{folder}/config"}
        for proof in proofs:
            run(
                *(*docker, "login", "--username", ADMIN, "--password-stdin", host(proof)),
                stdin=ADMIN_PASSWORD,
                **config,
            )
            run(*docker, "pull", proof.reference, **config)
            told = run(
                *(*docker, "image", "inspect", "--format", "{{.RepoDigests}}", proof.reference),
                **config,
            )
            assert proof.finished.digest in told


@needs("docker", "dockerd")
def test_docker_is_refused_without_signing_in(proofs: list[Proof], folder: Path) -> None:
    with docker_engine(folder) as address:
        done = subprocess.run(
            ["docker", "-H", address, "pull", proofs[1].reference],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "DOCKER_CONFIG": f"{folder}/config"},
        )
        assert done.returncode != 0
        assert "no basic auth credentials" in done.stderr
