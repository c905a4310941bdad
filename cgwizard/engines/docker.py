"""Docker by its Engine API, which Podman mostly has too."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

import msgspec

from cgwizard.engines import errors
from cgwizard.engines.model import Name
from cgwizard.engines.progress import PullProgress, read
from cgwizard.engines.socket import EngineSocket, said
from cgwizard.errors import Code, WizardError
from cgwizard.events import Failed, OnEvent, ignore
from cgwizard.text import decode

if TYPE_CHECKING:
    from cgwizard.cancel import Cancel
    from cgwizard.events import Finished
    from cgwizard.registry.reference import Reference
    from cgwizard.secrets.secret import Credentials

OLDEST_API = (1, 32)  # the first that takes a platform


class _Descriptor(msgspec.Struct):
    digest: str = ""


class Inspected(msgspec.Struct, rename="pascal"):
    """The members that are used of an engine's answer about an image. Podman gives ``digest``, and
    a Docker that stores images in containerd gives ``descriptor``."""

    os: str = ""
    architecture: str = ""
    variant: str | None = None
    repo_digests: list[str] | None = None
    digest: str = ""
    descriptor: _Descriptor | None = None

    @property
    def platform(self) -> str:
        return "/".join(filter(None, (self.os, self.architecture, self.variant)))

    def digests_of(self, reference: Reference) -> list[str]:
        """Digests under which the engine knows the image in the reference's repository."""
        name = f"{reference.host}/{reference.repository}@"
        return [d.removeprefix(name) for d in self.repo_digests or () if d.startswith(name)]


class PullRequest(NamedTuple):
    """The arguments of `Engine.pull`."""

    reference: Reference
    credentials: Credentials | None
    platform: str | None
    on_event: OnEvent
    cancel: Cancel | None
    plain_http: bool


class Docker:
    """``api``: the version of the engine's API, from ``/version``."""

    name: Name = "docker"

    def __init__(self, socket: str, version: str, api: str) -> None:
        self.socket, self.version = socket, version
        # Newer engines refuse an API version that is much older than their own.
        self._api = _numbers(api) or OLDEST_API

    def pull(
        self,
        reference: Reference,
        credentials: Credentials | None = None,
        *,
        platform: str | None = None,
        on_event: OnEvent = ignore,
        cancel: Cancel | None = None,
        plain_http: bool = False,
    ) -> Finished:
        """As `Engine.pull`. Only Docker's own settings allow plain HTTP, so that ``plain_http``
        changes nothing."""
        try:
            one_platform(platform)
            return self._pull(
                PullRequest(reference, credentials, platform, on_event, cancel, plain_http)
            )
        except WizardError as error:
            on_event(Failed.of(str(reference), error.problem))
            raise

    def _pull(self, request: PullRequest) -> Finished:
        if request.platform and self._api < OLDEST_API:
            raise self._old()
        reference = request.reference
        progress = PullProgress(self.name, reference, request.platform, request.on_event)
        with EngineSocket(self.socket) as engine:
            self._create(engine, progress, request)
            image = self._inspect(engine, reference)
        known = image.digests_of(reference) or [""]
        digest = progress.digest or reference.digest or known[0]
        manifest = image.descriptor.digest if image.descriptor else ""
        return progress.finish(digest, manifest if manifest != digest else "", image.platform)

    def _create(self, engine: EngineSocket, progress: PullProgress, request: PullRequest) -> None:
        name = f"{request.reference.host}/{request.reference.repository}"
        params = {"fromImage": name, "tag": request.reference.target}
        if request.platform:
            params["platform"] = request.platform
        self._follow(engine, progress, request, self._path("images/create"), params)

    def _follow(
        self,
        engine: EngineSocket,
        progress: PullProgress,
        request: PullRequest,
        path: str,
        params: dict[str, str],
    ) -> None:
        """Start a pull and read its stream to the end. A pull that fails later has the status
        200 too; then the stream says so."""
        tried = f"pulling {request.reference} with {errors.TITLES[self.name]} {self.version}"

        def refused(text: str) -> WizardError:
            return errors.refused(
                self.name,
                self.socket,
                text,
                host=request.reference.host,
                tried=tried,
                signed_in=request.credentials is not None,
            )

        headers = registry_auth(request.reference.host, request.credentials)
        with engine.stream(path, params, headers, request.cancel) as (status, lines):
            if status != 200:
                raise refused(said(b"\n".join(lines)))
            for raw in lines:
                line = read(raw)
                if line is None:
                    continue
                if line.refusal:
                    raise refused(line.refusal)
                progress.add(line)

    def _path(self, path: str) -> str:
        return f"/v{self._api[0]}.{self._api[1]}/{path}"

    def _inspect(self, engine: EngineSocket, reference: Reference) -> Inspected:
        return engine.ask(self._path(f"images/{image_name(reference)}/json"), Inspected)

    def _old(self) -> WizardError:
        return WizardError(
            Code.ENGINE_OLD,
            tried=f"pulling for a chosen platform with Docker {self.version}",
            came_back=f"it speaks version {self._api[0]}.{self._api[1]} of its API",
            cause="platforms came with version 1.32, in Docker 17.09",
            next_step="update Docker; until then: --engine builtin",
        )


def image_name(reference: Reference) -> str:
    """The name under which the engine has the image now, for a path."""
    name = f"{reference.host}/{reference.repository}"
    end = f"@{reference.digest}" if reference.digest else f":{reference.target}"
    return quote(name + end, safe="/:@")


def registry_auth(host: str, credentials: Credentials | None) -> dict[str, str]:
    """The header with which both engines take credentials for one request."""
    if credentials is None:
        return {}
    document = {
        "username": credentials.username,
        "password": credentials.password.reveal(),
        "serveraddress": host,
    }
    encoded = base64.urlsafe_b64encode(msgspec.json.encode(document)).decode("ascii")
    return {"X-Registry-Auth": encoded}


def one_platform(platform: str | None) -> None:
    """Raises WizardError `platform` for ``all``, which engines do not pull."""
    if platform == "all":
        raise WizardError(
            Code.PLATFORM,
            tried="pulling every platform with a container engine",
            came_back="an engine keeps one platform of an image",
            cause="only the built-in puller takes all of them",
            next_step="use --engine builtin, or name one platform",
        )


def _numbers(version: str) -> tuple[int, int] | None:
    major, minor = map(decode.number, version.partition(".")[::2])
    return None if major is None or minor is None else (major, minor)
