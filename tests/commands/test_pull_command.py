"""`cgwizard pull` as a process: what it prints, how it ends, what it imports and what it keeps."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cgwizard.practice.faults.corrupt_body import CorruptBlob
from cgwizard.practice.faults.error_status import ErrorStatus
from cgwizard.practice.world import ADMIN, PracticeWorld
from cgwizard.registry.client import Registry
from cgwizard.registry.models import Index
from cgwizard.registry.platforms import Platform
from tests.conftest import leaks
from tests.support.engines import own_address, podman_engine, short_folder, tls_registry
from tests.support.ports import free_port
from tests.support.practice_docker import (
    FREE_IMAGE,
    add_repository,
    add_user,
    debian_registry,
    docker_engine,
    push,
)
from tests.support.practice_world import ADMIN_PASSWORD, practice_world
from tests.support.programs import needs
from tests.support.pull import LOGIN, PROGRAM, lines, run
from tests.support.real_registry import OCI_LAYER, docker_registry, image, sha256, tar_of, zstd
from tests.support.real_registry import push as push_image
from tests.support.terminal import Terminal


@pytest.fixture
def nexus(world: PracticeWorld) -> str:
    """HOST:PORT of a connector for free and private images."""
    return add_repository(world, token=world.info.pull_token).removeprefix("http://")


def test_for_people(nexus: str) -> None:
    done = run(f"{nexus}/{FREE_IMAGE}", *LOGIN)
    assert done.returncode == 0
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    first, *layers, pulled, digest = done.stdout.splitlines()
    assert first.startswith(f"{nexus}/{FREE_IMAGE}:latest  linux/")
    assert all(re.match(r"[0-9a-f]{12}  done +[0-9.]+ k?M?B$", layer) for layer in layers)
    assert pulled.startswith(f"pulled {nexus}/{FREE_IMAGE}:latest: ")
    assert re.fullmatch(r"digest sha256:[0-9a-f]{64}", digest)


def test_json(nexus: str) -> None:
    done = run(f"{nexus}/{FREE_IMAGE}", *LOGIN, "--json")
    events = lines(done)
    assert [e["event"] for e in events][0 :: len(events) - 1] == ["resolved", "finished"]
    assert sum(e["event"] == "finished" for e in events) == 1
    resolved, last = events[0], events[-1]
    assert last["digest"] == resolved["digest"]
    assert last["bytes"] == sum(layer["size"] for layer in resolved["layers"])
    assert last["seconds"] > 0
    assert last["engine"] == "builtin"
    ended = {e["digest"] for e in events if e["event"] == "layer" and e["state"] == "done"}
    assert ended == {layer["digest"] for layer in resolved["layers"]}


@needs("skopeo")
def test_output_is_a_layout_and_skopeo_agrees(nexus: str, tmp_path: Path) -> None:
    out = tmp_path / "image"
    done = run(f"{nexus}/{FREE_IMAGE}", *LOGIN, "--json", "--output", str(out))
    last = lines(done)[-1]
    command = ["skopeo", "inspect", f"oci:{out}:latest"]
    kept = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    creds = f"{ADMIN}:{ADMIN_PASSWORD}"
    command = ["skopeo", "inspect", "--tls-verify=false", "--creds", creds]
    there = subprocess.run(
        [*command, f"docker://{nexus}/{FREE_IMAGE}"], capture_output=True, check=True
    )
    seen = json.loads(there.stdout)
    assert last["digest"] == seen["Digest"]
    assert kept["Layers"] == seen["Layers"]
    assert {digest for source in last["sources"] if (digest := source["digest"])} >= set(
        seen["Layers"]
    )


def ends(code: int, slug: str, *arguments: str, password: str = ADMIN_PASSWORD) -> dict[str, Any]:
    """Both ways of telling a failure: four lines for users, one object for programs."""
    done = run(*arguments, password=password)
    assert done.returncode == code, done.stderr
    told = done.stderr.splitlines()
    assert told[0] == f"cgwizard: {slug}"
    begins = ("  tried:", "  came back:", "  likely cause:", "  next step:")
    assert [line.startswith(begin) for line, begin in zip(told[1:], begins, strict=True)] == [
        True
    ] * 4
    if slug == "login-wrong":  # not twice: a few of them lock the user out
        return {}
    last = lines(run(*arguments, "--json", password=password))[-1]
    assert (last["event"], last["code"]) == ("failed", slug)
    assert last["message"]
    assert last["next_step"] in done.stderr
    return last


def test_exit_codes(world: PracticeWorld, nexus: str) -> None:
    image = f"{nexus}/{FREE_IMAGE}"
    assert "--username" in ends(11, "no-login", image)["next_step"]
    ends(11, "login-wrong", image, *LOGIN, password="not-it")
    user, password = add_user(world, "nobody", "nothing-allowed")
    ends(
        11,
        "no-read-privilege",
        *(image, "--username", user, "--password-stdin"),
        password=password,
    )
    ends(12, "manifest-unknown", f"{nexus}/chainguard/none-such", *LOGIN)
    ends(12, "platform", image, *LOGIN, "--platform", "linux/s390x")
    ends(10, "registry-refused", f"127.0.0.1:{free_port()}/{FREE_IMAGE}")
    ends(2, "name-uppercase", f"{nexus}/Chainguard/wolfi-base")


@pytest.mark.parametrize("more", [(), ("--verify-upstream",)])
def test_a_missing_part_is_named(world: PracticeWorld, nexus: str, more: tuple[str, ...]) -> None:
    with Registry(world.info.registry_url) as registry:
        index = registry.manifest(FREE_IMAGE, "latest").parsed
    assert isinstance(index, Index)
    platform = str(Platform.here())
    (child,) = [each.digest for each in index.manifests if str(each.platform) == platform]
    gone = ErrorStatus(FREE_IMAGE, place="manifest", status=404, reference=child)
    world.registry.faults.add(gone)
    host = world.info.registry_url.removeprefix("http://")
    for arguments in ((f"{nexus}/{FREE_IMAGE}", *LOGIN), (f"{host}/{FREE_IMAGE}",)):
        told = ends(12, "manifest-unknown", *arguments, *more)
        assert f"the manifest for {platform}" in told["cause"]
        assert "check the name" not in told["next_step"]
    world.registry.faults.clear()
    world.registry.faults.add(ErrorStatus(FREE_IMAGE, place="blob", status=404))
    told = ends(12, "blob-unknown", f"{host}/{FREE_IMAGE}", *more)
    assert "not this blob of it" in told["cause"]


def test_wrong_bytes(world: PracticeWorld) -> None:
    world.registry.faults.add(CorruptBlob())
    registry = world.info.registry_url.removeprefix("http://")
    ends(13, "digest-mismatch", f"{registry}/{FREE_IMAGE}")


@needs("docker-registry")
def test_what_is_inside_the_layers_on_request(tmp_path: Path) -> None:
    tar = tar_of("a", b"a file")
    layer = (zstd(tar), tar, f"{OCI_LAYER}+zstd")
    other = (zstd(tar_of("b", b"b")), tar, f"{OCI_LAYER}+zstd")
    with docker_registry(tmp_path) as url:
        push_image(url, "right", image(layers=[layer]), "latest")
        push_image(url, "wrong", image(layers=[other]), "latest")
        host = url.removeprefix("http://")
        assert "1 layer unpacked" in run(f"{host}/right", "--verify-layers").stdout
        assert lines(run(f"{host}/right", "--json", "--verify-layers"))[-1]["unpacked"] == 1
        assert lines(run(f"{host}/wrong", "--json"))[-1]["unpacked"] == 0
        told = ends(13, "diff-id-mismatch", f"{host}/wrong", "--verify-layers")
        assert sha256(other[0]) in told["tried"], "which layer it is"


def test_no_engine(nexus: str) -> None:
    env = {"DOCKER_HOST": "unix:///none.sock", "CONTAINER_HOST": "unix:///none.sock"}
    for engine in ("docker", "podman"):
        done = run(f"{nexus}/{FREE_IMAGE}", *LOGIN, "--engine", engine, env=env)
        assert done.returncode == 14
        assert "engine-absent" in done.stderr
    done = run(f"{nexus}/{FREE_IMAGE}", *LOGIN, "--engine", "auto", "--json", env=env)
    assert lines(done)[-1]["engine"] == "builtin"


def test_plain_http_is_advised_where_it_is_not_this_machine() -> None:
    host = own_address()
    if host is None:
        pytest.skip("this machine has no address but loopback")
    with practice_world(host="0.0.0.0") as world:
        world.start()
        image = f"{host}:{add_repository(world).rpartition(':')[2]}/{FREE_IMAGE}"
        told = ends(10, "registry-http-https-mismatch", image, *LOGIN)
        assert "--plain-http" in told["next_step"]
        assert run(image, *LOGIN, "--plain-http").returncode == 0


@needs("docker-registry", "podman")
def test_own_authority(tmp_path: Path) -> None:
    with debian_registry(tmp_path) as plain:
        push(plain, FREE_IMAGE, "latest", [b"layer"])
    with tls_registry(tmp_path) as (host, authority):
        image = f"{host}/{FREE_IMAGE}"
        assert "--ca-file" in ends(10, "registry-tls-untrusted", image)["next_step"]
        assert run(image, "--ca-file", str(authority)).returncode == 0
        out = tmp_path / "out" / "image"
        missing = ("--ca-file", str(tmp_path / "none.pem"), "--output", str(out))
        ends(2, "ca-file-unreadable", image, *missing)
        assert not list(out.parent.iterdir())
        with short_folder() as folder, podman_engine(folder) as podman:
            done = run(image, "--engine", "podman", env={"CONTAINER_HOST": podman})
        assert done.returncode == 14
        assert "client-untrusted-ca" in done.stderr
        assert f"/etc/containers/certs.d/{host}/ca.crt" in done.stderr


def test_usage(nexus: str, tmp_path: Path) -> None:
    image = f"{nexus}/{FREE_IMAGE}"
    wrong = (
        ("--password-stdin",),
        ("--username", "admin"),  # nobody to ask
        ("--engine", "docker", "--output", str(tmp_path)),
        ("--engine", "podman", "--ca-file", "ca.pem"),
        ("--engine", "docker", "--verify-layers"),
    )
    for arguments in wrong:
        done = run(image, *arguments)
        assert done.returncode == 2
        assert "Usage: cgwizard pull" in done.stderr
    assert run(image, *LOGIN, password="").returncode == 2


@needs("dockerd", "docker", "podman")
def test_engines(nexus: str) -> None:
    with (
        short_folder() as folder,
        docker_engine(folder) as docker,
        podman_engine(folder) as podman,
    ):
        env = {"DOCKER_HOST": docker, "CONTAINER_HOST": podman}
        image = f"{nexus}/{FREE_IMAGE}"
        builtin = lines(run(image, *LOGIN, "--json"))[-1]
        for engine in ("docker", "podman"):
            asked = (image, *LOGIN, "--json", "--plain-http", "--engine", engine)
            events = lines(run(*asked, env=env))
            last = events[-1]
            assert last["engine"] == engine
            for member in ("digest", "manifest_digest", "platform", "bytes", "layers"):
                assert last[member] == builtin[member], member
            assert events[0]["layers"], "sizes and digests are known from the start"
        assert (
            lines(run(image, *LOGIN, "--json", "--engine", "auto", env=env))[-1]["engine"]
            == "docker"
        )
        refused = run(image, *LOGIN, "--engine", "podman", env=env)
        assert refused.returncode == 14
        assert "client-plain-http" in refused.stderr
        wrong = run(image, *LOGIN, "--engine", "docker", password="not-it", env=env)
        assert wrong.returncode == 11


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stopped(world: PracticeWorld, tmp_path: Path, number: signal.Signals) -> None:
    world.registry.throttle.speed = 1e6
    image = f"{world.info.registry_url.removeprefix('http://')}/chainguard/node"
    out = tmp_path / "image"
    with subprocess.Popen(
        [PROGRAM, "pull", image, "--json", "--output", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        for line in process.stdout:
            if '"downloading"' in line:
                process.send_signal(number)
                break
        rest, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    last = json.loads(rest.splitlines()[-1])
    assert (last["event"], last["code"]) == ("failed", "cancelled")
    assert "Traceback" not in errors
    assert not list(tmp_path.iterdir())


def test_nobody_reads(world: PracticeWorld) -> None:
    world.registry.throttle.speed = 1e6
    image = f"{world.info.registry_url.removeprefix('http://')}/chainguard/node"
    with subprocess.Popen(
        [PROGRAM, "pull", image, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read()
        assert process.wait(20) == 130
    assert b"Traceback" not in errors
    assert b"Exception" not in errors


@needs("tmux")
def test_bars(world: PracticeWorld) -> None:
    world.registry.throttle.speed = 4e6
    registry = world.info.registry_url.removeprefix("http://")
    with Terminal(PROGRAM, "pull", f"{registry}/chainguard/python", height=12) as terminal:
        half = terminal.until("total", " % ", "MB/s", " left", "done")
        assert re.search(r"^[0-9a-f]{12}  ━*╸? +[0-9]+ %  ", half, re.MULTILINE)
        whole = terminal.until("EXIT 0", "digest sha256:")
    assert "total" not in whole, "what is over is not left on the screen"
    assert "left" not in whole


@needs("tmux")
def test_password_is_asked_for_and_not_shown(nexus: str) -> None:
    image = f"{nexus}/{FREE_IMAGE}"
    with Terminal(PROGRAM, "pull", image, "--username", ADMIN) as terminal:
        terminal.until("Password:")
        terminal.type(ADMIN_PASSWORD)
        terminal.keys("Enter")
        screen = terminal.until("EXIT 0", "digest sha256:")
    assert not leaks(screen.encode())


CRASHING = """
from cgwizard.cli import main
from cgwizard.engines.builtin import Builtin
Builtin.pull = None
main()
"""


def test_json_ends_as_promised_also_by_an_error_of_its_own(nexus: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CRASHING, "pull", f"{nexus}/{FREE_IMAGE}", "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    last = lines(done)[-1]
    assert (last["event"], last["code"]) == ("failed", "crashed")
    assert "The report is in" in done.stderr


SHOWN = """
import sys
sys.argv = ["cgwizard", "pull", sys.argv[1]]
from cgwizard.cli import main
try:
    main()
except SystemExit as ended:
    print(ended.code)
roots = {name.partition(".")[0] for name in sys.modules}
print(sorted(roots & %r))
"""


def test_imports_only_what_a_pull_needs(world: PracticeWorld) -> None:
    heavy = {"textual", "rich", "pygments", "keyring", "starlette", "uvicorn", "cryptography"}
    heavy |= {"jwt", "asyncio", "truststore"}
    image = f"{world.info.registry_url.removeprefix('http://')}/chainguard/static"
    done = subprocess.run(
        [sys.executable, "-c", SHOWN % (heavy,), image],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    *_, code, found = done.stdout.splitlines()
    assert (code, found) == ("0", "[]")
