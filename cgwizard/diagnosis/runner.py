"""Registers the checks and runs them: several at once, each bounded in time, none able to end
the others."""

from __future__ import annotations

import importlib
import queue
import threading
import time
from collections.abc import Callable, Collection, Iterator
from typing import Literal

import msgspec

from cgwizard.cancel import Cancel
from cgwizard.diagnosis import model
from cgwizard.diagnosis.model import Finding, Started, Subject
from cgwizard.errors import Cancelled, Code, WizardError

Need = Literal["nexus", "signed_in", "free", "private", "pull_token", "upstream", "connector"]
Work = Callable[[Subject], "Iterator[Finding] | Finding"]
Report = Callable[[Finding | Started], None]

# The modules with checks, in the order in which these are shown.
GROUPS = ("server", "network", "repository", "connector", "names", "token", "image")
PARALLEL = 6
SECONDS = 30.0
POLL_SECONDS = 0.05

_MISSING: dict[Need, str] = {
    "nexus": "needs the step Connect to be done",
    "signed_in": "needs the step Connect to be done",
    "free": "needs an image to ask for",
    "private": "there is no image of an organization to ask for",
    "pull_token": "there is no pull token",
    "upstream": "the registry cannot be asked here",
    "connector": "Nexus's connectors cannot be asked here",
}
# What only tells that this user, or this version of Nexus, cannot answer the question.
_CANNOT_BE_KNOWN = {Code.NEXUS_FORBIDDEN, Code.NEXUS_ENDPOINT_MISSING}


class CheckInfo(msgspec.Struct, frozen=True):
    id: str
    label: str  # what it asks, for people
    needs: tuple[Need, ...]
    seconds: float  # at most
    work: Work


_REGISTERED: list[CheckInfo] = []


def check(
    id: str, label: str, *, needs: tuple[Need, ...] = (), seconds: float = SECONDS
) -> Callable[[Work], Work]:
    """Register a function of a Subject that gives its findings, or yields them as they come."""

    def register(work: Work) -> Work:
        _REGISTERED.append(CheckInfo(id, label, needs, seconds, work))
        return work

    return register


def checks() -> tuple[CheckInfo, ...]:
    """Every check, in the order in which they are shown."""
    for group in GROUPS:
        importlib.import_module(f"cgwizard.diagnosis.{group}")
    # Whoever imports a group first must not change the order.
    return tuple(sorted(_REGISTERED, key=lambda info: GROUPS.index(_group(info))))


def _group(info: CheckInfo) -> str:
    return info.work.__module__.rpartition(".")[2]


def run(
    subject: Subject, report: Report, cancel: Cancel, *, only: Collection[str] | None = None
) -> list[Finding]:
    """Run the checks, or those whose ids are in ``only``; returns the findings in their order.

    ``report`` is called in the caller's thread, as things happen. Raises Cancelled.
    """
    chosen = [info for info in checks() if only is None or info.id in only]
    with subject.stopped_by(cancel):
        return _Run(subject, report, cancel, chosen).run()


class _Run:
    def __init__(
        self, subject: Subject, report: Report, cancel: Cancel, chosen: list[CheckInfo]
    ) -> None:
        self._subject, self._report, self._cancel = subject, report, cancel
        self._chosen = chosen
        self._found: list[list[Finding]] = [[] for _ in chosen]
        self._deadlines: dict[int, float] = {}  # of those that run
        # Place of the check, and a finding or None for its end.
        self._results: queue.SimpleQueue[tuple[int, Finding | None]] = queue.SimpleQueue()

    def run(self) -> list[Finding]:
        waiting = list(range(len(self._chosen)))
        try:
            while waiting or self._deadlines:
                while waiting and len(self._deadlines) < PARALLEL:
                    self._start(waiting.pop(0))
                self._cancel.check()
                self._collect()
                self._give_up()
        except Cancelled:
            self._subject.abort()
            raise
        return [finding for found in self._found for finding in found]

    def _start(self, place: int) -> None:
        info = self._chosen[place]
        self._deadlines[place] = time.monotonic() + info.seconds
        self._report(Started(info.id, info.label))
        # A daemon: the resolver of the system cannot be interrupted, and must not keep the
        # program from ending.
        threading.Thread(
            target=self._work, args=(place,), name=f"check {info.id}", daemon=True
        ).start()

    def _work(self, place: int) -> None:
        try:
            for finding in _findings(self._chosen[place], self._subject):
                self._results.put((place, finding))
        finally:
            self._results.put((place, None))

    def _collect(self) -> None:
        try:
            place, finding = self._results.get(timeout=POLL_SECONDS)
        except queue.Empty:
            return
        if place not in self._deadlines:
            return  # it came after it was given up
        if finding is None:
            del self._deadlines[place]
        else:
            self._add(place, finding)

    def _add(self, place: int, finding: Finding) -> None:
        info = self._chosen[place]
        finding = msgspec.structs.replace(
            finding,
            check=info.id,
            slug=finding.slug or info.id,
            label=finding.label or info.label,
        )
        self._found[place].append(finding)
        self._report(finding)

    def _give_up(self) -> None:
        now = time.monotonic()
        for place, deadline in list(self._deadlines.items()):
            if now > deadline:
                seconds = self._chosen[place].seconds
                evidence = f"no result within {seconds:.0f} s; it was given up"
                self._add(
                    place, msgspec.structs.replace(model.unknown(evidence), slug=Code.NO_RESULT)
                )
                del self._deadlines[place]


def _findings(info: CheckInfo, subject: Subject) -> Iterator[Finding]:
    try:
        if why := _missing(info.needs, subject):
            yield model.skipped(why)
            return
        found = info.work(subject)
        if isinstance(found, Finding):
            yield found
        else:
            yield from found
    except Cancelled:
        return
    except WizardError as error:
        known = error.code not in _CANNOT_BE_KNOWN
        yield model.told(error.problem, verdict="problem" if known else "unknown")
    except Exception as error:  # noqa: BLE001 - a mistake in one check must not end the others
        # Not its text: nobody knows what an unforeseen exception repeats.
        evidence = f"the check itself failed ({type(error).__name__}); this is a mistake in it"
        yield msgspec.structs.replace(model.unknown(evidence), slug=Code.CHECK_FAILED)


def _missing(needs: tuple[Need, ...], subject: Subject) -> str:
    from cgwizard.diagnosis.server import account

    for need in needs:
        name = "nexus" if need == "signed_in" else need
        if getattr(subject, name) is None:
            return _MISSING[need]
        if need == "signed_in":
            try:
                account(subject)
            except WizardError as error:
                return f"needs a sign-in to Nexus, which failed ({error.code})"
    return ""
