"""`NexusClient`: the calls of Nexus's REST API that the guide and the checks need.

Blocking; usable from several threads. Every failure is a WizardError. A call that a version
or edition does not have gives None where the return type says so.
"""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar
from urllib.parse import quote

from cgwizard.net.trust import Trust
from cgwizard.nexus.accounts import sign_in
from cgwizard.nexus.certificates import UntrustedCertificate
from cgwizard.nexus.http_errors import unexpected
from cgwizard.nexus.identify import read_swagger
from cgwizard.nexus.models import (
    Account,
    Anonymous,
    Asset,
    BlobStore,
    Component,
    DockerProxy,
    Eula,
    HttpSettings,
    RemoteCertificate,
    RemoteStatus,
    Repository,
    Server,
)
from cgwizard.nexus.pagination import pages
from cgwizard.nexus.remote import remote_certificate, remote_status
from cgwizard.nexus.repositories import read_repository
from cgwizard.nexus.rest import RestSession, decode
from cgwizard.nexus.settings import Json
from cgwizard.secrets.secret import Credentials
from cgwizard.text.decode import Unreadable

if TYPE_CHECKING:
    from cgwizard.cancel import Cancel
    from cgwizard.nexus.roles import SecurityApi

__all__ = ["NexusClient", "Server", "UntrustedCertificate"]

T = TypeVar("T")

DOCKER_PROXY = "/v1/repositories/docker/proxy"


class NexusClient:
    """One Nexus as one user. ``base_url`` as `address.normalize` gives it."""

    def __init__(
        self,
        base_url: str,
        credentials: Credentials | None = None,
        trust: Trust | None = None,
        cancel: Cancel | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.trust = trust or Trust()
        self._session = RestSession(self.base_url, credentials, self.trust)
        self.cancel = cancel

    def close(self) -> None:
        self._session.transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def credentials(self) -> Credentials | None:
        """Setting other credentials allows another sign-in, also after a refusal."""
        return self._session.credentials

    @credentials.setter
    def credentials(self, credentials: Credentials | None) -> None:
        self._session.use(credentials)

    @property
    def cancel(self) -> Cancel | None:
        """What ends every call at once, with Cancelled."""
        return self._session.transport.cancel

    @cancel.setter
    def cancel(self, cancel: Cancel | None) -> None:
        self._session.transport.cancel = cancel

    # The server

    def server(self) -> Server:
        """Who answers, asked now and without credentials."""
        return self._session.server(again=True)

    @property
    def version(self) -> str | None:
        """The server's version, ``"3.96.3-01"``; None where a reverse proxy hides it."""
        return self._session.server().version

    def writable(self) -> bool:
        """False in read-only mode, and while Nexus starts. Asked without credentials."""
        answer = self._session.send("GET", "/v1/status/writable", anonymous=True, accept=(200, 503))
        return answer.status == 200

    def sign_in(self) -> Account:
        """Check the credentials. Wrong ones are sent once.

        Further calls of a client whose credentials were refused fail without being sent.
        """
        return sign_in(self._session)

    def docker_supported(self) -> bool:
        """Whether this Nexus has the docker format; True where it does not say."""
        if self._session.server().edition == "CORE":
            return False
        answer = self._session.send("GET", "/swagger.json", accept=(200, 401, 403, 404))
        swagger = read_swagger(answer.body) if answer.status == 200 else None
        if swagger is None or not swagger.paths:
            return True
        return any(path.endswith(DOCKER_PROXY) for path in swagger.paths)

    def eula(self) -> Eula | None:
        """None where there is none to accept: not the Community Edition, or before 3.77."""
        return self._optional("/v1/system/eula", Eula, needs="nx-all")

    def accept_eula(self, eula: Eula) -> None:
        """Legally binding: call it only after the user agreed to ``eula.disclaimer``."""
        body = {"accepted": True, "disclaimer": eula.disclaimer}
        self._write("POST", "/v1/system/eula", "accepting the EULA", body, needs="nx-all")

    def http_settings(self) -> HttpSettings | None:
        """Nexus's own way out to the network; None where the version does not have this."""
        return self._optional("/v1/http", HttpSettings, needs="nx-settings-read")

    def remote_certificate(self, host: str, port: int = 443) -> RemoteCertificate:
        """What ``host`` presents to Nexus: it shows interception, DNS and egress problems there.

        Raises WizardError("remote-dns") or ("remote-egress") where Nexus gets none.
        """
        return remote_certificate(self._session, host, port)

    # Security

    def active_realms(self) -> list[str]:
        return self._session.get_list(
            "/v1/security/realms/active", str, "realms", "nx-settings-read"
        )

    def anonymous(self) -> Anonymous:
        return self._get("/v1/security/anonymous", Anonymous, needs="nx-settings-read")

    @property
    def security(self) -> SecurityApi:
        """Users, roles and privileges."""
        from cgwizard.nexus.roles import SecurityApi

        return SecurityApi(self._session)

    # Repositories

    def repositories(self) -> list[Repository]:
        """Those that this user may administer with their settings; the others, where this
        user may browse them, with name and remote only."""
        path = "/v1/repositorySettings"
        answer = self._session.send("GET", path, accept=(200, 403, 404, 405))
        if answer.status != 200:
            path = "/v1/repositories"
            answer = self._session.send("GET", path)
        tried = f"GET {self.base_url}/service/rest{path}"
        return self._session.read_list(answer, read_repository, tried, "repositories")

    def blob_stores(self) -> list[BlobStore]:
        return self._session.get_list(
            "/v1/blobstores", BlobStore, "blob stores", "nx-blobstores-read"
        )

    @property
    def remarks(self) -> dict[str, tuple[str, ...]]:
        """What is odd in the last list of each kind: "repositories", "users", "components", ..."""
        return self._session.remarks

    def docker_proxy(self, name: str) -> DockerProxy | None:
        """None where there is none of this name, format and type that this user may see."""
        path = f"{DOCKER_PROXY}/{_segment(name)}"
        answer = self._session.send("GET", path, accept=(200, 404))
        if answer.status == 404:
            return None
        tried = f"GET {self.base_url}/service/rest{path}"
        raw = decode(answer, Json, tried)
        try:
            return DockerProxy.from_answer(raw)
        except Unreadable as error:
            raise unexpected(answer, tried, f"JSON of another shape: {error}") from error

    def create_docker_proxy(self, proxy: DockerProxy) -> None:
        """Raises WizardError: repository-name-taken, connector-port-of-other-repository,
        nexus-request-invalid, nexus-no-docker, ..."""
        body = proxy.to_request(self._session.server().version)
        self._write(
            "POST",
            DOCKER_PROXY,
            f"creating the repository {proxy.name}",
            body,
            needs="nx-repository-admin-*-*-add",
        )

    def update_docker_proxy(self, proxy: DockerProxy) -> None:
        """Replaces the whole configuration and restarts the repository: running pulls are cut."""
        body = proxy.to_request(self._session.server().version)
        self._write(
            "PUT",
            f"{DOCKER_PROXY}/{_segment(proxy.name)}",
            f"changing the repository {proxy.name}",
            body,
            needs="nx-repository-admin-*-*-edit",
        )

    def delete_repository(self, name: str) -> None:
        path = f"/v1/repositories/{_segment(name)}"
        what = f"deleting the repository {name}"
        self._write("DELETE", path, what, needs="nx-repository-admin-*-*-delete")

    def invalidate_cache(self, name: str) -> None:
        """The next request of each tag asks the remote again; remembered 404s are forgotten."""
        path = f"/v1/repositories/{_segment(name)}/invalidate-cache"
        what = f"invalidating the cache of {name}"
        self._write("POST", path, what, needs="nx-repository-admin-*-*-edit")

    def remote_status(self, name: str) -> RemoteStatus | None:
        """From an undocumented call of Nexus's own pages; None where it is missing, or this
        user may not see the repository."""
        return remote_status(self._session, name)

    # Content

    def components(
        self, repository: str, name: str | None = None, version: str | None = None
    ) -> list[Component]:
        """What is cached, at once after a pull (the search index lags); exact name and version."""
        found = pages(
            self._session, "/v1/components", {"repository": repository}, Component, "components"
        )
        return [
            each
            for each in found
            if (name is None or each.name == name) and (version is None or each.version == version)
        ]

    def search_docker(self, repository: str, image: str, tag: str | None = None) -> list[Component]:
        """What Nexus's search finds; it learns of a new tag about two seconds after the pull."""
        params = {"repository": repository, "format": "docker", "docker.imageName": image}
        if tag:
            params["docker.imageTag"] = tag
        return pages(self._session, "/v1/search", params, Component, "components")

    def assets(self, repository: str) -> list[Asset]:
        """Manifests and blobs; those of an index's children belong to no component."""
        return pages(self._session, "/v1/assets", {"repository": repository}, Asset, "assets")

    # How

    def _get(self, path: str, type_: type[T], *, needs: str = "") -> T:
        answer = self._session.send("GET", path, needs=needs)
        return decode(answer, type_, f"GET {self.base_url}/service/rest{path}")

    def _optional(
        self, path: str, type_: type[T], *, absent: tuple[int, ...] = (404, 405), needs: str = ""
    ) -> T | None:
        answer = self._session.send("GET", path, accept=(200, *absent), needs=needs)
        if answer.status != 200:
            return None
        return decode(answer, type_, f"GET {self.base_url}/service/rest{path}")

    def _write(
        self,
        method: str,
        path: str,
        what: str,
        body: object = None,
        *,
        needs: str = "",
    ) -> None:
        accept = (200, 201, 202, 204)
        self._session.send(method, path, what=what, json=body, accept=accept, needs=needs)


def _segment(name: str) -> str:
    """A repository's name inside a path: nothing in it may lead to another path."""
    return quote(name, safe="") if name.strip(".") else "%2E" * len(name)
