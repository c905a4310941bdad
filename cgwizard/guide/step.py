"""A step as every front end drives it: fields, checks, one main action.

A front end asks a step what to show (`fields`, `checks`, `preview`, `action`) and passes on what
the user did (`set`, `act`). The step owns its life: its part of the plan, what it refuses, what
a dry run would do, whether a saved result still holds. It knows nothing of screens. `enter`,
`act` and what else takes a report block and are called in a worker thread; the rest is quick.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Literal

import msgspec

from cgwizard.cancel import Cancel
from cgwizard.errors import Cancelled, Code, Problem, WizardError
from cgwizard.guide.shown import (
    Action,
    Check,
    Commands,
    Evidence,
    Field,
    Fix,
    Report,
    Request,
    Result,
)
from cgwizard.secrets.secret import Secret

if TYPE_CHECKING:
    from cgwizard.guide.protocols import EarlierRun, StartedNexus
    from cgwizard.guide.session import Session
    from cgwizard.plan.answers_file import Answers
    from cgwizard.plan.model import Plan

StepState = Literal["todo", "done", "skipped", "problem"]


class Step:
    """One step of the guide. Subclasses fill in what is theirs; values are kept as typed."""

    id: ClassVar[str]
    title: ClassVar[str]  # the rail's words
    defaults: ClassVar[dict[str, str]] = {}
    secret_fields: ClassVar[frozenset[str]] = frozenset()
    doubts: ClassVar[dict[Code, str]] = {}  # problem code: the field that it is about
    found_later: ClassVar[frozenset[str]] = frozenset()  # fields that answers may leave open
    # The key of the answers file that fills a field, where it is not the field's own name.
    answer_keys: ClassVar[dict[str, tuple[str, str]]] = {}
    # Unattended: the next step after a problem whose own next step is for a user at the screen.
    next_steps: dict[Code, str] = {}  # noqa: RUF012  (replaced, never changed)
    in_dry_run: ClassVar[bool] = True
    asks_registry: ClassVar[bool] = False  # itself, not through Nexus

    def __init__(self, session: Session) -> None:
        self.session = session
        self.values: dict[str, str] = dict(self.defaults)
        self.secrets: dict[str, Secret] = {}
        self.checks: dict[str, Check] = {}
        self.problem: Problem | None = None
        self.fix: Fix | None = None
        self.state: StepState = "todo"

    # What to show

    @property
    def heading(self) -> str:
        """A sentence that says what will happen."""
        raise NotImplementedError

    @property
    def context(self) -> str:
        """One dim line: what was decided before and matters here."""
        return ""

    def fields(self) -> tuple[Field, ...]:
        return ()

    def preview(self) -> tuple[str, ...]:
        """The lines of what will be sent, before it is sent."""
        return ()

    def notes(self) -> tuple[str, ...]:
        """Facts of this step for users, a line each."""
        return ()

    def shown_once(self) -> tuple[str, ...]:
        return ()  # lines with a secret, for the user at the screen alone

    def action(self) -> Action:
        """What Enter does now; `CONTINUE` when the step is through."""
        raise NotImplementedError

    @property
    def doubtful(self) -> str:
        """The field that the problem is about; empty where it is about none."""
        return self.doubts.get(self.problem.code, "") if self.problem else ""

    @property
    def through(self) -> bool:
        return self.state in {"done", "skipped"}

    @property
    def moves_on(self) -> bool:
        """After `act`: the step is through and leaves nothing to read."""
        return False

    def others(self) -> tuple[Action, ...]:
        """What other keys do now."""
        return ()

    def results(self) -> tuple[Result, ...]:
        """What was proved, where the step is the one that sums it up."""
        return ()

    def commands(self) -> tuple[Commands, ...]:
        """How to use it from now on, by tool."""
        return ()

    # Its part of the plan

    def fill(self, chosen: Plan) -> None:
        """Answer the questions as in ``chosen``; what is undecided there stays as it is."""

    def fill_unattended(self, answers: Answers) -> None:
        """The same, with the secrets from where the answers say. Raises WizardError."""
        self.fill(answers)

    def decide(self, **parts: object) -> None:
        """Give these parts back to the plan, by the names of its members; the step is through."""
        self.session.plan = msgspec.structs.replace(self.session.plan, **parts)
        self.state = "done"

    def skipped_by(self, chosen: Plan) -> bool:
        return False

    def skip(self, report: Report, cancel: Cancel) -> None:
        """Leave the step out, where `skipped_by` may say so."""
        raise NotImplementedError

    def missing(self) -> dict[str, str]:
        """What is wrong with answers that come from a file, by field."""
        return {
            field: told
            for field, told in self.field_problems().items()
            if field not in self.found_later or self.values.get(field)
        }

    def answer_key(self, field: str, chosen: Plan) -> tuple[str, str]:
        """Where the answers file has the answer to ``field``."""
        return self.answer_keys.get(field, (self.id, field.replace("_", "-")))

    def refuse_unexpected(self, chosen: Plan) -> None:
        """After `enter`, where nobody can be asked: raises WizardError when Nexus or this machine
        is not what ``chosen`` was written for."""

    def agrees(self, chosen: Plan) -> bool:
        """Whether ``chosen`` confirms the fix of the problem that the step has now."""
        return False

    # What a dry run would do

    def changes_nexus(self) -> bool:
        """Whether the main action would change Nexus now."""
        return bool(self.preview())

    def rehearse(self, chosen: Plan) -> int | None:
        """Take the main action as done; returns how many changes it would make. None: it changes
        nothing, so that a dry run does it."""
        return 1 if self.changes_nexus() else None

    def rehearsed(self, chosen: Plan) -> Request | Problem | None:
        """Of a step that a dry run went through: what would be sent besides, or would stop it."""
        return None

    # Whether a saved result still holds

    def resume(self, earlier: EarlierRun, report: Report, cancel: Cancel) -> bool:
        """Be through as in an earlier run, without a change in Nexus; whether that was possible."""
        if getattr(earlier.answers, self.id, None) is None:
            return False
        run_checked(self, self.enter, report, cancel)
        if self.problem is not None or self.changes_nexus():
            return False  # it is not there, or not as confirmed: the user sees what will be sent
        run_checked(self, self.act, report, cancel)
        return self.state == "done"

    # What it offers the diagnosis

    def evidence(self) -> Evidence:
        return {}

    # Steps beside the guide

    def opens(self, action: str) -> SideStep | None:
        """A new step that this one of `others` opens; None where `do` does it."""
        return None

    def closed(self, side: SideStep) -> bool:
        """Take over what ``side`` came to; whether that answers this step's questions."""
        return False

    # What the user did

    def set(self, field: str, text: str) -> bool:
        """Keep what was typed; returns whether that changes anything. A changed answer takes
        back what was found out from the old one, here and in the later steps."""
        if field in self.secret_fields:
            secret = Secret(text)
            if self.secrets.get(field, Secret("")) == secret:
                return False
            self.secrets[field] = secret
        else:
            if self.values.get(field) == text:
                return False
            self.values[field] = text
        self.reset()
        self.session.reset_after(self)
        return True

    def reset(self) -> None:
        """Forget findings that rested on the old answers."""
        self.checks.clear()
        self.problem = None
        self.fix = None
        self.state = "todo"

    def stopped(self) -> None:
        """The user stopped what was under way: forget what is not certain any more."""
        self.reset()

    def field_problems(self) -> dict[str, str]:
        """What is wrong with the answers as they stand, by field; pure."""
        return {}

    def enter(self, report: Report, cancel: Cancel) -> None:
        """Find out what the step needs to know before it can ask; blocks."""

    def act(self, report: Report, cancel: Cancel) -> None:
        """Do the main action; blocks. Raises WizardError, with the failed check reported."""
        raise NotImplementedError

    def do(self, action: str, report: Report, cancel: Cancel) -> None:
        """Do one of `others`; blocks."""
        raise NotImplementedError(action)


class SideStep(Step):
    """A step beside the guide, opened by an action of one of its steps and closed to that step."""

    result: StartedNexus | None = None


def run_checked(
    step: Step, work: Callable[[Report, Cancel], None], report: Report, cancel: Cancel
) -> None:
    """Run ``work`` of a step, keeping its checks and its failure in the step.

    The one edge where a WizardError becomes the step's problem; front ends call this and then
    look at ``step.problem``. Raises Cancelled, soon after ``cancel`` was set.
    """

    def keep(check: Check) -> None:
        step.checks[check.id] = check
        report(check)

    step.problem = None
    try:
        with step.session.stopped_by(cancel):
            work(keep, cancel)
        if step.through:
            step.session.confirmed(keep)
    except (Cancelled, KeyboardInterrupt) as stopped:
        step.stopped()
        raise Cancelled from stopped
    except WizardError as error:
        from cgwizard.text.sanitize import fitted

        step.problem = fitted(error.problem)
        step.state = "problem"
        for check in list(step.checks.values()):
            if check.state == "running":
                keep(
                    msgspec.structs.replace(
                        check,
                        state="problem",
                        detail=step.problem.came_back,
                        problem=step.problem,
                    )
                )


def checking(
    report: Report, id: str, label: str, work: Callable[[], str], *, done: str | None = None
) -> None:
    """Report a check as running, then as done with the detail that ``work`` returns."""
    report(Check(id, label, "running"))
    detail = work()
    report(Check(id, done or label, "done", detail))
