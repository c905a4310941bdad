"""A practice registry that runs for one test, and the plainest client for it."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path

import httpx

from cgwizard.practice.cgr.server import PracticeRegistry
from cgwizard.practice.serving import Servers, listen
from cgwizard.secrets.secret import Credentials

FREE = "chainguard/wolfi-base"
PRIVATE = "example.com/chainguard-base"
INDEX = "application/vnd.oci.image.index.v1+json"


@contextlib.contextmanager
def serving(folder: Path, *, speed: float | None = None) -> Iterator[PracticeRegistry]:
    registry = PracticeRegistry(sock=listen(0), blob_sock=listen(0), data=folder, speed=speed)
    servers = Servers(["cgr.dev"])
    servers.start()
    try:
        servers.submit(registry.start(servers)).result(timeout=10)
        yield registry
    finally:
        servers.close()


# No TLS here: without `verify=False` each client would load all certificates of the system.
BARE = httpx.Client(verify=False, trust_env=False, timeout=20)


def fetch(url: str, *, method: str = "GET", **headers: str) -> httpx.Response:
    """One request without credentials, redirects not followed."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return BARE.request(method, url, headers=sent)


class Client:
    """Asks as a client would, keeping nothing: a token per request, redirects by hand."""

    def __init__(self, registry: PracticeRegistry, credentials: Credentials | None = None) -> None:
        self.http = httpx.Client(base_url=registry.url, verify=False, trust_env=False, timeout=20)
        self._credentials = credentials

    def ask_token(self, *scopes: str) -> httpx.Response:
        auth = None
        if self._credentials:
            auth = (self._credentials.username, self._credentials.password.reveal())
        params = {"scope": list(scopes), "service": "cgr.dev"}
        return self.http.get("/token", params=params, auth=auth)

    def bearer(self, repository: str) -> dict[str, str]:
        answer = self.ask_token(f"repository:{repository}:pull")
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['token']}"}

    def get(self, repository: str, path: str, **headers: str) -> httpx.Response:
        return self.request("GET", repository, path, **headers)

    def request(self, method: str, repository: str, path: str, **headers: str) -> httpx.Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.request(
            method, f"/v2/{repository}/{path}", headers={**self.bearer(repository), **sent}
        )

    def blob_link(self, repository: str, digest: str) -> str:
        answer = self.get(repository, f"blobs/{digest}")
        assert answer.status_code == 307, answer.text
        return answer.headers["Location"]

    def platform(self, repository: str, reference: str = "latest") -> tuple[str, list[str]]:
        """The linux/amd64 manifest's config digest and layer digests."""
        index = self.get(repository, f"manifests/{reference}").json()
        child = next(
            entry["digest"]
            for entry in index["manifests"]
            if entry["platform"] == {"architecture": "amd64", "os": "linux"}
        )
        manifest = self.get(repository, f"manifests/{child}").json()
        return manifest["config"]["digest"], [layer["digest"] for layer in manifest["layers"]]


def code(answer: httpx.Response) -> str:
    """The code of an error in the distribution specification's form."""
    (error,) = answer.json()["errors"]
    assert error["message"]
    return str(error["code"])


def sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
