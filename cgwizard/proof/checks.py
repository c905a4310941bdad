"""The checks of one pull: the digest at cgr.dev, the cache, Nexus's search, what is attached
to the image, and that nobody gets it without signing in.

The guide and `cgwizard pull` call them and put their own words around what comes back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from cgwizard.errors import Code, WizardError
from cgwizard.proof import nexus_record, upstream
from cgwizard.proof.result import Outcome
from cgwizard.registry.retry import Retries

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
    after: TagRecord | None  # and after it, where there was one before


@dataclass(frozen=True)
class PullChecks:
    """Checks of one pull. Each opens its own connections and closes them, and raises Cancelled
    as soon as ``cancel`` is set."""

    reference: Reference
    finished: Finished
    cancel: Cancel

    def same_digest(self, open_upstream: OpenRegistry, names: tuple[str, ...]) -> Outcome:
        """Ask cgr.dev for the digest, which is the detail. That cgr.dev cannot be asked from
        here is no failure of Nexus. ``names``: what the image may be called there.

        Raises WizardError `cache-stale-tag` when cgr.dev has another digest.
        """
        target, here = self.reference.target, self.finished.digest
        try:
            there = self._ask(
                open_upstream,
                lambda registry, retries: upstream.digest(registry, names, target, retries),
            )
        except WizardError as error:
            return _not_asked(error)
        if there != here:
            raise upstream.differs(str(self.reference), here, there)
        return Outcome("done", there)

    def second_pull(
        self, pull_again: Callable[[], Finished], record: Callable[[], TagRecord | None]
    ) -> SecondPull:
        """Pull again by the built-in puller, because an engine has the image by now, and ask
        Nexus for its record before and after. Raises what the two functions raise."""
        before = record()
        second = pull_again()
        return SecondPull(second.seconds, before, record() if before else None)

    def in_search(self, nexus: NexusClient, image: TagRecord) -> Outcome:
        try:
            found = nexus_record.in_search(nexus, image, self.cancel.wait)
        except WizardError as error:  # the image is there all the same
            return _not_asked(error)
        if found:
            return Outcome("done", f"in {image.repository}")
        return Outcome("warning", nexus_record.NOT_IN_SEARCH)

    def attached(self, open_registry: OpenRegistry) -> upstream.Artifacts | Outcome:
        """What is attached to the image and comes through Nexus too; an `Outcome` where that
        could not be asked."""
        image, digest = self.reference.repository, self.finished.digest
        try:
            return self._ask(
                open_registry, lambda registry, _: upstream.artifacts(registry, image, digest)
            )
        except WizardError as error:
            return _not_asked(error)

    def closed(self, open_anonymously: OpenRegistry) -> Outcome:
        """A private image that anyone can pull is worse than one that nobody can. Raises
        WizardError `anonymous-sees-private`."""
        image, target = self.reference.repository, self.reference.target
        try:
            self._ask(
                open_anonymously,
                lambda registry, retries: registry.head(image, target, retries=retries),
            )
        except WizardError as error:
            if error.code in DENIED:
                return Outcome("done", error.problem.came_back)
            return _not_asked(error)
        raise WizardError(
            Code.ANONYMOUS_SEES_PRIVATE,
            tried=f"asking for {image} without signing in",
            came_back="Nexus serves it to anyone who reaches the port",
            cause="anonymous access is on and the repository does not force a sign-in",
        )

    def _ask(self, open_registry: OpenRegistry, question: Callable[[Registry, Retries], T]) -> T:
        """Raises WizardError, and Cancelled at once."""
        with open_registry() as registry:
            retries = Retries(registry.patience, self.cancel)
            return self.cancel.run(lambda: question(registry, retries), registry.abort)


def _not_asked(error: WizardError) -> Outcome:
    return Outcome("warning", error.problem.came_back, error.problem)
