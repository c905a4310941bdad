"""`cgwizard apply`: the guide without a user, from an answers file.

It decides nothing: where the answers leave a question open, the guide's own proposal is taken,
and where what is there differs from what the answers expect, it stops before anything is sent.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import msgspec

from cgwizard.cancel import Cancel
from cgwizard.errors import Cancelled, Code, ExitCode, Problem, WizardError
from cgwizard.events import PullEvent
from cgwizard.guide import walk
from cgwizard.guide.shown import Check, CheckState, Request
from cgwizard.guide.step import Step
from cgwizard.plan import answers_file

if TYPE_CHECKING:
    from pathlib import Path

    from cgwizard.guide.session import Session
    from cgwizard.plan.answers_file import Answers


class StepBegun(msgspec.Struct, frozen=True, tag="step", tag_field="event"):
    step: str
    title: str
    heading: str


class Checked(msgspec.Struct, frozen=True, tag="check", tag_field="event"):
    step: str
    id: str
    label: str
    state: CheckState
    detail: str = ""


class Preview(msgspec.Struct, frozen=True, tag="change", tag_field="event"):
    """A request that is sent next, or would be: its lines, passwords replaced."""

    step: str
    action: str
    lines: tuple[str, ...]
    dry_run: bool


class Stopped(msgspec.Struct, frozen=True, tag="problem", tag_field="event"):
    step: str
    code: Code
    tried: str
    came_back: str
    cause: str
    next_step: str


class Ended(msgspec.Struct, frozen=True, tag="end", tag_field="event"):
    """How it ended. ``changes`` counts requests that changed Nexus; in a dry run, would."""

    exit_code: int
    changes: int
    outcome: Literal["done", "failed", "cancelled", "dry-run"]
    verified: tuple[str, ...] = ()  # the references whose every byte was checked
    not_compared: tuple[str, ...] = ()  # pulled too, but the registry was not asked for its digest


Event = StepBegun | Checked | Preview | Stopped | Ended | PullEvent


class Apply:
    """One unattended walk; ``tell`` gets the events, from any thread."""

    def __init__(
        self,
        answers: Answers,
        session: Session,
        tell: Callable[[Event], None],
        *,
        dry_run: bool = False,
        save_answers: Path | None = None,
        cancel: Cancel | None = None,
        place: Callable[[tuple[str, ...]], str] = lambda _key: "",
    ) -> None:
        """``save_answers``: the file for them at the end, with all that was found. ``place``:
        where a key stands in the file that they came from, as "site.toml:3: "."""
        self.answers = answers
        self.session = session
        self.tell = tell
        self.dry_run = dry_run
        session.answers_file = save_answers
        session.plan = msgspec.structs.replace(session.plan, registry=answers.registry)
        self.cancel = cancel or Cancel()
        self.place = place
        session.dry_run = dry_run
        self.would_change = 0  # in a dry run: how many requests would change Nexus
        self._would_stop = False

    def run(self) -> ExitCode:
        """Raises WizardError where the answers or their secrets are not enough: a usage error,
        nothing was tried."""
        gc.enable()  # the command line starts without
        self._fill()
        self.session.on_event = self.tell
        outcome: Literal["done", "failed", "cancelled", "dry-run"]
        try:
            steps = [step for step in self.session.steps if step.in_dry_run or not self.dry_run]
            through = all(self._through(step) for step in steps)
            outcome = "failed" if not through else "dry-run" if self.dry_run else "done"
        except Cancelled:
            through, outcome = False, "cancelled"
        code = ExitCode.DONE if through and not self._would_stop else ExitCode.FAILED
        if outcome == "cancelled":
            code = ExitCode.UNFINISHED
        changes = self.would_change if self.dry_run else len(self.session.journal.made())
        verified = tuple(p.reference for p in self.session.proofs if p.verified)
        others = tuple(p.reference for p in self.session.proofs if not p.verified)
        self.tell(Ended(code, changes, outcome, verified, others))
        return code

    # Answers

    @property
    def found_more(self) -> bool:
        """Whether the guide decided what the answers leave open."""
        return self.session.plan != self.answers.plan

    def _fill(self) -> None:
        """Before anything is tried. What is left empty and what a store may have, the guide finds
        by itself; answers that a step will not take are refused."""
        for step in self.session.steps:
            step.fill_unattended(self.answers)
        for step in self.session.steps:
            if not step.skipped_by(self.answers) and (found := step.missing()):
                raise self._incomplete(step, found)

    def _incomplete(self, step: Step, problems: dict[str, str]) -> WizardError:
        field, told = next(iter(problems.items()))
        key = step.answer_key(field, self.answers)
        what = f"{self.place(key)}{'.'.join(key)}: {told}"
        return answers_file.incomplete(what, "correct or complete it")

    # Steps

    def _through(self, step: Step) -> bool:
        def report(check: Check) -> None:
            self.tell(Checked(step.id, check.id, check.label, check.state, check.detail))

        self.tell(StepBegun(step.id, step.title, step.heading))
        self.cancel.check()
        walk.enter_unattended(step, self.answers, report, self.cancel)
        for _ in range(walk.MAX_ACTS + 1):
            if step.problem is not None and not step.agrees(self.answers):
                self._stopped(step, step.problem)
                return False
            match walk.stage(step, "problem"):
                case "through":
                    return not self.dry_run or self._rehearsed(step)
                case "fields":
                    self._stopped(step, self._incomplete(step, step.field_problems()).problem)
                    return False
            if lines := step.preview():
                self.tell(Preview(step.id, step.action().label, lines, self.dry_run))
            if self.dry_run and (changes := step.rehearse(self.answers)) is not None:
                self.would_change += changes
                return True
            self.cancel.check()
            walk.act(step, report, self.cancel)
        raise RuntimeError(f"{step.id} does not come to an end")

    def _rehearsed(self, step: Step) -> bool:
        """Tell what else a real run would send, or what would stop it."""
        match step.rehearsed(self.answers):
            case Request() as request:
                self.tell(Preview(step.id, request.action, request.lines, True))
            case Problem() as problem:
                self._would_stop = True
                self._stopped(step, problem)
        return True

    def _stopped(self, step: Step, problem: Problem) -> None:
        self.tell(
            Stopped(
                step.id,
                problem.code,
                problem.tried,
                problem.came_back,
                problem.cause,
                step.next_steps.get(problem.code, problem.next_step),
            )
        )
