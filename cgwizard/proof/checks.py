"""The checks of one pull: the digest at cgr.dev, the cache, Nexus's search, what is attached
to the image, and that nobody gets it without signing in.

Each raises WizardError where it could not be done, `Disproved` where it found the opposite, and
Cancelled. The guide and `cgwizard pull` put their own words around the results.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from cgwizard.errors import Code, WizardError
from cgwizard.proof import nexus_record, upstream
from cgwizard.proof.result import Disproved, Outcome
from cgwizard.registry.retry import Retries
from cgwizard.text.units import short

if TYPE_CHECKING:
    from cgwizard.cancel import Cancel
    from cgwizard.events import Finished
    from cgwizard.nexus.client import NexusClient
    from cgwizard.proof.nexus_record import TagRecord
    from cgwizard.registry.client import Registry
    from cgwizard.registry.reference import Reference

# A user who does not sign in gets one of these, also for an image that does exist.
DENIED = frozenset(
    {Code.NO_LOGIN, Code.NO_READ_PRIVILEGE, Code.NOT_ENTITLED, Code.MANIFEST_UNKNOWN}
)
T = TypeVar("T")
OpenRegistry = Callable[[], "Registry"]


@dataclass(frozen=True)
class SecondPull:
    seconds: float
    before: TagRecord | None  # Nexus's record before it
    after: TagRecord | None  # and after it, if there was one before


@dataclass(frozen=True)
class PullChecks:
    reference: Reference
    finished: Finished
    cancel: Cancel

    def same_digest(self, open_upstream: OpenRegistry, names: tuple[str, ...]) -> str:
        """The digest, which cgr.dev has too. ``names``: what the image may be called there."""
        target, here = self.reference.target, self.finished.digest
        there = self._ask(
            open_upstream,
            lambda registry, retries: upstream.digest(registry, names, target, retries),
        )
        if there != here:
            raise Disproved(
                Code.CACHE_STALE_TAG,
                tried=f"comparing {self.reference} with cgr.dev itself",
                came_back=f"{short(here)} here, {short(there)} there",
                cause="the tag moved and Nexus still has the older one (metadata max age)",
                next_step="invalidate the repository's cache in Nexus, then pull again",
            )
        return there

    def second_pull(
        self, pull_again: Callable[[], Finished], record: Callable[[], TagRecord | None]
    ) -> SecondPull:
        """Pull by the built-in puller, because an engine has the image by now, and ask Nexus
        for its record before and after."""
        before = record()
        second = pull_again()
        return SecondPull(second.seconds, before, record() if before else None)

    def in_search(self, nexus: NexusClient, image: TagRecord) -> Outcome:
        if nexus_record.in_search(nexus, image, self.cancel.wait):
            return Outcome("done", f"in {image.repository}")
        return Outcome("warning", nexus_record.NOT_IN_SEARCH)

    def attached(self, open_registry: OpenRegistry) -> upstream.Artifacts:
        """What is attached to the image and comes through Nexus too."""
        image, digest = self.reference.repository, self.finished.digest
        return self._ask(
            open_registry, lambda registry, _: upstream.artifacts(registry, image, digest)
        )

    def closed(self, open_anonymously: OpenRegistry) -> str:
        """How Nexus refuses a user who does not sign in. A private image that anyone can pull
        is worse than one that nobody can."""
        image, target = self.reference.repository, self.reference.target
        try:
            self._ask(
                open_anonymously,
                lambda registry, retries: registry.head(image, target, retries=retries),
            )
        except WizardError as error:
            if error.code in DENIED:
                return error.problem.came_back
            raise
        raise Disproved(
            Code.ANONYMOUS_SEES_PRIVATE,
            tried=f"asking for {image} without signing in",
            came_back="Nexus serves it to anyone who reaches the port",
            cause="anonymous access is on and the repository does not force a sign-in",
        )

    def open(self, open_anonymously: OpenRegistry) -> str:
        """Nexus serves it to a client that does not sign in, as was chosen."""
        image, target = self.reference.repository, self.reference.target
        self._ask(
            open_anonymously,
            lambda registry, retries: registry.head(image, target, retries=retries),
        )
        return "everybody who reaches the port may pull"

    def _ask(self, open_registry: OpenRegistry, question: Callable[[Registry, Retries], T]) -> T:
        with open_registry() as registry:
            retries = Retries(registry.patience, self.cancel)
            return self.cancel.run(lambda: question(registry, retries), registry.abort)
