"""One image of step 5: pulled by this wizard or by an engine, then checked, with every check
reported."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from cgwizard.errors import WizardError
from cgwizard.events import Finished, OnEvent, ignore
from cgwizard.guide import pull_restricted
from cgwizard.guide.shown import Check, CheckState, Report
from cgwizard.proof.checks import PullChecks
from cgwizard.proof.nexus_record import TagRecord, compared, look_up
from cgwizard.proof.result import Disproved, Outcome, Proof, Restriction
from cgwizard.registry.reference import Reference
from cgwizard.text.units import duration, short, size

if TYPE_CHECKING:
    from cgwizard.cancel import Cancel
    from cgwizard.engines.model import Engine
    from cgwizard.errors import Problem
    from cgwizard.guide.session import Session
    from cgwizard.nexus.client import NexusClient
    from cgwizard.proof.upstream import Artifacts
    from cgwizard.registry.client import Registry
    from cgwizard.secrets.secret import Credentials

LABELS = {
    "cache": "second pull came from the cache",
    "search": "found in Nexus's search",
    "attached": "signature and SBOM come through",
    "closed": "refused without signing in",
    "open": "comes without signing in, as was chosen",
    "restricted": "restricted to those with the role",
}
# The label of the same check where it is not known to be so.
QUESTIONS = {
    "cache": "does the second pull come from the cache?",
    "search": "does Nexus's search find it?",
    "attached": "do signature and SBOM come through?",
    "closed": "is it refused without signing in?",
    "open": "does it come without signing in?",
    "restricted": "is it refused to a signed-in user without the role?",
}
UNKNOWN = "cannot be known: "


class PullTarget(msgspec.Struct, frozen=True):
    """An image to pull through one connector."""

    id: str  # "free", "private"
    reference: str
    repository: str  # the repository in Nexus
    port: int
    private: bool


def targets(session: Session, free_image: str, private_image: str | None) -> list[PullTarget]:
    """What will be pulled, by whole reference. ``private_image``: None where there is no token."""
    developer, routing, token = session.plan.developer, session.plan.routing, session.plan.token
    if developer is None or routing is None:
        return []
    free = f"{session.address(routing.port)}/{free_image}"
    found = [PullTarget("free", free, developer.name, routing.port, private=False)]
    if token is not None and private_image is not None:
        separate = token.mode == "separate" and token.port
        port = token.port if separate and token.port else routing.port
        name = token.name if separate else developer.name
        image = f"{session.address(port)}/{private_image}"
        found.append(PullTarget("private", image, name, port, private=True))
    return found


class ImagePull:
    """``platform``: None for this machine's."""

    def __init__(
        self,
        session: Session,
        target: PullTarget,
        platform: str | None,
        report: Report,
        cancel: Cancel,
    ) -> None:
        self.reference = Reference.parse(target.reference)
        self._session, self._target, self._platform = session, target, platform
        self._report, self._cancel = report, cancel
        self._second_seconds: float | None = None

    def pull(self, on_event: OnEvent, engine: Engine | None) -> Finished:
        """By ``engine``, which keeps the image; None: by the built-in puller, which keeps
        nothing. Raises WizardError and Cancelled."""
        image = self.reference.repository
        self._tell("pull", f"pull {image}", "running")
        finished = self._by_engine(engine, on_event) if engine else self._by_wizard(on_event)
        told = f"{short(finished.digest)} {size(finished.bytes)} in {duration(finished.seconds)}"
        self._tell("pull", f"pulled {image}", "done", told)
        return finished

    def prove(self, finished: Finished, *, with_user: bool) -> Proof:
        """``with_user``: also with a user made for it that has no role for the image.

        Raises WizardError, such as Disproved, and Cancelled."""
        image, nexus = self.reference, self._session.nexus
        repository = self._target.repository
        checks = PullChecks(image, finished, self._cancel)
        same = self._check("digest", lambda: self._same_digest(checks), "could not ask: ")
        self._cancel.check()
        self._check("cache", lambda: self._from_cache(checks), "could not pull again: ")
        record = TagRecord(repository, image.repository, image.target)
        search = self._check("search", lambda: checks.in_search(nexus, record))
        self._check("attached", lambda: _attached(checks.attached(self._connector)), UNKNOWN)
        if self._target.private:
            self._prove_access(checks, with_user=with_user)
        digest = finished.digest if same.state == "done" else None
        return Proof(str(image), finished, digest, self._second_seconds, search.state == "done")

    def _prove_access(self, checks: PullChecks, *, with_user: bool) -> None:
        anonymous = partial(self._connector, anonymous=True)
        access = pull_restricted.access(self._session)
        if access == "anyone":
            self._check("open", lambda: Outcome("done", checks.open(anonymous)), UNKNOWN)
            return
        closed = self._check("closed", lambda: Outcome("done", checks.closed(anonymous)), UNKNOWN)
        if access == "role":
            told = "" if closed.state == "done" else closed.detail
            self._check("restricted", lambda: self._restricted(told, with_user), "not proved: ")

    def _restricted(self, closed: str, with_user: bool) -> Outcome:
        """``closed``: why it is not known that nobody gets it without signing in."""
        if closed or not with_user:
            why = closed or "no user was made for it, as was chosen"
            found = Restriction(False, f"not proved: {why}")
        else:
            target = self._target
            found = pull_restricted.prove(
                self._session, self.reference, target.repository, target.port, self._cancel
            )
        self._session.restriction = found
        return Outcome("done" if found.restricted else "warning", found.told)

    def _by_wizard(self, on_event: OnEvent) -> Finished:
        from cgwizard.registry.pull import pull

        with self._connector() as registry:
            return pull(
                registry,
                self.reference,
                platform=self._platform,
                on_event=on_event,
                cancel=self._cancel,
            )

    def _by_engine(self, engine: Engine, on_event: OnEvent) -> Finished:
        """The manifest completes the engine's events."""
        from cgwizard.engines import manifest_info

        with self._connector() as registry:
            known = manifest_info.ask(registry, self.reference, self._platform, self._cancel)
        events = manifest_info.CompletedEvents(known, on_event)
        finished = engine.pull(
            self.reference,
            self._credentials,
            platform=self._platform,
            on_event=events,
            cancel=self._cancel,
            plain_http=self._session.routing.scheme == "http",
        )
        return events.complete(finished)

    def _connector(self, *, anonymous: bool = False) -> Registry:
        scheme = self._session.routing.scheme
        return self._session.connector(
            self._target.port, scheme, credentials=self._credentials, anonymous=anonymous
        )

    @property
    def _credentials(self) -> Credentials | None:
        """Of the pull user for the organization's images, where there is one."""
        pull_user = self._session.pull_user if self._target.private else None
        return pull_user or self._session.credentials

    def _tell(
        self,
        name: str,
        label: str,
        state: CheckState,
        detail: str = "",
        problem: Problem | None = None,
    ) -> None:
        if state != "done":
            label = QUESTIONS.get(name, label)
        self._report(Check(f"{self._target.id}-{name}", label, state, detail, problem))

    def _check(self, name: str, work: Callable[[], Outcome], not_done: str = "") -> Outcome:
        """Report the check as running, then its outcome. ``not_done``: what stands before the
        reason why the check could not be done. Raises Disproved."""
        there = self._session.registry_name
        label = LABELS.get(name) or f"same digest at {there}"
        self._tell(name, LABELS.get(name) or f"is the digest the same at {there}?", "running")
        try:
            found = work()
        except Disproved:
            raise
        except WizardError as error:
            found = Outcome("warning", f"{not_done}{error.problem.came_back}", error.problem)
        if name == "digest" and found.state == "warning":
            label = f"not compared with {there}"
        self._tell(name, label, found.state, found.detail, found.problem)
        return found

    def _same_digest(self, checks: PullChecks) -> Outcome:
        image, chosen = self.reference.repository, self._session.plan.token
        if chosen is not None and chosen.check == "nexus":
            return Outcome("warning", "it is not asked from here, as was chosen")
        token = self._session.pull_token if self._target.private else None
        credentials = token.credentials if token else None
        try:
            there = checks.same_digest(lambda: self._session.upstream(credentials), (image,))
        except Disproved as error:
            again = f"Enter invalidates the cache of {self._target.repository} and pulls again"
            raise error.but(
                tried=f"comparing {image} with {self._session.registry_name} itself",
                next_step=again,
            ) from error
        return Outcome("done", short(there))

    def _from_cache(self, checks: PullChecks) -> Outcome:
        """Raises WizardError where it could not be pulled again."""
        image, repository, nexus = self.reference, self._target.repository, self._session.nexus
        refused: list[Problem] = []

        def record() -> TagRecord | None:
            try:
                return look_up(nexus, repository, (image.repository,), image.target)
            except WizardError as error:  # the bytes are right, whatever Nexus says of its records
                refused.append(error.problem)
                return None

        second = checks.second_pull(lambda: self._by_wizard(ignore), record)
        self._second_seconds = second.seconds
        times = f"{duration(second.seconds)} after {duration(checks.finished.seconds)}"
        if refused:
            told = f"{times}; {UNKNOWN}{refused[0].came_back}"
            return Outcome("warning", told, refused[0])
        found = compared(second.before, second.after)
        return Outcome(found.state, f"{times}; {found.detail}")


def _attached(found: Artifacts) -> Outcome:
    there = {"signature": found.signature, "SBOM": found.sbom}
    if missing := [name for name, is_there in there.items() if not is_there]:
        return Outcome("warning", f"not there: {' and '.join(missing)}")
    return Outcome("done", "cosign can verify")


def still_there(
    nexus: NexusClient, proof: Proof, targets: list[PullTarget], report: Report
) -> bool:
    """Whether Nexus still has what ``proof`` is of; ``targets`` is what is to be pulled now."""
    reference = Reference.parse(proof.reference)
    same = {str(reference), proof.reference.rpartition(":")[0]}
    target = next((target for target in targets if target.reference in same), None)
    if target is None:
        return False
    tag = reference.digest or reference.tag or "latest"
    id, label = f"still-{target.id}", f"{reference.repository} is in {target.repository}"
    try:
        found = nexus.components(target.repository, reference.repository, tag)
    except WizardError as error:
        told = f"{UNKNOWN}{error.problem.came_back}; pulled again"
        report(Check(id, f"is {reference.repository} still there?", "warning", told, error.problem))
        return False
    if not any(component.digest == proof.finished.digest for component in found):
        report(Check(id, label, "warning", "not as it was pulled: again"))
        return False
    report(Check(id, label, "done"))
    return True
