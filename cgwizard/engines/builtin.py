"""The built-in puller as an engine: it needs no installation and checks every digest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgwizard import __version__
from cgwizard.events import OnEvent, ignore
from cgwizard.net.trust import Trust

if TYPE_CHECKING:
    from cgwizard.cancel import Cancel
    from cgwizard.engines.model import Name
    from cgwizard.events import Finished
    from cgwizard.registry.client import Registry
    from cgwizard.registry.reference import Reference
    from cgwizard.registry.retry import RetryPolicy
    from cgwizard.registry.sink import Sink
    from cgwizard.secrets.secret import Credentials


class Builtin:
    """``sink`` takes the bytes; None discards them. ``parallel``: layers at once.
    ``verify_uncompressed``: check the digests inside the compressed layers too."""

    name: Name = "builtin"
    version = __version__
    socket = ""

    def __init__(
        self,
        *,
        trust: Trust = Trust(),  # noqa: B008 -- immutable
        sink: Sink | None = None,
        parallel: int = 3,
        verify_uncompressed: bool = False,
    ) -> None:
        self._trust, self._sink, self._parallel = trust, sink, parallel
        self._verify_uncompressed = verify_uncompressed

    def registry(
        self,
        host: str,
        credentials: Credentials | None = None,
        *,
        plain_http: bool = False,
        patience: RetryPolicy | None = None,
    ) -> Registry:
        """The registry at ``host`` (``HOST[:PORT]``), to be closed by the caller."""
        from cgwizard.registry.client import Registry
        from cgwizard.registry.reference import DOCKER_HUB, DOCKER_HUB_ADDRESS

        scheme = "http" if plain_http else "https"
        more = {} if patience is None else {"patience": patience}
        address = DOCKER_HUB_ADDRESS if host == DOCKER_HUB else host
        return Registry(f"{scheme}://{address}", credentials, trust=self._trust, name=host, **more)

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
        from cgwizard.registry.pull import pull

        try:
            registry = self.registry(reference.host, credentials, plain_http=plain_http)
        except BaseException:
            if self._sink is not None:
                self._sink.discard()
            raise
        with registry:
            return pull(
                registry,
                reference,
                platform=platform,
                parallel=self._parallel,
                sink=self._sink,
                on_event=on_event,
                cancel=cancel,
                verify_uncompressed=self._verify_uncompressed,
            )
