"""`cgwizard pull --verify-upstream`: the checks of the pull, in the words of this command."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from cgwizard.errors import WizardError
from cgwizard.proof import nexus_record, upstream
from cgwizard.proof.checks import OpenRegistry, PullChecks
from cgwizard.proof.result import Disproved, Outcome, State
from cgwizard.text.sanitize import shortened
from cgwizard.text.units import duration

if TYPE_CHECKING:
    from cgwizard.events import Finished
    from cgwizard.nexus.client import NexusClient
    from cgwizard.proof.nexus_record import TagRecord

FASTER = 0.7  # of the first pull's time: less does not happen by chance


class CheckResult(msgspec.Struct, frozen=True, tag="check", tag_field="event"):
    """One check, as a line and as a JSON line. ``warning``: it could not be done, or is
    unclear."""

    id: str
    label: str
    state: State
    detail: str


@dataclass
class Verification:
    """Who is asked about the pull. ``nexus``: None where its address is not known."""

    checks: PullChecks
    open_registry: OpenRegistry
    open_upstream: OpenRegistry
    with_token: bool  # whether cgr.dev is shown a pull token
    nexus: NexusClient | None
    pull_again: Callable[[], Finished]
    record: TagRecord | None = None  # what Nexus said before the second pull
    no_record: str = ""  # why its record is not known, in words
    asked: str = "cgr.dev"  # what `open_upstream` opens is called

    def results(self) -> Iterator[CheckResult]:
        """Everything; what could not be asked is a warning. Raises Disproved."""
        yield self._same_digest()
        yield self._second_pull()
        if self.nexus is not None and self.record is not None:
            question = "does Nexus's search find it?"
            try:
                found = self.checks.in_search(self.nexus, self.record)
                label = "found in Nexus's search" if found.state == "done" else question
                yield CheckResult("search", label, found.state, found.detail)
            except WizardError as error:
                yield _not_asked("search", question, error)
        yield from self._attached()

    def _same_digest(self) -> CheckResult:
        check, label = "upstream-digest", f"same digest at {self.asked}"
        names = upstream.names_of(self.checks.reference.repository)
        try:
            there = self.checks.same_digest(self.open_upstream, names)
        except Disproved as error:
            image = self.checks.reference
            raise error.but(tried=f"comparing {image} with {self.asked} itself") from error
        except WizardError as error:
            hint = "; if the image is private, name a pull token by --upstream-token"
            unknown = error.code in upstream.NO_SUCH_IMAGE and not self.with_token
            not_compared = f"not compared with {self.asked}"
            return _not_asked(check, not_compared, error, hint if unknown else "")
        return CheckResult(check, label, "done", there)

    def _second_pull(self) -> CheckResult:
        """By the times of both pulls, and by what Nexus says that it kept in between."""
        try:
            second = self.checks.second_pull(self.pull_again, self._look_up)
        except WizardError as error:
            found = Outcome("warning", f"could not pull again: {error.problem.came_back}")
        else:
            first = self.checks.finished.seconds
            times = f"{duration(second.seconds)} after {duration(first)}"
            if self.record is not None and not self.no_record:
                found = _by_record(times, self.record, second.after)
            else:
                found = _by_times(times, second.seconds < FASTER * first, self.no_record)
        label = "second pull from the cache"
        if found.state != "done":
            label = "does the second pull come from the cache?"
        return CheckResult("second-pull", label, found.state, found.detail)

    def _look_up(self) -> TagRecord | None:
        """What Nexus keeps now, in `record` the first time. Where it does not say, `no_record`
        does; never raises WizardError."""
        image, nexus = self.checks.reference, self.nexus
        if nexus is None:
            return None
        if image.tag is None:
            self.no_record = "Nexus keeps a record of tags, not of digests"
            return None
        try:
            if before := self.record:
                return nexus_record.look_up(nexus, before.repository, (before.name,), before.tag)
            names, digest = upstream.names_of(image.repository), self.checks.finished.digest
            self.record = nexus_record.find(nexus, names, image.tag, digest, upstream.UPSTREAM)
        except WizardError as error:
            self.no_record = f"could not ask Nexus: {error.problem.came_back}"
            return None
        if self.record is None:
            self.no_record = "Nexus shows this user no record of it (browse is needed)"
        return self.record

    def _attached(self) -> Iterator[CheckResult]:
        try:
            found = self.checks.attached(self.open_registry)
        except WizardError as error:
            yield _not_asked("signature", "do signature and SBOM come through?", error)
            return
        none = "not there: verifying with cosign will not work through this address"
        sig = f"{self.checks.finished.digest.replace(':', '-')}.sig"
        yield CheckResult(
            "signature",
            "signature comes through" if found.signature else "does the signature come through?",
            "done" if found.signature else "warning",
            sig if found.signature else none,
        )
        kinds = ", ".join((*((".att",) if found.attestation else ()), *found.referrers))
        yield CheckResult(
            "sbom",
            "SBOM comes through" if found.sbom else "does an SBOM come through?",
            "done" if found.sbom else "warning",
            shortened(kinds)
            if found.sbom
            else "not there: no attestation, no SBOM among the referrers",
        )


def _not_asked(check: str, label: str, error: WizardError, hint: str = "") -> CheckResult:
    return CheckResult(check, label, "warning", f"could not ask: {error.problem.came_back}{hint}")


def _by_record(times: str, before: TagRecord, after: TagRecord | None) -> Outcome:
    found = nexus_record.compared(before, after)
    if found.state != "done":
        return Outcome("warning", f"{times}; {found.detail}")
    since = f", there since {before.stored:%Y-%m-%d %H:%M:%S %Z}" if before.stored else ""
    return Outcome("done", f"{times}; {found.detail} by {before.repository}{since}")


def _by_times(times: str, faster: bool, why_not: str) -> Outcome:
    """``why_not``: why Nexus's own record is not known, where Nexus was asked."""
    if faster:
        return Outcome("done", f"{times}; {why_not}" if why_not else times)
    unclear = f"{times}: it was cached before, or is not cached at all"
    return Outcome("warning", f"{unclear}; {why_not or '--nexus URL lets Nexus itself tell'}")
