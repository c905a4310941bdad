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
from cgwizard.frontends import expected
from cgwizard.guide import prefill
from cgwizard.guide.finish import QUIT
from cgwizard.guide.step import CONTINUE, Check, CheckState, Report, Step, run_checked
from cgwizard.plan import model as plan
from cgwizard.secrets import sources

if TYPE_CHECKING:
    from pathlib import Path

    from cgwizard.guide.session import Session
    from cgwizard.plan.answers_file import Answers

# Where the guide's own next step is for a user before it.
NEXT_STEPS = {
    Code.NEXUS_EULA: "read it; accept-eula = true under [connect] accepts it in your name",
    Code.RUN_IN_USE: "wait until the other one has ended, then run it again",
    Code.PASSWORD_MISSING: "keep it there by a run of the guide, or name env:VARIABLE or file:PATH",
}
# Where a step's field is not the key of the answers that fills it.
KEYS = {
    "connect.password": ("secrets", "nexus-password"),
    "developer.remote": ("developer", "remote-url"),
    "token.token": ("secrets", "pull-token"),
}
FOUND_LATER = {"port", "password"}
MAX_ACTS = 6  # of one step; each ends, and none needs more than check, accept, apply


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
        self.save_answers = save_answers
        self.cancel = cancel or Cancel()
        self.place = place
        session.dry_run = dry_run
        self._would_change = 0
        self._would_stop = False

    def run(self) -> ExitCode:
        """Raises WizardError where the answers or their secrets are not enough: a usage error,
        nothing was tried."""
        gc.enable()  # the command line starts without
        self._fill()
        self._refuse_incomplete()
        self.session.steps.pull.on_event = self.tell
        outcome: Literal["done", "failed", "cancelled", "dry-run"]
        try:
            steps = self.session.steps[: -1 if self.dry_run else None]
            through = all(self._through(step) for step in steps)
            outcome = "failed" if not through else "dry-run" if self.dry_run else "done"
        except Cancelled:
            through, outcome = False, "cancelled"
        if outcome == "done" and self.save_answers is not None and not self._saved():
            through, outcome = False, "failed"
        code = ExitCode.DONE if through and not self._would_stop else ExitCode.FAILED
        if outcome == "cancelled":
            code = ExitCode.UNFINISHED
        changes = self._would_change if self.dry_run else len(self.session.journal.made())
        verified = tuple(p.reference for p in self.session.proofs if p.verified)
        self.tell(Ended(code, changes, outcome, verified))
        return code

    # Answers

    @property
    def found_more(self) -> bool:
        """Whether the guide decided what the answers leave open."""
        return self.session.plan != self.answers.plan

    def _saved(self) -> bool:
        finish = self.session.steps.finish
        finish.answers_file, finish.sources = self.save_answers, self.answers.secrets
        self._run(finish, lambda report, cancel: finish.do("answers", report, cancel))
        if finish.problem is not None:
            self._stopped(finish, finish.problem)
        return finish.problem is None

    def _fill(self) -> None:
        if self.answers.connect is None and not self.session.practice:
            raise _unusable("[connect] is missing", 'add [connect] with url = "..." and user')
        steps, secrets = self.session.steps, self.answers.secrets
        practiced = {} if not self.session.practice else dict(steps.connect.values)
        prefill.fill(self.session, self.answers.plan)
        for field, text in practiced.items():
            steps.connect.set(field, text)
        # What is kept where was decided with the answers: nothing more is kept.
        steps.connect.values["keep"] = steps.token.values["keep"] = "memory"
        if self.session.practice:
            return
        sources.usable(secrets.nexus_password)
        kept = secrets.nexus_password in sources.KEEPERS
        steps.connect.keeping.only = secrets.nexus_password if kept else "memory"
        if not kept:  # the step looks there itself
            steps.connect.secrets["password"] = sources.read(
                secrets.nexus_password, "the Nexus password"
            )
        if self._with_token:
            steps.token.secrets["token"] = sources.pull_token(secrets.pull_token)

    def _refuse_incomplete(self) -> None:
        """Before anything is tried: answers that a step will not take. What is left empty and
        what a store may have, the guide itself finds."""
        steps = self.session.steps
        for step in (*steps[:3], *((steps.token,) if self._with_token else ()), steps.pull):
            found = {
                field: told
                for field, told in step.field_problems().items()
                if field not in FOUND_LATER or step.values.get(field)
            }
            if found:
                raise self._incomplete(step, found)

    def _incomplete(self, step: Step, problems: dict[str, str]) -> WizardError:
        field, told = next(iter(problems.items()))
        key = KEYS.get(f"{step.id}.{field}", (step.id, field.replace("_", "-")))
        if key == ("token", "image"):  # of which the organization is the first part
            given = self.answers.pull is not None and self.answers.pull.private_image
            key = ("pull", "private-image") if given else ("token", "organization")
        return _unusable(f"{self.place(key)}{'.'.join(key)}: {told}", "correct or complete it")

    @property
    def _with_token(self) -> bool:
        return self.answers.token is not None and self.answers.token.mode != "skip"

    # Steps

    def _through(self, step: Step) -> bool:
        self.tell(StepBegun(step.id, step.title, step.heading))
        if step is self.session.steps.token and not self._with_token:
            self._run(step, lambda report, cancel: step.do("skip", report, cancel))
            return True
        self._run(step, step.enter)
        if step.problem is None:
            self._run(
                step, lambda _report, _cancel: expected.check(self.session, step, self.answers)
            )
        acts = 0
        while (step.problem is None or self._agrees(step)) and not _is_through(step):
            if problems := step.field_problems():
                self._stopped(step, self._incomplete(step, problems).problem)
                return False
            lines = step.preview()
            if lines:
                self.tell(Preview(step.id, step.action().label, lines, self.dry_run))
            if self.dry_run and self._ends_dry(step, lines):
                return True
            acts += 1
            if acts > MAX_ACTS:
                raise RuntimeError(f"{step.id} does not come to an end")
            self._run(step, step.act)
        if step.problem is not None:
            self._stopped(step, step.problem)
        elif self.dry_run and step is self.session.steps.connect:
            self._agreement()
        return step.problem is None

    def _agreement(self) -> None:
        """In a dry run: what would be done about one that Nexus waits for."""
        connect, check = self.session.steps.connect, self.session.steps.connect.checks.get("eula")
        if check is None or check.problem is None:
            return
        if self._accepts:
            request = f"POST {self.session.nexus.base_url}/service/rest/v1/system/eula"
            self.tell(Preview(connect.id, "accept the license agreement", (request,), True))
            return
        self._would_stop = True
        self._stopped(connect, check.problem)

    @property
    def _accepts(self) -> bool:
        return bool(self.answers.connect and self.answers.connect.accept_eula)

    def _agrees(self, step: Step) -> bool:
        """Whether the answers accept the agreement that Nexus waits for: a legal act."""
        return bool(step.problem and step.problem.code == Code.NEXUS_EULA) and self._accepts

    def _run(self, step: Step, work: Callable[[Report, Cancel], None]) -> None:
        def report(check: Check) -> None:
            self.tell(Checked(step.id, check.id, check.label, check.state, check.detail))

        self.cancel.check()
        run_checked(step, work, report, self.cancel)

    def _stopped(self, step: Step, problem: Problem) -> None:
        self.tell(
            Stopped(
                step.id,
                problem.code,
                problem.tried,
                problem.came_back,
                problem.cause,
                NEXT_STEPS.get(problem.code, problem.next_step),
            )
        )

    def _ends_dry(self, step: Step, lines: tuple[str, ...]) -> bool:
        """Whether what comes next would change Nexus; then the plan takes it as done."""
        session, steps = self.session, self.session.steps
        if step is steps.developer:
            wanted = self.answers.developer or plan.Developer()
            session.plan = msgspec.structs.replace(session.plan, developer=wanted)
            if (change := steps.developer.change()) is not None:
                session.assumed[change.repository] = change.wanted
                self._would_change += 1
            return True
        if step is steps.token and lines:
            self._would_change += 1
            return True
        return step is steps.pull


def _is_through(step: Step) -> bool:
    return step.state in {"done", "skipped"} or step.action() in {CONTINUE, QUIT}


def _unusable(came_back: str, next_step: str) -> WizardError:
    return WizardError(
        Code.ANSWERS_INCOMPLETE,
        tried="filling in the guide from the answers",
        came_back=came_back,
        cause="the answers leave open what the guide must know, or no step takes them so",
        next_step=next_step,
        exit_code=ExitCode.USAGE,
    )
