"""What a test pull asks: the pull itself, then what proves that it was right."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from cgwizard.errors import Code, WizardError
from cgwizard.events import Finished, OnEvent, ignore
from cgwizard.guide.asking import ask
from cgwizard.guide.step import Check, CheckState, Report
from cgwizard.proof import nexus_record, upstream
from cgwizard.text.units import duration, short

if TYPE_CHECKING:
    from cgwizard.cancel import Cancel
    from cgwizard.engines.model import Engine
    from cgwizard.errors import Problem
    from cgwizard.guide.session import Session
    from cgwizard.registry.client import Registry
    from cgwizard.registry.models import Descriptor
    from cgwizard.registry.reference import Reference
    from cgwizard.registry.retry import Retries

# Who did not sign in is told so, or that there is no such image.
REFUSALS = {Code.NO_LOGIN, Code.NO_READ_PRIVILEGE, Code.NOT_ENTITLED, Code.MANIFEST_UNKNOWN}


class Target(msgspec.Struct, frozen=True):
    """An image to pull through one connector."""

    id: str  # "free", "private"
    reference: str
    repository: str  # the repository in Nexus
    port: int
    private: bool


def pull(
    session: Session,
    target: Target,
    reference: Reference,
    *,
    platform: str | None,
    on_event: OnEvent,
    cancel: Cancel,
) -> Finished:
    """By the built-in puller: nothing is kept. Raises WizardError and Cancelled."""
    from cgwizard.registry.pull import pull

    with session.connector(target.port, session.routing.scheme) as registry:
        return pull(registry, reference, platform=platform, on_event=on_event, cancel=cancel)


def pull_by_engine(
    engine: Engine,
    session: Session,
    target: Target,
    reference: Reference,
    *,
    platform: str | None,
    on_event: OnEvent,
    cancel: Cancel,
) -> Finished:
    """By a container engine, which keeps the image. Its events are made whole by the manifest.
    Raises WizardError and Cancelled."""
    from cgwizard.engines import manifest_info

    plain_http = session.routing.scheme == "http"
    with session.connector(target.port, session.routing.scheme) as registry:
        told = manifest_info.ask(registry, reference, platform, cancel)
    informed = manifest_info.Informed(told, on_event)
    finished = engine.pull(
        reference,
        session.credentials,
        platform=platform,
        on_event=informed,
        cancel=cancel,
        plain_http=plain_http,
    )
    return informed.complete(finished)


@dataclass(frozen=True)
class Questions:
    """Asked after a pull, each reported as a check of its own."""

    session: Session
    target: Target
    reference: Reference
    finished: Finished
    report: Report
    cancel: Cancel

    def _tell(
        self,
        name: str,
        label: str,
        state: CheckState,
        detail: str = "",
        problem: Problem | None = None,
    ) -> None:
        self.report(Check(f"{self.target.id}-{name}", label, state, detail, problem))

    def same_digest(self) -> str | None:
        """Ask cgr.dev directly. Raises WizardError when it serves something else; None when it
        could not be asked from here (that is no failure of Nexus)."""
        label = "same digest at cgr.dev"
        self._tell("digest", label, "running")
        token = self.session.pull_token if self.target.private else None
        try:
            registry = self.session.upstream(token.credentials if token else None)
            there = ask(registry, self.cancel, partial(self._head, registry)).digest
        except WizardError as error:
            told = f"could not ask: {error.problem.came_back}"
            self._tell("digest", label, "warning", told, error.problem)
            return None
        if there != self.finished.digest:
            raise WizardError(
                Code.CACHE_STALE_TAG,
                tried=f"comparing {self.reference.repository} with cgr.dev itself",
                came_back=f"{short(self.finished.digest)} here, {short(there)} there",
                cause="the tag moved and Nexus still has the older one (metadata max age)",
                next_step=f"Enter invalidates the cache of {self.target.repository} and pulls "
                "again",
            )
        self._tell("digest", label, "done", short(there))
        return there

    def _head(self, registry: Registry, retries: Retries) -> Descriptor:
        return registry.head(self.reference.repository, self.reference.target, retries=retries)

    def from_cache(self, platform: str | None) -> float | None:
        """Pull again, by the built-in puller, since an engine has the image by now."""
        label = "second pull came from the cache"
        self._tell("cache", label, "running")
        stored = self._kept()
        second = pull(
            self.session,
            self.target,
            self.reference,
            platform=platform,
            on_event=ignore,
            cancel=self.cancel,
        )
        times = f"{duration(second.seconds)} after {duration(self.finished.seconds)}"
        state, told = nexus_record.compared(stored, self._kept())
        self._tell("cache", label, state, f"{times}; {told}")
        return second.seconds

    def _kept(self) -> nexus_record.Kept | None:
        image = self.reference
        names = (image.repository,)
        return nexus_record.kept(self.session.nexus, self.target.repository, names, image.target)

    def in_search(self) -> bool:
        label = "found in Nexus's search"
        self._tell("search", label, "running")
        image = nexus_record.Kept(
            self.target.repository, self.reference.repository, self.reference.target, None, None
        )
        try:
            found = nexus_record.in_search(self.session.nexus, image, self.cancel.wait)
        except WizardError as error:  # the image is there all the same
            self._tell("search", label, "warning", error.problem.came_back, error.problem)
            return False
        told = f"in {self.target.repository}" if found else nexus_record.NOT_IN_SEARCH
        self._tell("search", label, "done" if found else "warning", told)
        return found

    def attached(self) -> None:
        """Whether what is attached to the image at cgr.dev can be had through Nexus as well."""
        label = "signature and SBOM come through"
        self._tell("attached", label, "running")
        try:
            registry = self.session.connector(self.target.port, self.session.routing.scheme)
            image, digest = self.reference.repository, self.finished.digest
            found = ask(
                registry, self.cancel, lambda _: upstream.artifacts(registry, image, digest)
            )
        except WizardError as error:
            told = f"cannot be known: {error.problem.came_back}"
            self._tell("attached", label, "warning", told, error.problem)
            return
        there = {"signature": found.signature, "SBOM": found.sbom}
        missing = [name for name, is_there in there.items() if not is_there]
        if missing:
            self._tell("attached", label, "warning", f"not there: {' and '.join(missing)}")
        else:
            self._tell("attached", label, "done", "cosign can verify")

    def closed(self) -> None:
        """A private image that anyone can pull is worse than one that nobody can."""
        label = "refused without signing in"
        self._tell("closed", label, "running")
        try:
            registry = self.session.connector(
                self.target.port, self.session.routing.scheme, anonymous=True
            )
            ask(registry, self.cancel, partial(self._head, registry))
        except WizardError as error:
            told = error.problem.came_back
            if error.code in REFUSALS:
                self._tell("closed", label, "done", told)
            else:
                told = f"cannot be known: {told}"
                self._tell("closed", label, "warning", told, error.problem)
            return
        raise WizardError(
            Code.ANONYMOUS_SEES_PRIVATE,
            tried=f"asking for {self.reference.repository} without signing in",
            came_back="Nexus serves it to anyone who reaches the port",
            cause="anonymous access is on and the repository does not force a sign-in",
        )
