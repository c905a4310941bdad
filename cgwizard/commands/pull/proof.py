"""The proof that `cgwizard pull --verify-upstream` gives: one fact after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec

from cgwizard.errors import WizardError
from cgwizard.proof import nexus_record
from cgwizard.proof import upstream as proof
from cgwizard.text.sanitize import shortened
from cgwizard.text.units import duration

if TYPE_CHECKING:
    from cgwizard.cancel import Cancel
    from cgwizard.events import Finished
    from cgwizard.nexus.client import NexusClient
    from cgwizard.registry.client import Registry
    from cgwizard.registry.reference import Reference

FASTER = 0.7  # of the first pull's time: less does not happen by chance
State = Literal["done", "warning"]


class Fact(msgspec.Struct, frozen=True, tag="check", tag_field="event"):
    """One thing that was found out. ``warning``: it could not be found out, or is unclear."""

    id: str
    label: str
    state: State
    detail: str


@dataclass
class Proof:
    """Who is asked about one pull. ``nexus``: None where its own address is not known."""

    reference: Reference
    finished: Finished
    registry: Registry
    upstream: Registry
    with_token: bool  # whether cgr.dev is shown a pull token
    nexus: NexusClient | None
    pull_again: Callable[[], Finished]
    cancel: Cancel
    kept: nexus_record.Kept | None = None  # what Nexus said before the second pull

    def facts(self) -> Iterator[Fact]:
        """Everything. Raises WizardError `cache-stale-tag` for another digest at cgr.dev; what
        cannot be asked is a warning."""
        yield self._same_digest()
        yield self._second_pull()
        if self.nexus is not None and self.kept is not None:
            yield self._in_search(self.nexus, self.kept)
        yield from self._attached()

    def _same_digest(self) -> Fact:
        check, label = "upstream-digest", "same digest at cgr.dev"
        reference = self.reference
        try:
            _, there = proof.upstream_digest(self.upstream, reference.repository, reference.target)
        except WizardError as error:
            told = f"could not ask: {error.problem.came_back}"
            if error.code in proof.SAYS_NO_SUCH_IMAGE and not self.with_token:
                told += "; if the image is private, name a pull token by --upstream-token"
            return Fact(check, label, "warning", told)
        if there != self.finished.digest:
            raise proof.differs(str(reference), self.finished.digest, there)
        return Fact(check, label, "done", there)

    def _second_pull(self) -> Fact:
        """By the times of both pulls, and by what Nexus says that it kept in between."""
        check, label = "second-pull", "second pull from the cache"
        try:
            why_not = self._look()
        except WizardError as error:
            why_not = f"could not ask Nexus: {error.problem.came_back}"
        try:
            second = self.pull_again()
        except WizardError as error:
            told = f"could not pull again: {error.problem.came_back}"
            return Fact(check, label, "warning", told)
        times = f"{duration(second.seconds)} after {duration(self.finished.seconds)}"
        if self.nexus is not None and self.kept is not None:
            try:
                state, told = _compared(self.nexus, self.kept)
                return Fact(check, label, state, f"{times}; {told}")
            except WizardError as error:
                why_not = f"could not ask Nexus: {error.problem.came_back}"
        faster = second.seconds < FASTER * self.finished.seconds
        return Fact(check, label, *_by_times(times, faster, why_not))

    def _look(self) -> str:
        """Find what Nexus keeps; why it is not known, in words. Raises WizardError."""
        if self.nexus is None:
            return ""
        if self.reference.tag is None:
            return "Nexus keeps a record of tags, not of digests"
        names = proof.upstream_names(self.reference.repository)
        tag, digest = self.reference.tag, self.finished.digest
        self.kept = nexus_record.find(self.nexus, names, tag, digest, proof.UPSTREAM)
        return "" if self.kept else "Nexus shows this user no record of it (browse is needed)"

    def _in_search(self, nexus: NexusClient, kept: nexus_record.Kept) -> Fact:
        check, label = "search", "found in Nexus's search"
        try:
            found = nexus_record.in_search(nexus, kept, self.cancel.wait)
        except WizardError as error:
            return Fact(check, label, "warning", f"could not ask: {error.problem.came_back}")
        told = f"in {kept.repository}" if found else nexus_record.NOT_IN_SEARCH
        return Fact(check, label, "done" if found else "warning", told)

    def _attached(self) -> Iterator[Fact]:
        digest = self.finished.digest
        try:
            found = proof.artifacts(self.registry, self.reference.repository, digest)
        except WizardError as error:
            told = f"could not ask: {error.problem.came_back}"
            yield Fact("signature", "signature", "warning", told)
            return
        none = "not there: verifying with cosign will not work through this address"
        sig = f"{digest.replace(':', '-')}.sig"
        yield Fact(
            "signature",
            "signature comes through",
            "done" if found.signature else "warning",
            sig if found.signature else none,
        )
        kinds = ", ".join((*((".att",) if found.attestation else ()), *found.referrers))
        kinds = shortened(kinds)
        yield Fact(
            "sbom",
            "SBOM comes through",
            "done" if found.sbom else "warning",
            kinds if found.sbom else "not there: no attestation, no SBOM among the referrers",
        )


def _compared(nexus: NexusClient, before: nexus_record.Kept) -> tuple[State, str]:
    after = nexus_record.kept(nexus, before.repository, (before.name,), before.tag)
    state, told = nexus_record.compared(before, after)
    since = f", there since {before.stored:%Y-%m-%d %H:%M:%S %Z}" if before.stored else ""
    return state, f"{told} by {before.repository}{since}" if state == "done" else told


def _by_times(times: str, faster: bool, why_not: str) -> tuple[State, str]:
    """``why_not``: why Nexus's own record is not known, where it was asked."""
    if faster:
        return "done", f"{times}; {why_not}" if why_not else times
    unclear = f"{times}: it was cached before, or is not cached at all"
    return "warning", f"{unclear}; {why_not or '--nexus URL lets Nexus itself tell'}"
