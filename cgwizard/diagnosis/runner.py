"""Runs the checks: several at once, each with a time limit; a failing one ends no other."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Collection, Iterator

from cgwizard.cancel import Cancel
from cgwizard.diagnosis.check import CheckInfo, Need
from cgwizard.diagnosis.checks import CHECKS
from cgwizard.diagnosis.facts import account
from cgwizard.diagnosis.finding import Finding, Listener, Started, failure, skipped, unknown
from cgwizard.diagnosis.subject import Subject
from cgwizard.errors import Cancelled, Code, WizardError

PARALLEL = 6
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
# Failures that are no problem: this user, or this version of Nexus, cannot answer the question.
_CANNOT_BE_KNOWN = frozenset({Code.NEXUS_FORBIDDEN, Code.NEXUS_ENDPOINT_MISSING})


def run(
    subject: Subject, report: Listener, cancel: Cancel, *, only: Collection[str] | None = None
) -> list[Finding]:
    """Run all checks, or those with an id in ``only``; returns the findings in their order.

    Calls ``report`` in the caller's thread, as things happen. Raises Cancelled.
    """
    chosen = [info for info in CHECKS if only is None or info.id in only]
    with subject.stopped_by(cancel):
        return _Run(subject, report, cancel, chosen).run()


class _Run:
    def __init__(
        self, subject: Subject, report: Listener, cancel: Cancel, chosen: list[CheckInfo]
    ) -> None:
        self._subject, self._report, self._cancel = subject, report, cancel
        self._chosen = chosen
        self._found: list[list[Finding]] = [[] for _ in chosen]
        self._deadlines: dict[int, float] = {}  # of the checks that run
        # The place of the check, and a finding, or None where the check has ended.
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
        # A daemon thread: nothing can interrupt the resolver of the system, and it must not keep
        # the program from ending.
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
            return  # its check was given up before
        if finding is None:
            del self._deadlines[place]
        else:
            self._add(place, finding)

    def _add(self, place: int, finding: Finding) -> None:
        info = self._chosen[place]
        finding = finding.of_check(info.id, info.label)
        self._found[place].append(finding)
        self._report(finding)

    def _give_up(self) -> None:
        now = time.monotonic()
        for place, deadline in list(self._deadlines.items()):
            if now > deadline:
                seconds = self._chosen[place].seconds
                evidence = f"no result within {seconds:.0f} s; it was given up"
                self._add(place, unknown(evidence, code=Code.NO_RESULT))
                del self._deadlines[place]


def _findings(info: CheckInfo, subject: Subject) -> Iterator[Finding]:
    try:
        if why := _missing(info.needs, subject):
            yield skipped(why)
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
        yield failure(error.problem, verdict="problem" if known else "unknown")
    except Exception as error:  # noqa: BLE001 - a mistake in one check must not end the others
        # Without its text: it may repeat a secret.
        evidence = f"the check itself failed ({type(error).__name__}); this is a mistake in it"
        yield unknown(evidence, code=Code.CHECK_FAILED)


def _missing(needs: tuple[Need, ...], subject: Subject) -> str:
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
