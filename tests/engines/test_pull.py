"""Pulls by Docker and Podman themselves, through the practice Nexus; skopeo says what is right."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cgwizard.cancel import Cancel
from cgwizard.engines.builtin import Builtin
from cgwizard.engines.find import get
from cgwizard.engines.manifest_info import CompletedEvents, ask
from cgwizard.engines.model import Engine
from cgwizard.errors import Cancelled, WizardError
from cgwizard.events import Finished, LayerProgress, PullEvent, Resolved, Totals
from cgwizard.practice.world import ADMIN, PracticeWorld
from cgwizard.registry.reference import Reference
from cgwizard.secrets.secret import Credentials, Secret
from tests.conftest import leaks
from tests.support.engines import connections_to, own_address, podman_engine, short_folder, states
from tests.support.ports import free_port
from tests.support.practice_docker import FREE_IMAGE, add_repository, docker_engine, wait_until
from tests.support.practice_world import ADMIN_PASSWORD, practice_world
from tests.support.programs import needs

pytestmark = needs("dockerd", "docker", "podman", "skopeo")

LOGIN = Credentials(ADMIN, Secret(ADMIN_PASSWORD))
LARGE_IMAGE = "chainguard/python"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def docker(folder: Path) -> Iterator[Engine]:
    (folder / "d").mkdir()
    with docker_engine(folder / "d") as address:
        yield get("docker", {"DOCKER_HOST": address})


@pytest.fixture(scope="module")
def podman(folder: Path) -> Iterator[Engine]:
    (folder / "p").mkdir()
    with podman_engine(folder / "p") as address:
        yield get("podman", {"CONTAINER_HOST": address})


@pytest.fixture(params=["docker", "podman"])
def engine(request: pytest.FixtureRequest) -> Engine:
    found: Engine = request.getfixturevalue(request.param)
    return found


def reference(url: str, image: str = FREE_IMAGE, tag: str = "latest") -> Reference:
    return Reference.parse(f"{url.removeprefix('http://')}/{image}:{tag}")


def skopeo(*arguments: str) -> dict[str, object]:
    command = [
        *("skopeo", "inspect", "--tls-verify=false"),
        *("--creds", f"{ADMIN}:{ADMIN_PASSWORD}", *arguments),
    ]
    done = subprocess.run(command, check=True, capture_output=True, timeout=60)
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def test_pull(world: PracticeWorld, engine: Engine, folder: Path) -> None:
    name = reference(add_repository(world))
    events: list[PullEvent] = []
    finished = engine.pull(name, LOGIN, on_event=events.append, plain_http=True)
    seen = skopeo(f"docker://{name}")
    assert finished.digest == seen["Digest"]
    assert finished.platform == "linux/amd64"
    assert finished.engine == engine.name
    assert isinstance(events[0], Resolved)
    assert events[-1] == finished
    layers = seen["Layers"]
    assert isinstance(layers, list)
    told = states(events)
    for layer in layers:
        (found,) = [d for d in told if layer.startswith(d)]
        assert told[found][-1] in {"done", "cached"}
    written = [p for p in folder.rglob("*") if p.is_file() and not p.is_symlink()]
    assert written
    # Neither the engine's configuration nor its log keeps the password.
    assert not [path for path in written if leaks(path.read_bytes())]


def test_manifest_tells_what_the_engine_does_not(world: PracticeWorld, engine: Engine) -> None:
    name = reference(add_repository(world), "chainguard/static")
    with Builtin().registry(name.host, LOGIN, plain_http=True) as registry:
        known = ask(registry, name)
        assert known is not None
        whole = registry.manifest(name.repository, known.manifest_digest)
    events: list[PullEvent] = []
    informed = CompletedEvents(known, events.append)
    finished = informed.complete(engine.pull(name, LOGIN, on_event=informed, plain_http=True))
    assert finished.bytes == known.total
    assert finished.manifest_digest == whole.digest
    assert [e for e in events if isinstance(e, Finished)] == [finished]


def test_by_digest_and_platform(world: PracticeWorld, engine: Engine) -> None:
    url = add_repository(world)
    index = skopeo("--raw", f"docker://{reference(url)}")
    manifests = index["manifests"]
    assert isinstance(manifests, list)
    (arm,) = [m["digest"] for m in manifests if m["platform"]["architecture"] == "arm64"]
    name = Reference.parse(f"{url.removeprefix('http://')}/{FREE_IMAGE}@{arm}")
    finished = engine.pull(name, LOGIN, platform="linux/arm64", plain_http=True)
    assert finished.digest == arm
    assert finished.platform.startswith("linux/arm64")


def code(engine: Engine, name: Reference, login: Credentials | None, **more: str) -> str:
    with pytest.raises(WizardError) as caught:
        engine.pull(name, login, platform=more.get("platform"), plain_http=True)
    assert ADMIN_PASSWORD not in repr(caught.value.problem)
    return caught.value.code


def test_refusals(world: PracticeWorld, engine: Engine) -> None:
    url = add_repository(world)
    assert code(engine, reference(url), None) == "no-login"
    wrong = Credentials(ADMIN, Secret("not-it"))
    assert code(engine, reference(url), wrong) == "login-wrong"
    assert code(engine, reference(url, "chainguard/none-such"), LOGIN) == "manifest-unknown"
    assert code(engine, reference(url), LOGIN, platform="linux/s390x") in {
        "platform",
        "manifest-unknown",
    }
    assert code(engine, reference(f"http://127.0.0.1:{free_port()}"), LOGIN) == "registry-refused"


def test_podman_needs_to_be_told_of_plain_http(world: PracticeWorld, podman: Engine) -> None:
    with pytest.raises(WizardError) as caught:
        podman.pull(reference(add_repository(world)), LOGIN)
    assert caught.value.code == "client-plain-http"
    assert "insecure = true" in caught.value.problem.next_step


def test_docker_refuses_plain_http_from_another_host(docker: Engine) -> None:
    host = own_address()
    if host is None:
        pytest.skip("this machine has no address but loopback")
    with practice_world(host="0.0.0.0") as world:
        world.start()
        port = add_repository(world).rpartition(":")[2]
        with pytest.raises(WizardError) as caught:
            docker.pull(reference(f"http://{host}:{port}"), LOGIN, plain_http=True)
    assert caught.value.code == "client-plain-http"
    assert f'{{"insecure-registries": ["{host}:{port}"]}}' in caught.value.problem.next_step


def test_podman_counts_bytes_where_its_settings_allow_plain_http(world: PracticeWorld) -> None:
    world.registry.throttle.speed = 8e6
    name = reference(add_repository(world), LARGE_IMAGE)
    setting = f'[[registry]]\nlocation = "{name.host}"\ninsecure = true\n'
    with short_folder() as folder, podman_engine(folder, setting) as address:
        podman = get("podman", {"CONTAINER_HOST": address})
        events: list[PullEvent] = []
        finished = podman.pull(name, LOGIN, on_event=events.append)
    assert finished.digest == skopeo(f"docker://{name}")["Digest"]
    assert any(isinstance(e, LayerProgress) and e.total for e in events)
    assert any(isinstance(e, Totals) for e in events)


def test_podman_names_a_credential_helper_that_is_missing(
    world: PracticeWorld, own_folders: Path
) -> None:
    name = reference(add_repository(world))
    config = own_folders / ".docker" / "config.json"  # which the service itself reads
    config.parent.mkdir()
    config.write_text(json.dumps({"credHelpers": {name.host: "none-such"}}))
    with short_folder() as folder, podman_engine(folder) as address:
        podman = get("podman", {"CONTAINER_HOST": address})
        with pytest.raises(WizardError) as caught:
            podman.pull(name, None, plain_http=True)
    assert caught.value.code == "engine-credential-helper"
    assert "error getting credentials" in caught.value.problem.came_back
    assert "install the helper" in caught.value.problem.next_step


def test_cancel_stops_the_engine(world: PracticeWorld, engine: Engine) -> None:
    world.registry.throttle.speed = 1e6
    name = reference(add_repository(world), "chainguard/node")
    port = int(name.host.rpartition(":")[2])
    cancel = Cancel()

    def on_event(event: PullEvent) -> None:
        begun = isinstance(event, LayerProgress) and event.state == "downloading"
        if begun and not cancel.is_set:
            wait_until(lambda: bool(connections_to(port)), "the engine to begin")
            cancel.set()

    with pytest.raises(Cancelled):
        engine.pull(name, LOGIN, on_event=on_event, cancel=cancel, plain_http=True)
    wait_until(lambda: not connections_to(port), "the engine to let go")
