"""Containers, images and volumes of an engine, by the API that Docker and Podman share."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING, Self
from urllib.parse import quote

import msgspec

from cgwizard.engines import inspect
from cgwizard.engines.container_model import NEXUS_DATA, NEXUS_PORT, Container, ContainerSpec
from cgwizard.engines.docker import image_name
from cgwizard.engines.errors import TITLES
from cgwizard.engines.inspect import Details, Listed
from cgwizard.engines.socket import EngineSocket, said
from cgwizard.errors import Code, WizardError
from cgwizard.net.failures import read_failure
from cgwizard.text import decode
from cgwizard.text.sanitize import shortened

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from cgwizard.cancel import Cancel
    from cgwizard.engines.model import Engine
    from cgwizard.registry.reference import Reference

# With the storage driver vfs an engine copies the whole image for a container.
CHANGE_SECONDS = 120.0
STOP_SECONDS = 60  # Nexus closes its database; Docker's own ten seconds can be too few
FILE_LIMIT = 1 << 20
LOG_LINES = 12


class Containers(EngineSocket):
    """``engine``'s containers. Close it, or use ``with``. Every call raises WizardError
    `engine-gone` when the engine stops.

    Paths have no version: an engine then uses its newest, and each one drops old versions.
    """

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine.socket)
        self.engine = engine
        self.title = TITLES[engine.name]

    def __enter__(self) -> Self:
        return self

    # Questions

    def find(self, name: str) -> Container | None:
        """The container of this name or id."""
        response = self.get(f"/containers/{quote(name, safe='')}/json")
        if response.status_code == 404:
            return None
        return inspect.container(self._decoded(response, Details), self.engine.name)

    def nexuses(self) -> list[Container]:
        """Containers that look like a Nexus, running ones first."""
        listed = self._decoded(self.get("/containers/json?all=1"), list[Listed])
        found = (self.find(entry.id) for entry in listed if entry.may_be_nexus)
        nexuses = [container for container in found if container and container.is_nexus]
        return sorted(nexuses, key=lambda container: not container.running)

    def has_image(self, reference: Reference) -> bool:
        return self.get(f"/images/{image_name(reference)}/json").status_code == 200

    def has_volume(self, name: str) -> bool:
        return self.get(f"/volumes/{quote(name, safe='')}").status_code == 200

    def log(self, id: str) -> list[str]:
        """The last lines that the container wrote."""
        response = self.get(f"/containers/{id}/logs?stdout=1&stderr=1&tail={LOG_LINES}")
        if response.status_code != 200:
            return []
        return inspect.log_lines(response.content)

    def read(self, id: str, path: str) -> bytes | None:
        """A small file of the container, running or not; None where there is none."""
        response = self.get(f"/containers/{id}/archive?path={quote(path, safe='')}")
        if response.status_code == 404:
            return None
        if response.status_code != 200:
            raise self._refused(f"reading {path} in the container", response)
        with tarfile.open(fileobj=io.BytesIO(response.content)) as tar:
            for entry in tar:
                file = tar.extractfile(entry) if entry.isfile() else None
                if file is not None:
                    return file.read(FILE_LIMIT)
        return None

    # Changes

    def create(self, spec: ContainerSpec, reference: Reference) -> str:
        """Create a container for Nexus, not started; its id. The volume is made with it. Raises
        WizardError `trial-name-taken` or `trial-not-started`."""
        host: dict[str, object] = {"Binds": [f"{spec.data_volume}:{NEXUS_DATA}"]}
        if spec.published:
            host["PortBindings"] = {
                f"{inside}/tcp": [{"HostPort": str(outside)}]
                for inside, outside in spec.published.items()
            }
        else:
            host["NetworkMode"] = "host"
        body = {
            "Image": image_name(reference),
            "ExposedPorts": {f"{inside}/tcp": {} for inside in spec.published or (NEXUS_PORT,)},
            "HostConfig": host,
        }
        tried = f"creating the container {spec.name}"
        response = self._send("POST", "/containers/create", {"name": spec.name}, body)
        told = said(response.content)
        # Docker reports it by the status, Podman only in the text.
        if response.status_code == 409 or "already in use" in told:
            raise name_taken(spec.name, tried, told)
        if response.status_code != 201:
            raise self._refused(tried, response)
        return self._decoded(response, Listed).id

    def start(self, container: str) -> None:
        """Raises WizardError `trial-port-taken` or `trial-not-started`."""
        response = self._send("POST", f"/containers/{container}/start")
        if response.status_code not in {204, 304}:
            raise self._refused("starting the container", response)

    def unpause(self, container: str) -> None:
        response = self._send("POST", f"/containers/{container}/unpause")
        if response.status_code != 204:
            raise self._refused("resuming the container", response)

    def stop(self, container: str, cancel: Cancel | None = None) -> None:
        """Stop it, and wait until it has ended. Cancelled ends only the wait."""
        path = f"/containers/{container}/stop"
        with self.stream(path, {"t": str(STOP_SECONDS)}, {}, cancel) as (status, lines):
            text = b"\n".join(lines)
        if status not in {204, 304, 404}:
            raise self._problem("stopping the container", said(text))

    def remove(self, container: str) -> None:
        """Remove it, also while it runs. Volumes stay."""
        response = self._send("DELETE", f"/containers/{container}", {"force": "true"})
        if response.status_code not in {200, 204, 404}:
            raise self._refused("removing the container", response)

    def remove_volume(self, name: str) -> None:
        response = self._send("DELETE", f"/volumes/{quote(name, safe='')}")
        if response.status_code not in {204, 404}:
            raise self._refused(f"removing the volume {name}", response)

    # Requests and errors

    def _send(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> httpx.Response:
        import httpx

        try:
            return self._client.request(
                method,
                path,
                params=params,
                content=msgspec.json.encode(body) if body is not None else None,
                headers={"Content-Type": "application/json"} if body is not None else None,
                timeout=httpx.Timeout(CHANGE_SECONDS),
            )
        except httpx.HTTPError as error:
            raise self._gone(f"{method} {path}", error) from error

    def _gone(self, tried: str, error: Exception) -> WizardError:
        return WizardError(
            Code.ENGINE_GONE,
            tried=f"{tried} on {self.path}",
            came_back=read_failure(error).words,
            cause=f"{self.title} was stopped or restarted, or hangs",
            next_step=f"see that {self.title} runs, then try again",
        )

    def _decoded(self, response: httpx.Response, kind: type[inspect.T]) -> inspect.T:
        tried = f"asking {self.title} for its containers"
        if not response.is_success:
            raise self._refused(tried, response)
        try:
            return decode.json(response.content, kind)
        except decode.Unreadable as error:
            raise WizardError(
                Code.ENGINE_ANSWER,
                tried=tried,
                came_back=str(error),
                cause=f"this {self.title} answers in a form that is not known",
                next_step="start the container by the command that is shown",
            ) from error

    def _refused(self, tried: str, response: httpx.Response) -> WizardError:
        return self._problem(tried, said(response.content) or f"status {response.status_code}")

    def _problem(self, tried: str, text: str) -> WizardError:
        words = text.lower()
        code = Code.TRIAL_NOT_STARTED
        cause = f"{self.title} says no more than this"
        next_step = f"look at the log of {self.title}, then try again"
        if "already allocated" in words or "address already in use" in words:
            code = Code.TRIAL_PORT_TAKEN
            cause = "another program or container listens on one of these ports"
            next_step = "choose other ports, or stop what uses them"
        elif "no space left" in words:
            code = Code.ENGINE_DISK_FULL
            cause = f"the disk on which {self.title} keeps containers and volumes is full"
            next_step = f"make room there, for example: {self.engine.name} system prune"
        elif "volume is in use" in words or "volume is being used" in words:
            cause = "another container uses it"
            next_step = "remove that container first"
        return WizardError(
            code, tried=tried, came_back=shortened(text), cause=cause, next_step=next_step
        )


def name_taken(name: str, tried: str, came_back: str) -> WizardError:
    return WizardError(
        Code.TRIAL_NAME_TAKEN,
        tried=tried,
        came_back=came_back,
        cause=f"another container is called {name}",
    )
