"""What a trial Nexus is asked for, and what engines answer, without an engine."""

from __future__ import annotations

import subprocess
from pathlib import Path

import msgspec
import pytest

from cgwizard.engines import inspect
from cgwizard.engines import published_ports as ports
from cgwizard.engines.container_model import Container, PublishedPort
from cgwizard.guide.guide import Guide
from cgwizard.trial import prompts, removal
from cgwizard.trial.model import TrialSpec
from cgwizard.trial.step import Trial
from tests.support.guide import enter

TYPED = {"image": "sonatype/nexus3", "name": "nexus", "port": "8081", "connectors": "5051, 5052"}
CONTAINER = Container(
    program="docker",
    id="1",
    name="nexus",
    image="sonatype/nexus3",
    status="running",
    exit_code=0,
    out_of_memory=False,
    error="",
    published={8081: PublishedPort("127.0.0.1", 8081), 5051: PublishedPort("127.0.0.1", 15051)},
    host_network=False,
    volume="nexus-data",
    named_volume=True,
    is_nexus=True,
)


def test_the_command_is_that_of_the_guide() -> None:
    line = (
        "docker run -d -p 8081:8081 -p 5051:5051 -p 5052:5052 "
        "--name nexus -v nexus-data:/nexus-data sonatype/nexus3"
    )
    assert TrialSpec().run_line() == line
    assert prompts.spec(TYPED) == TrialSpec(), "so are the defaults that a person sees"
    folded = prompts.folded(line)
    assert max(map(len, folded)) <= 74
    script = "set -- " + "\n".join(folded) + "\nprintf '%s\\n' \"$@\""
    words = subprocess.run(["sh", "-c", script], check=True, capture_output=True, text=True)
    assert words.stdout.split() == line.split(), "a shell takes it as one"


def test_podman_gets_a_name_about_which_it_need_not_ask() -> None:
    assert prompts.image_for("podman", "sonatype/nexus3") == "docker.io/sonatype/nexus3:latest"
    assert prompts.image_for("docker", " sonatype/nexus3 ") == "sonatype/nexus3"


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("name", "n"),
        ("name", "my nexus"),
        ("name", "-v"),
        ("image", ""),
        ("image", "https://registry.example.com/nexus3"),
        ("image", "--privileged"),
        ("port", "x"),
        ("port", "0"),
        ("port", "65536"),
        ("port", "5051"),
        ("connectors", ""),
        ("connectors", "5051 x"),
        ("connectors", "5051 5051"),
        ("connectors", "8081"),
        ("connectors", "70000"),
    ],
)
def test_what_cannot_be_started_is_told_at_the_field(field: str, text: str) -> None:
    assert not prompts.problems(TYPED)
    at = "connectors" if (field, text) == ("port", "5051") else field
    assert set(prompts.problems(TYPED | {field: text})) == {at}


def test_a_connector_on_another_number_does_not_serve_the_guide() -> None:
    assert CONTAINER.connectors == ()
    problem = ports.unpublished(CONTAINER, 5051)
    assert problem is not None
    assert problem.came_back == "port 5051 of the container is port 15051 of this machine"
    assert ports.unpublished(msgspec.structs.replace(CONTAINER, host_network=True), 5051) is None


def test_a_nexus_elsewhere_is_not_looked_for_here() -> None:
    assert ports.behind("https://nexus.example.com") is None


def test_removing_says_what_stays() -> None:
    assert "volume nexus-data" in removal.explained("remove", CONTAINER)[1]
    folder = msgspec.structs.replace(CONTAINER, volume="/srv/nexus", named_volume=False)
    assert "folder /srv/nexus" in removal.explained("remove", folder)[1]
    none = msgspec.structs.replace(CONTAINER, volume="", named_volume=False)
    assert "goes with it" in removal.explained("remove", none)[1]
    assert removal.commands("remove-data", CONTAINER) == (
        "docker stop nexus",
        "docker rm nexus",
        "docker volume rm nexus-data",
    )


def test_a_log_is_read_with_and_without_headers() -> None:
    piece = b"\x01\0\0\0\0\0\0\x06first\n" + b"\x02\0\0\0\0\0\0\x07second\n"
    assert inspect.log_lines(piece) == ["first", "second"]
    assert inspect.log_lines(b"first\r\nsecond\r\n") == ["first", "second"]
    assert inspect.log_lines(b"\x01\0\0\0\0\0\0\x63cut") == ["cut"]
    assert inspect.log_lines(b"") == []


def test_ports_are_known_while_a_container_is_stopped() -> None:
    told = b"""{"Id": "1", "Name": "/nexus", "State": {"Status": "exited", "OOMKilled": true},
        "Config": {"Image": "mirror.example.com/sonatype/nexus3:3.96.3"},
        "HostConfig": {"NetworkMode": "default", "PortBindings": {
            "8081/tcp": [{"HostIp": "10.0.0.5", "HostPort": "80"}],
            "5051/tcp": [{"HostIp": "", "HostPort": ""}], "53/udp": [{"HostPort": "53"}]}},
        "NetworkSettings": {"Ports": {}}, "Mounts": []}"""
    found = inspect.container(msgspec.json.decode(told, type=inspect.Details), "docker")
    assert found.url() == "http://10.0.0.5:80"
    assert ports.published_ports(found) == {8081: 80}
    assert found.is_nexus
    assert found.out_of_memory


def test_without_an_engine_it_says_what_to_start(tmp_path: Path) -> None:
    nobody = f"unix://{tmp_path}/nobody.sock"
    env = {"DOCKER_HOST": nobody, "CONTAINER_HOST": nobody}
    assert ports.engines(env) == []
    step = Trial(Guide(), env)
    enter(step)
    assert step.problem is not None
    assert step.problem.code == "engine-absent"
    assert "--engine" not in step.problem.next_step, "that is about pulls"
    assert not step.preview()
