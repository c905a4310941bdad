"""Other people's clients and registries against the practice Nexus."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from cgwizard.practice.world import ADMIN, PracticeWorld
from cgwizard.secrets.secret import Credentials, Secret
from tests.support.practice_docker import (
    ADMIN_AUTH,
    FREE_IMAGE,
    PRIVATE_IMAGE,
    add_repository,
    debian_registry,
    docker_engine,
    paths,
    push,
    stop_registry,
    upstream,
)
from tests.support.practice_world import ADMIN_PASSWORD
from tests.support.programs import needs

CREDENTIALS = f"{ADMIN}:{ADMIN_PASSWORD}"
ROBOT_PASSWORD = "token-of-robot"
ROBOT_BCRYPT = "$2b$04$hMVb2mjbCYvXB3TmopH4CeGvz.TtJTkTOAoz8iOqWNnfweehg1DOG"


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder with a short name: engines make sockets in it, whose paths are limited."""
    with tempfile.TemporaryDirectory(prefix="cgw-") as folder:
        yield Path(folder)


def _run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
    )


def _ok(*command: str, **environment: str) -> str:
    done = _run(*command, **environment)
    assert done.returncode == 0, done.stderr or done.stdout
    return done.stdout


def _host(url: str) -> str:
    return url.removeprefix("http://")


def _digest(url: str, image: str) -> str:
    answer = httpx.head(f"{url}/v2/{image}/manifests/latest", auth=ADMIN_AUTH)
    return str(answer.headers["docker-content-digest"])


def _anonymous_on(world: PracticeWorld) -> None:
    def switch() -> None:
        world.state.anonymous.enabled = True
        world.state.realms_active.append("DockerToken")

    world.call(switch)


@needs("skopeo")
class TestSkopeo:
    def test_pulls_twice_the_second_time_without_cgr_dev(
        self, world: PracticeWorld, tmp_path: Path
    ) -> None:
        url = add_repository(world, token=world.info.pull_token)
        for image in (FREE_IMAGE, PRIVATE_IMAGE):
            source = f"docker://{_host(url)}/{image}:latest"
            for turn in ("first", "second"):
                target = tmp_path / f"{turn}-{image.replace('/', '-')}"
                _ok(
                    *("skopeo", "copy", "--src-tls-verify=false", "--all"),
                    *("--src-creds", CREDENTIALS, source, f"oci:{target}"),
                )
        asked = len(world.registry.requests)
        stop_registry(world)
        inspect = _ok(
            *("skopeo", "inspect", "--tls-verify=false", "--creds", CREDENTIALS),
            *("--format", "{{.Digest}}", f"docker://{_host(url)}/{FREE_IMAGE}"),
        )
        assert inspect.strip() == _digest(url, FREE_IMAGE)
        assert len(world.registry.requests) == asked

    def test_pulls_anonymously_by_token(self, world: PracticeWorld, tmp_path: Path) -> None:
        _anonymous_on(world)
        url = add_repository(world, docker={"forceBasicAuth": False})
        done = _run(
            *("skopeo", "copy", "--src-tls-verify=false"),
            *(f"docker://{_host(url)}/{FREE_IMAGE}", f"dir:{tmp_path / 'image'}"),
        )
        # skopeo signs in where the ping asks it to, and an anonymous token opens the rest.
        assert done.returncode == 0, done.stderr

    def test_is_refused_with_a_wrong_password(self, world: PracticeWorld) -> None:
        url = add_repository(world)
        done = _run(
            *("skopeo", "inspect", "--tls-verify=false", "--creds", "admin:wrong"),
            f"docker://{_host(url)}/{FREE_IMAGE}",
        )
        assert done.returncode != 0
        assert "unauthorized" in done.stderr or "invalid username/password" in done.stderr

    def test_sees_what_a_blocked_remote_says(self, world: PracticeWorld) -> None:
        url = add_repository(world, httpClient={"blocked": True})
        done = _run(
            *("skopeo", "inspect", "--tls-verify=false", "--creds", CREDENTIALS),
            f"docker://{_host(url)}/{FREE_IMAGE}",
        )
        assert "Remote Manually Blocked" in done.stderr

    def test_pushes_to_hosted_and_pulls_from_a_group(
        self, world: PracticeWorld, tmp_path: Path
    ) -> None:
        proxy = add_repository(world)
        hosted = add_repository(world, "own", "hosted")
        group = add_repository(world, "all", "group", group={"memberNames": ["own", "chainguard"]})
        image = f"docker://{_host(proxy)}/{FREE_IMAGE}"
        _ok(
            *("skopeo", "copy", "--all", "--src-tls-verify=false", "--dest-tls-verify=false"),
            *("--src-creds", CREDENTIALS, "--dest-creds", CREDENTIALS),
            *(image, f"docker://{_host(hosted)}/team/base:1.0"),
        )
        _ok(
            *("skopeo", "copy", "--src-tls-verify=false", "--src-creds", CREDENTIALS),
            *(f"docker://{_host(group)}/team/base:1.0", f"dir:{tmp_path / 'group'}"),
        )
        _ok(
            *("skopeo", "delete", "--tls-verify=false", "--creds", CREDENTIALS),
            f"docker://{_host(hosted)}/team/base:1.0",
        )
        gone = httpx.get(f"{hosted}/v2/team/base/manifests/1.0", auth=ADMIN_AUTH)
        assert gone.status_code == 404

    def test_pulls_by_path_on_the_main_port(self, world: PracticeWorld) -> None:
        add_repository(world, port=None, docker={"pathEnabled": True})
        host = _host(world.info.nexus_url)
        _ok(
            *("skopeo", "inspect", "--tls-verify=false", "--creds", CREDENTIALS),
            f"docker://{host}/chainguard/{FREE_IMAGE}",
        )


@needs("podman")
def test_podman_logs_in_and_pulls(world: PracticeWorld, short: Path) -> None:
    url = add_repository(world, token=world.info.pull_token)
    podman = (
        *("podman", "--storage-driver=vfs", "--root", str(short / "root")),
        *("--runroot", str(short / "run")),
    )
    auth = str(short / "auth.json")
    login = (*podman, "login", "--tls-verify=false", "--authfile", auth)
    wrong = _run(*login, "-u", ADMIN, "-p", "wrong", _host(url))
    assert wrong.returncode != 0
    _ok(*login, "-u", ADMIN, "-p", ADMIN_PASSWORD, _host(url))
    for image in (FREE_IMAGE, PRIVATE_IMAGE):
        reference = f"{_host(url)}/{image}:latest"
        _ok(*podman, "pull", "--tls-verify=false", "--authfile", auth, reference)
        digest = _ok(*podman, "image", "inspect", "--format", "{{.Digest}}", reference)
        assert digest.strip().startswith("sha256:")


@needs("dockerd", "docker")
@pytest.mark.skipif(os.geteuid() != 0, reason="dockerd needs root")
def test_docker_logs_in_pulls_and_pushes(world: PracticeWorld, short: Path) -> None:
    url = add_repository(world, token=world.info.pull_token)
    hosted = add_repository(world, "own", "hosted")
    config = {"DOCKER_CONFIG": str(short / "config")}
    with docker_engine(short) as address:
        docker = ("docker", "-H", address)
        reference = f"{_host(url)}/{FREE_IMAGE}:latest"
        anonymous = _run(*docker, "pull", reference, **config)
        assert "no basic auth credentials" in anonymous.stderr
        wrong = _run(*docker, "login", _host(url), "-u", ADMIN, "-p", "wrong", **config)
        assert "401 Unauthorized" in wrong.stderr
        for host in (_host(url), _host(hosted)):
            _ok(*docker, "login", host, "-u", ADMIN, "-p", ADMIN_PASSWORD, **config)
        for image in (FREE_IMAGE, PRIVATE_IMAGE):
            output = _ok(*docker, "pull", f"{_host(url)}/{image}:latest", **config)
            assert f"Digest: {_digest(url, image)}" in output
        unknown = _run(*docker, "pull", f"{_host(url)}/{FREE_IMAGE}:9.9", **config)
        assert "manifest unknown" in unknown.stderr
        pushed = f"{_host(hosted)}/team/base:1.0"
        _ok(*docker, "tag", reference, pushed)
        assert "digest: sha256:" in _ok(*docker, "push", pushed, **config)
        _ok(*docker, "rmi", pushed, reference)
        asked = len(world.registry.requests)
        stop_registry(world)
        _ok(*docker, "pull", reference, **config)
        _ok(*docker, "pull", pushed, **config)
        assert len(world.registry.requests) == asked


@needs("dockerd", "docker")
@pytest.mark.skipif(os.geteuid() != 0, reason="dockerd needs root")
def test_docker_signs_in_by_token_and_pulls_anonymously(world: PracticeWorld, short: Path) -> None:
    _anonymous_on(world)
    url = add_repository(world, docker={"forceBasicAuth": False})
    config = {"DOCKER_CONFIG": str(short / "config")}
    with docker_engine(short) as address:
        docker = ("docker", "-H", address)
        output = _ok(*docker, "pull", f"{_host(url)}/{FREE_IMAGE}:latest", **config)
        assert f"Digest: {_digest(url, FREE_IMAGE)}" in output
        login = ("login", _host(url), "-u", ADMIN, "-p")
        wrong = _run(*docker, *login, "wrong", **config)
        assert wrong.returncode != 0
        _ok(*docker, *login, ADMIN_PASSWORD, **config)
        _ok(*docker, "pull", f"{_host(url)}/chainguard/static:latest", **config)


@needs("docker-registry")
class TestDebianRegistry:
    """A registry that is not ours as the remote."""

    def test_pulls_through_and_keeps(self, world: PracticeWorld, tmp_path: Path) -> None:
        blob = os.urandom(3_000_000)
        with debian_registry(tmp_path) as remote:
            digest = push(remote, "team/tool", "1.0", [blob])
            url = add_repository(world, remote=remote)
            manifest = f"{url}/v2/team/tool/manifests/1.0"
            got = httpx.get(manifest, auth=ADMIN_AUTH)
            assert got.headers["docker-content-digest"] == digest
            layer = got.json()["layers"][0]["digest"]
            path = f"{url}/v2/team/tool/blobs/{layer}"
            assert httpx.get(path, auth=ADMIN_AUTH).content == blob
            # The tag moves; it is compared again only when it is old.
            moved = push(remote, "team/tool", "1.0", [blob, b"more"])
            seen = httpx.get(manifest, auth=ADMIN_AUTH).headers["docker-content-digest"]
            assert seen == digest
            world.docker.clock.skip(1441 * 60)
            seen = httpx.get(manifest, auth=ADMIN_AUTH).headers["docker-content-digest"]
            assert seen == moved
        assert httpx.get(path, auth=ADMIN_AUTH).content == blob
        assert httpx.get(f"{url}/v2/team/tool/manifests/{digest}", auth=ADMIN_AUTH).is_success
        assert upstream(world, "team/tool") == 0

    def test_signs_in_by_basic(self, world: PracticeWorld, tmp_path: Path) -> None:
        with debian_registry(tmp_path) as remote:
            push(remote, "team/tool", "1.0", [b"layer"])
        (tmp_path / "users").write_text(f"robot:{ROBOT_BCRYPT}\n")
        auth = f"auth: {{htpasswd: {{realm: test, path: {tmp_path / 'users'}}}}}"
        with debian_registry(tmp_path, auth) as remote:
            without = add_repository(world, "without", remote=remote)
            token = Credentials("robot", Secret(ROBOT_PASSWORD))
            with_token = add_repository(world, "with", remote=remote, token=token)
            path = "/v2/team/tool/manifests/1.0"
            assert httpx.get(without + path, auth=ADMIN_AUTH).status_code == 404
            assert httpx.get(with_token + path, auth=ADMIN_AUTH).status_code == 200
        assert f"{path}" in paths(world, "with")


def test_everything_json_is_what_clients_parse(world: PracticeWorld) -> None:
    url = add_repository(world)
    for path in ("/v2/x", f"/v2/{FREE_IMAGE}/manifests/no-such-tag", "/v2/a/blobs/sha256:1", "/x"):
        answer = httpx.get(url + path, auth=ADMIN_AUTH)
        error = json.loads(answer.text)["errors"][0]
        assert answer.status_code >= 400
        assert set(error) == {"code", "message", "detail"}
