"""What every engine can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from cgwizard.events import OnEvent, ignore

if TYPE_CHECKING:
    from cgwizard.cancel import Cancel
    from cgwizard.events import Finished
    from cgwizard.registry.reference import Reference
    from cgwizard.secrets.secret import Credentials

Name = Literal["builtin", "docker", "podman"]


class Engine(Protocol):
    """``version`` is the engine's own; ``socket`` its path, empty for the built-in puller."""

    @property
    def name(self) -> Name: ...
    @property
    def version(self) -> str: ...
    @property
    def socket(self) -> str: ...

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
        """Pull ``reference``; blocks. ``platform``: such as ``linux/arm64``, None for the engine's
        own. ``plain_http``: the registry speaks no TLS. The credentials go with the request and
        are not kept.

        Raises WizardError, after a `Failed` event; and Cancelled, after it told the engine to
        stop.
        """
