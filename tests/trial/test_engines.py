"""A trial Nexus by real engines: the practice Nexus in an image, pulled from a real registry."""

from __future__ import annotations

import asyncio
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from textual.widgets import Static

from cgwizard.app import Wizard
from cgwizard.cancel import Cancel
from cgwizard.engines import published_ports as ports
from cgwizard.engines.containers import Containers
from cgwizard.engines.model import Engine
from cgwizard.errors import Cancelled, WizardError
from cgwizard.events import Finished, PullEvent
from cgwizard.guide.guide import Guide
from cgwizard.guide.shown import Check
from cgwizard.registry.reference import Reference
from cgwizard.screens.parts.footer import Keys
from cgwizard.screens.trial import TrialScreen
from cgwizard.trial import removal, running
from cgwizard.trial.model import TrialSpec
from cgwizard.trial.step import Trial
from tests.support.guide import act, enter, through
from tests.support.nexus_image import bridge, docker_daemon, podman_service, push_nexus_images
from tests.support.ports import free_port
from tests.support.practice_docker import debian_registry, wait_until
from tests.support.practice_world import ADMIN_PASSWORD
from tests.support.programs import needs

NAME = "cgw-nexus"
IMAGE = "practice/nexus3"
HOST_PORT = free_port()  # where the image for the host network listens

pytestmark = [
    needs("docker-registry", "dockerd", "podman", "runc"),
]


class Lab(NamedTuple):
    """One engine, where it is found, and the images for it."""

    kind: str
    env: dict[str, str]
    registry: str  # HOST:PORT
    host_network: bool

    def image(self, tag: str = "latest") -> str:
        tag = "host" if tag == "latest" and self.host_network else tag
        return f"{self.registry}/{IMAGE}:{tag}"

    def wanted(self, tag: str = "latest") -> TrialSpec:
        port = HOST_PORT if self.host_network else free_port()
        return TrialSpec(
            self.image(tag), NAME, port, (free_port(),), host_network=self.host_network
        )

    @property
    def engine(self) -> Engine:
        (engine,) = ports.engines(self.env)
        return engine

    def left(self) -> list[str]:
        """What a run that ended should not leave."""
        with Containers(self.engine) as containers:
            left = [NAME] if containers.find(NAME) else []
            return left + ([f"{NAME}-data"] if containers.has_volume(f"{NAME}-data") else [])


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="cgw-", ignore_cleanup_errors=True) as name:
        yield Path(name)


@pytest.fixture(scope="module")
def registry(folder: Path) -> Iterator[str]:
    (folder / "images").mkdir()
    with debian_registry(folder / "images") as url:
        push_nexus_images(
            url,
            IMAGE,
            latest={},
            host={"NEXUS_PORT": str(HOST_PORT)},
            fails={"FAIL": "3"},
            hangs={"HANG": "1"},
        )
        yield url.removeprefix("http://")


@pytest.fixture(scope="module", params=["docker", "podman"])
def lab(request: pytest.FixtureRequest, folder: Path, registry: str) -> Iterator[Lab]:
    """Docker with published ports where the machine allows a bridge; Podman on the host network."""
    here = folder / request.param
    here.mkdir()
    nobody = f"unix://{folder}/nobody.sock"
    if request.param == "docker":
        with bridge() as name, docker_daemon(here, name) as address:
            env = {"DOCKER_HOST": address, "CONTAINER_HOST": nobody}
            yield Lab("docker", env, registry, not name)
    else:
        with podman_service(here) as address:
            env = {"DOCKER_HOST": nobody, "CONTAINER_HOST": address}
            yield Lab("podman", env, registry, host_network=True)


@pytest.fixture(autouse=True)
def nothing_is_left(lab: Lab) -> Iterator[None]:
    yield
    with Containers(lab.engine) as containers:
        for container in containers.nexuses():
            containers.remove(container.id)
            if container.named_volume:
                containers.remove_volume(container.volume)
        containers.remove_volume(f"{NAME}-data")


def trial_step(lab: Lab, wanted: TrialSpec) -> Trial:
    step = Trial(Guide(), lab.env)
    step.host_network = wanted.host_network
    enter(step)
    assert step.problem is None
    step.set("image", wanted.image)
    step.set("name", wanted.name)
    step.set("port", str(wanted.port))
    step.set("connectors", " ".join(map(str, wanted.connectors)))
    return step


@pytest.fixture
def evidence(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guide's own look for the container finds this engine, and no other."""
    for name, address in lab.env.items():
        monkeypatch.setenv(name, address)


def states(checks: list[Check]) -> dict[str, str]:
    return {check.id: check.state for check in checks}


@pytest.mark.usefixtures("evidence")
def test_from_nothing_to_a_pull_through_it_and_away_again(lab: Lab) -> None:
    wanted = lab.wanted()
    events: list[PullEvent] = []
    step = trial_step(lab, wanted)
    step.session.on_event = events.append
    told = " ".join(line.rstrip(" \\").strip() for line in step.preview())
    assert told == wanted.run_line(lab.kind)
    with Containers(lab.engine) as containers:
        assert not containers.nexuses(), "looking starts nothing"
    checks = act(step)
    assert step.problem is None, step.problem
    assert states(checks) | {"image": "done"} == {
        **dict.fromkeys(("ports", "image", "container", "up", "password"), "done")
    }
    assert any(isinstance(event, Finished) for event in events) or "here already" in str(checks)
    assert step.moves_on
    result = step.result
    assert result is not None
    assert result.password is not None
    assert result.password.reveal() == ADMIN_PASSWORD
    assert ADMIN_PASSWORD not in repr(result) + repr(checks)

    session = Guide(url=result.url, user=result.username)
    session.steps.connect.set("password", result.password.reveal())
    try:
        enter(session.steps.connect)
        act(session.steps.connect)
        assert session.steps.connect.fix is not None, "a fresh Nexus wants its agreement accepted"
        act(session.steps.connect)
        assert session.steps.connect.state == "done"
        session.steps.routing.set("port", str(wanted.connectors[0]))
        through(session.steps.routing)
        through(session.steps.developer)
        session.steps.token.do("skip", lambda _check: None, Cancel())
        through(session.steps.pull)
        assert session.proofs[0].finished.bytes > 0
    finally:
        session.close()

    if not lab.host_network:
        container = ports.behind(result.url, lab.env)
        assert container is not None
        assert ports.published_ports(container) == wanted.published
        assert ports.unpublished(container, wanted.connectors[0]) is None
        problem = ports.unpublished(container, wanted.connectors[0] + 1)
        assert problem is not None
        assert problem.code == "connector-not-published"

    step.do("stop", lambda _check: None, Cancel())
    assert step.fix is not None, "it is asked first"
    assert step.preview() == (f"{lab.kind} stop {NAME}",)
    act(step)
    assert step.result is None
    assert step.found is not None
    assert not step.found.running

    later = Trial(Guide(), lab.env)
    enter(later)
    later.set("port", str(wanted.port))
    assert later.values["name"] == NAME, "what is here already is proposed"
    assert later.preview() == (f"{lab.kind} start {NAME}",)
    act(later)
    assert later.problem is None, later.problem
    assert later.result is not None
    assert later.result.password == result.password

    later.do("remove", lambda _check: None, Cancel())
    act(later)
    assert lab.left() == [f"{NAME}-data"], "the data is kept"
    assert later.values["image"] == wanted.image
    later.host_network = wanted.host_network
    later.set("connectors", str(wanted.connectors[0]))
    checks = act(later)
    assert later.problem is None, later.problem
    assert "with its data" in str(checks)
    later.do("remove", lambda _check: None, Cancel())
    later.do("remove-data", lambda _check: None, Cancel())
    assert later.preview()[-1] == f"{lab.kind} volume rm {NAME}-data"
    act(later)
    assert lab.left() == []


def test_a_container_that_ends_is_explained_by_its_last_lines_and_removed(lab: Lab) -> None:
    step = trial_step(lab, lab.wanted("fails"))
    checks = act(step)
    assert step.problem is not None
    assert step.problem.code == "trial-exited"
    assert "exit code 3" in step.problem.came_back
    assert "OutOfMemoryError: it was meant to fail" in step.problem.came_back
    assert states(checks)["undone"] == "skipped"
    assert step.result is None
    assert lab.left() == []


def test_data_that_was_there_survives_a_run_that_fails(lab: Lab) -> None:
    with Containers(lab.engine) as containers:
        made = containers.create(lab.wanted("hangs"), _reference(lab.image("hangs"), lab))
        containers.remove(made)
    assert lab.left() == [f"{NAME}-data"]
    with pytest.raises(WizardError, match="trial-exited"):
        running.start(lab.engine, lab.wanted("fails"), lambda _check: None, Cancel())
    assert lab.left() == [f"{NAME}-data"]


def test_data_in_a_folder_is_somebodys(lab: Lab, folder: Path) -> None:
    data = folder / f"data-{lab.kind}"
    data.mkdir(mode=0o777)
    wanted = msgspec.structs.replace(lab.wanted("fails"), volume=str(data))
    seen: dict[str, Check] = {}
    with pytest.raises(WizardError, match="trial-exited"):
        running.start(lab.engine, wanted, lambda check: seen.update({check.id: check}), Cancel())
    assert seen["container"].detail == f"folder {data} was there, with its data"
    assert seen["undone"].detail == "removed again"
    assert data.is_dir()
    assert lab.left() == []


def test_a_container_that_is_gone_is_not_offered_again(lab: Lab) -> None:
    wanted = lab.wanted("hangs")
    with Containers(lab.engine) as containers:
        containers.create(wanted, _reference(wanted.image, lab))
        step = Trial(Guide(), lab.env)
        enter(step)
        assert step.found is not None
        containers.remove(NAME)
    act(step)
    assert step.problem is not None
    assert step.problem.code == "trial-gone"
    assert step.found is None
    assert "image" in {field.id for field in step.fields()}, "a new one can be started"


def test_a_volume_that_another_container_uses(lab: Lab) -> None:
    wanted = lab.wanted("hangs")
    other = msgspec.structs.replace(wanted, name="cgw-other", volume=wanted.data_volume)
    with Containers(lab.engine) as containers:
        reference = _reference(wanted.image, lab)
        containers.create(wanted, reference)
        containers.create(other, reference)
        with pytest.raises(WizardError) as caught:
            removal.run("remove-data", lab.engine, NAME, lambda _check: None, Cancel())
    assert "another container uses it" in caught.value.problem.cause


def test_cancel_of_one_that_was_stopped_tells_that_it_is_stopped_again(lab: Lab) -> None:
    wanted = lab.wanted("hangs")
    cancel = Cancel()
    told: list[Check] = []

    def report(check: Check) -> None:
        told.append(check)
        if check.id == "up" and check.detail and not cancel.is_set:
            # Before it handles signals the engine would wait for it for a minute.
            wait_until(lambda: "starting" in containers.log(NAME), "its first line")
            cancel.set()

    with Containers(lab.engine) as containers:
        containers.create(wanted, _reference(wanted.image, lab))
        with pytest.raises(Cancelled):
            running.use(lab.engine, NAME, report, cancel, port=wanted.port)
        found = containers.find(NAME)
    assert found is not None
    assert found.status == "exited"
    assert [check.state for check in told if check.id == "undone"] == ["running", "skipped"]


def test_cancel_while_nexus_starts_removes_what_was_made(lab: Lab) -> None:
    cancel = Cancel()
    seen: list[Check] = []

    def report(check: Check) -> None:
        seen.append(check)
        if check.id == "up" and check.detail:
            threading.Thread(target=cancel.set).start()

    with pytest.raises(Cancelled):
        running.start(lab.engine, lab.wanted("hangs"), report, cancel)
    assert any("its port is" in check.detail for check in seen), "it says what it waits for"
    assert lab.left() == []


def test_the_wait_has_an_end(lab: Lab) -> None:
    with pytest.raises(WizardError) as caught:
        running.start(lab.engine, lab.wanted("hangs"), lambda _check: None, Cancel(), seconds=1)
    assert caught.value.code == "nexus-starting"
    assert lab.left() == []


def test_the_end_of_the_wait_tells_what_the_container_wrote(lab: Lab) -> None:
    wanted = lab.wanted("hangs")
    with Containers(lab.engine) as containers:
        containers.start(containers.create(wanted, _reference(wanted.image, lab)))
        wait_until(lambda: "starting" in containers.log(NAME), "its first line", seconds=60)
    port = wanted.port
    with pytest.raises(WizardError) as caught:
        running.use(lab.engine, NAME, lambda _check: None, Cancel(), port=port, seconds=1)
    assert caught.value.code == "nexus-starting"
    assert "it wrote: starting" in caught.value.problem.came_back


def test_a_port_that_is_taken_is_told_before_anything_is_pulled(lab: Lab) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        wanted = TrialSpec(
            lab.image("never-pushed"), NAME, port, (free_port(),), host_network=lab.host_network
        )
        with pytest.raises(WizardError) as caught:
            running.start(lab.engine, wanted, lambda _check: None, Cancel())
    assert caught.value.code == "trial-port-taken"
    assert str(port) in caught.value.problem.tried


def test_an_image_that_does_not_exist_is_the_engines_own_problem(lab: Lab) -> None:
    step = trial_step(lab, lab.wanted("never-pushed"))
    act(step)
    assert step.problem is not None
    assert step.problem.code == "manifest-unknown"
    assert step.doubtful == "image"
    assert lab.left() == []


def test_a_container_that_lacks_the_connectors_port_is_noticed(lab: Lab) -> None:
    if lab.host_network:
        wanted = TrialSpec(lab.image("latest"), NAME, free_port(), ())
        with Containers(lab.engine) as containers:
            reference = _reference(wanted.image, lab)
            containers.create(wanted, reference)
            container = containers.find(NAME)
        assert container is not None
        assert ports.published_ports(container) == wanted.published
        problem = ports.unpublished(container)
    else:
        wanted = TrialSpec(lab.image(), NAME, free_port(), ())
        running.start(lab.engine, wanted, lambda _check: None, Cancel())
        step = Trial(Guide(), lab.env)
        enter(step)
        checks = act(step)
        assert step.result is not None, step.problem
        assert not step.moves_on, "there is something to read first"
        problem = next(check.problem for check in checks if check.state == "warning")
    assert problem is not None
    assert problem.code == "connector-not-published"
    assert f"-v {NAME}-data:/nexus-data" in problem.next_step


def test_a_name_that_another_container_has_is_not_touched(lab: Lab) -> None:
    wanted = lab.wanted("hangs")
    with Containers(lab.engine) as containers:
        other = containers.create(wanted, _reference(wanted.image, lab))
        with pytest.raises(WizardError) as caught:
            containers.create(wanted, _reference(wanted.image, lab))
        assert caught.value.code == "trial-name-taken"
        with pytest.raises(WizardError, match="trial-name-taken"):
            running.start(lab.engine, wanted, lambda _check: None, Cancel())
        found = containers.find(NAME)
        assert found is not None
        assert found.id == other


def test_the_screen_shows_the_command_starts_it_and_goes_back_with_the_result(lab: Lab) -> None:
    wanted = lab.wanted()
    step = trial_step(lab, wanted)
    app = Wizard(Guide())

    async def play() -> None:
        async with app.run_test(size=(80, 24)) as pilot:

            async def until(true: Callable[[], bool], what: str) -> None:
                deadline = time.monotonic() + 60
                while not true():
                    assert time.monotonic() < deadline, f"waited in vain: {what}"
                    await pilot.pause(0.05)

            connect = app.screen
            app.push_screen(TrialScreen(step, app.session.first))
            await until(lambda: "enter start" in _keys(app), "it has looked")
            shown = str(app.screen.query_one("#preview", Static).content)
            assert shown.split() == " ".join(step.preview()).split()
            assert f"{lab.kind} run -d" in shown
            await pilot.press("enter")
            await until(lambda: app.screen is connect, "the result")

            app.push_screen(TrialScreen(step, app.session.first))
            await until(lambda: "enter connect to it" in _keys(app), "it runs")
            await pilot.press("ctrl+p", *"remove it", "enter")
            await until(lambda: "f8 remove the container" in _keys(app), "it asks")
            assert "enter keep it" in _keys(app)
            assert "stays in the volume" in str(app.screen.query_one("#explanation").render())
            await pilot.press("ctrl+p", *"with its data", "enter")
            await until(lambda: "f8 remove it with its data" in _keys(app), "data")
            await pilot.pause(1.0)  # a key may repeat: it is not heard at once
            await pilot.press("f8")
            await until(lambda: "enter start" in _keys(app), "removed")
            await pilot.press("escape")
            await until(lambda: app.screen is connect, "back")

    asyncio.run(play())
    assert step.result is None
    assert lab.left() == []


def _keys(app: Wizard) -> str:
    return " ".join(str(keys.content) for keys in app.screen.query(Keys))


def _reference(image: str, lab: Lab) -> Reference:
    """As it is when the image is there."""
    reference = Reference.parse(image)
    with Containers(lab.engine) as containers:
        if not containers.has_image(reference):
            lab.engine.pull(reference, plain_http=running.local(reference))
    return reference
