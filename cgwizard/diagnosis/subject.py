"""What the checks look at."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Self, TypeVar, cast

import msgspec

from cgwizard.errors import Problem
from cgwizard.net.trust import Trust
from cgwizard.secrets.secret import Credentials

if TYPE_CHECKING:
    from cgwizard.cancel import Cancel
    from cgwizard.changes.journal import Journal
    from cgwizard.guide.session import Session
    from cgwizard.guide.shown import Evidence
    from cgwizard.nexus.client import NexusClient
    from cgwizard.registry.client import Registry
    from cgwizard.tokens.claims import PullToken

T = TypeVar("T")


class WantedImage(msgspec.Struct, frozen=True):
    """An image, and the repository of Nexus through which it is to come."""

    id: Literal["free", "private"]
    name: str  # as the user typed it: "chainguard/wolfi-base", perhaps with a tag
    repository: str  # in Nexus
    made: bool = True  # False: its step was not done, so the repository may be missing

    @property
    def private(self) -> bool:
        return self.id == "private"


@dataclass(eq=False)
class Subject:
    """Everything that a check may look at, for one run; None where it is not known.

    ``upstream`` makes a client of Chainguard's registry, with a pull token or without a sign-in.
    ``connector`` makes a client of a connector (port, "http" or "https") that signs in as the
    user, ``anonymous`` one that does not sign in. Several threads may use a Subject. Close it,
    or use ``with``.
    """

    nexus: NexusClient | None = None
    url: str = ""  # of Nexus, as the user typed it
    free: WantedImage | None = None
    private: WantedImage | None = None
    pull_token: PullToken | None = None
    token_problem: Problem | None = None  # why the pasted text is no pull token
    upstream: Callable[[Credentials | None], Registry] | None = None
    connector: Callable[[int, str], Registry] | None = None
    anonymous: Callable[[int, str], Registry] | None = None
    practice_registry: str = ""  # in practice, the URL of what stands in for cgr.dev
    other_registry: str = ""  # the URL of what is asked from here in place of cgr.dev
    problem: Problem | None = None  # the guide's last one
    refusal: Problem | None = None  # of the user's sign-in, which is then not sent again
    journal: Journal | None = None
    trust: Trust = field(default_factory=Trust)
    host: str = ""  # of the connectors
    _facts: dict[str, Future[object]] = field(default_factory=dict, repr=False)
    _registries: list[Registry] = field(default_factory=list, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def of(cls, session: Session) -> Subject:
        """What the guide knows so far; it need not be through."""
        known = session.evidence()
        return cls(
            nexus=session.client,
            url=known.get("url", ""),
            free=_free(session, known),
            private=_private(session, known),
            pull_token=known.get("pull_token"),
            token_problem=known.get("token_problem"),
            upstream=session.upstream,
            connector=session.connector,
            anonymous=lambda port, scheme: _anonymous(session, port, scheme),
            practice_registry=session.practice.registry_url if session.practice else "",
            other_registry=session.other_registry.url if session.other_registry else "",
            problem=session.problem,
            journal=session.journal,
            trust=session.trust,
            host=session.host,
        )

    def __post_init__(self) -> None:
        self.heed(self.problem)

    def heed(self, failure: Problem | None) -> None:
        """Remember that Nexus refused the sign-in. It locks a user out after a few refusals."""
        if failure is not None and failure.code.means_sign_in_refused:
            self.refusal = self.refusal or failure

    @property
    def images(self) -> tuple[WantedImage, ...]:
        return tuple(image for image in (self.free, self.private) if image)

    @property
    def repositories(self) -> tuple[WantedImage, ...]:
        """One image for each repository. Where both images share a repository it is the private
        one, which demands more of it."""
        chosen = {image.repository: image for image in self.images}
        return tuple(chosen.values())

    @property
    def client(self) -> NexusClient:
        """For checks that need "nexus"."""
        if self.nexus is None:
            raise RuntimeError("a check that needs Nexus ran without it")
        return self.nexus

    def fact(self, key: str, work: Callable[[], T]) -> T:
        """The result of ``work()``, which runs once for all checks. A failure is kept as well."""
        with self._lock:
            earlier = self._facts.get(key)
            if earlier is None:
                mine = self._facts[key] = Future()
        if earlier is not None:
            return cast(T, earlier.result())
        try:
            result = work()
        except BaseException as error:
            mine.set_exception(error)
            raise
        mine.set_result(result)
        return result

    def registry(self, key: str, make: Callable[[], Registry]) -> Registry:
        """One client for each key, so that a refused sign-in is not sent again."""

        def work() -> Registry:
            registry = make()
            with self._lock:
                self._registries.append(registry)
            return registry

        return self.fact(f"registry {key}", work)

    @contextlib.contextmanager
    def stopped_by(self, cancel: Cancel) -> Iterator[None]:
        """Meanwhile ``cancel`` ends every request to Nexus, in all threads."""
        client = self.nexus
        if client is None:
            yield
            return
        before, client.cancel = client.cancel, cancel
        try:
            yield
        finally:
            client.cancel = before

    def abort(self) -> None:
        """Cut the requests to registries that other threads have under way."""
        with self._lock:
            registries = list(self._registries)
        for registry in registries:
            registry.abort()

    def close(self) -> None:
        with self._lock:
            registries, self._registries = self._registries, []
        for registry in registries:
            registry.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _free(session: Session, known: Evidence) -> WantedImage:
    image, repository = known.get("free_image", ""), known.get("free_repository", "")
    return WantedImage("free", image, repository, made=session.plan.developer is not None)


def _private(session: Session, known: Evidence) -> WantedImage | None:
    image, repository = known.get("private_image", ""), known.get("private_repository")
    if not image or repository is None:
        return None
    name = repository or known.get("free_repository", "")
    return WantedImage("private", image, name, made=session.plan.token is not None)


def _anonymous(session: Session, port: int, scheme: str) -> Registry:
    from cgwizard.registry.client import Registry

    address = session.address(port)
    return Registry(f"{scheme}://{address}", None, trust=session.trust, name=address)
