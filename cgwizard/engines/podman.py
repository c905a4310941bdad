"""Podman, by its own API and by the Docker-compatible one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgwizard.engines.docker import Docker, Inspected, PullRequest, image_name
from cgwizard.engines.model import Name
from cgwizard.engines.progress import PullProgress
from cgwizard.engines.socket import EngineSocket

if TYPE_CHECKING:
    from cgwizard.events import Finished
    from cgwizard.registry.reference import Reference

LIBPOD = "/v4.0.0/libpod"  # every Podman from 4.0 on accepts it


class Podman(Docker):
    """Its Docker-compatible API counts bytes and has no option to accept plain HTTP. Its own API
    has that option, and counts bytes from Podman 5 on. So the request decides which one is used.
    ``libpod``: whether its own API is there."""

    name: Name = "podman"

    def __init__(self, socket: str, version: str, api: str, *, libpod: bool = True) -> None:
        super().__init__(socket, version, api)
        self._libpod = libpod

    def _pull(self, request: PullRequest) -> Finished:
        if not self._libpod:
            return super()._pull(request)
        reference = request.reference
        progress = PullProgress(self.name, reference, request.platform, request.on_event)
        with EngineSocket(self.socket) as engine:
            if request.plain_http:
                params = _libpod_params(reference, request.platform)
                self._follow(engine, progress, request, f"{LIBPOD}/images/pull", params)
            else:
                self._create(engine, progress, request)
            image = engine.ask(f"{LIBPOD}/images/{image_name(reference)}/json", Inspected)
        digest = reference.digest or image.digest
        others = [known for known in image.digests_of(reference) if known != digest]
        # Podman lists index and manifest, and more of them after later pulls of the tag.
        manifest = others[0] if len(others) == 1 else ""
        return progress.finish(digest, manifest, image.platform)


def _libpod_params(reference: Reference, platform: str | None) -> dict[str, str]:
    params = {
        "reference": f"docker://{reference.host}/{reference.repository}",
        "tlsVerify": "false",
        "policy": "always",
        "compatMode": "true",  # from Podman 5 on: Docker's stream, with bytes
    }
    params["reference"] += f"@{reference.digest}" if reference.digest else f":{reference.target}"
    if platform:
        names = platform.split("/")
        params |= zip(("OS", "Arch", "Variant"), names, strict=False)
    return params
