"""A step as every front end drives it: fields, checks, one main action.

A step is asked what to show (`fields`, `checks`, `preview`, `action`) and told what the user
did (`set`, `act`). It knows nothing of screens. `enter` and `act` block and are called in a
worker thread; everything else is quick.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Literal

import msgspec

from cgwizard.cancel import Cancel
from cgwizard.errors import Cancelled, Code, Problem, WizardError
from cgwizard.secrets.secret import Secret

if TYPE_CHECKING:
    from cgwizard.guide.session import Session

CheckState = Literal["waiting", "running", "done", "warning", "problem", "unknown", "skipped"]
StepState = Literal["todo", "done", "skipped", "problem"]


class Check(msgspec.Struct, frozen=True):
    """One line of what was found out, shown as it comes in; ``id`` finds the line again."""

    id: str
    label: str
    state: CheckState
    detail: str = ""
    problem: Problem | None = None


Report = Callable[[Check], None]


class Choice(msgspec.Struct, frozen=True):
    value: str
    label: str


class Field(msgspec.Struct, frozen=True):
    """A question. ``kind`` "secret" is masked, "paste" is masked and takes several lines; their
    text is in `Step.secrets`, never in ``value``."""

    id: str
    label: str
    value: str = ""
    kind: Literal["text", "secret", "paste", "choice"] = "text"
    choices: tuple[Choice, ...] = ()
    placeholder: str = ""
    optional: bool = False


class Action(msgspec.Struct, frozen=True):
    """Something the user can do now; ``key`` is for those beside the main one, where no text
    is being typed. ``short`` is for where there is little room: a key that is not told is none."""

    id: str
    label: str
    key: str = "enter"
    short: str = ""


CONTINUE = Action("continue", "continue")


class Fix(msgspec.Struct, frozen=True):
    """What the main action becomes after a problem that the wizard can solve."""

    label: str
    apply: Callable[[], None]  # quick: it changes answers; the step's action then runs again
    explanation: str = ""  # shown before it is done, e.g. the agreement that is accepted


class Step:
    """One step of the guide. Subclasses fill in what is theirs; values are kept as typed."""

    id: ClassVar[str]
    title: ClassVar[str]  # the rail's words
    defaults: ClassVar[dict[str, str]] = {}
    secret_fields: ClassVar[frozenset[str]] = frozenset()
    doubts: ClassVar[dict[Code, str]] = {}  # problem code: the field that it is about

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
        """Facts of this step for people, a line each."""
        return ()

    def action(self) -> Action:
        """What Enter does now; `CONTINUE` when the step is through."""
        raise NotImplementedError

    @property
    def doubtful(self) -> str:
        """The field that the problem is about; empty where it is about none."""
        return self.doubts.get(self.problem.code, "") if self.problem else ""

    @property
    def moves_on(self) -> bool:
        """After `act`: the step is through and leaves nothing to read."""
        return False

    def others(self) -> tuple[Action, ...]:
        """What other keys do now."""
        return ()

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
        """The user stopped what was under way: what of it stays true, stays."""
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
        if step.state in {"done", "skipped"}:
            step.session.confirmed(keep)
    except Cancelled:
        step.stopped()
        raise
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
