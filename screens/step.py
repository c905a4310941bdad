"""What every step's screen is: its step shown, its keys passed on. It decides nothing."""

from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.events import DescendantBlur
from textual.geometry import Offset
from textual.widgets import Input, Static

from cgwizard.cancel import Cancel
from cgwizard.errors import Cancelled, ExitCode
from cgwizard.guide import walk
from cgwizard.guide.shown import Check
from cgwizard.guide.step import Step
from cgwizard.screens.parts.choice import ChoiceInput
from cgwizard.screens.parts.findings import Findings
from cgwizard.screens.parts.footer import Keys, follow
from cgwizard.screens.parts.form import Form, SecretInput
from cgwizard.screens.parts.header import Rail, Top
from cgwizard.screens.parts.messages import Answered, WorkEnded, WorkReported
from cgwizard.screens.parts.step_keys import StepKeys
from cgwizard.screens.parts.terminal.cursor import line_of

if TYPE_CHECKING:
    from collections.abc import Callable


TICK_SECONDS = 1.0  # running checks show their seconds


class StepScreen(StepKeys):
    """Heading, form, findings, preview; Enter does the step's main action."""

    BINDINGS: ClassVar[list[BindingType]] = [
        # At once, not behind the letters before it: what is typed ahead goes to the next field.
        Binding("tab", "app.focus_next", show=False, priority=True),
        Binding("shift+tab", "app.focus_previous", show=False, priority=True),
    ]

    def __init__(self, step: Step, place: Step | None = None) -> None:
        """``place``: the step of the guide at which we are, where ``step`` is beside the guide."""
        super().__init__()
        self.step, self.help_subject = step, step.id
        self.place = place or step
        # What is being done, in a word. A screen begins by looking: Enter means nothing before
        # it is known what it would do.
        self.busy = "look"
        self.settled = False  # whether the fields are those that it found, and one has the focus
        self._cancel = Cancel()

    # What is shown

    def compose(self) -> ComposeResult:
        yield Top()
        with Horizontal(id="middle"):
            yield Rail()
            with VerticalScroll(id="body", can_focus=True):
                # With what is known already: the first paint needs no second one.
                yield Static(self.step.heading, id="heading", markup=False)
                yield Static(self.step.context, id="context", markup=False)
                yield Form(self.step.fields(), self.step.secrets)
                yield from self.extras()
                yield Static(id="explanation", markup=False)
                yield Findings()
                yield Static(id="notes", markup=False)
                yield Static(id="preview", markup=False)
                yield from self.last()
        yield Keys()

    def extras(self) -> ComposeResult:
        """What a step's own screen adds, between the form and the findings."""
        yield from ()

    def last(self) -> ComposeResult:
        """The same, below everything else."""
        yield from ()

    async def show(self) -> None:
        """Bring the screen in line with the step."""
        if not self.is_attached:  # on its way out, when a terminal that goes away tells its size
            return
        step = self.step
        wide = self.app.size.width >= 100
        self.query_one(Top).show(self.place, self.size.width - 2, steps=not wide)
        self.query_one(Rail).show(self.place)
        self.show_text("heading", step.heading)
        self.show_text("context", step.context)
        self.show_text("notes", "\n".join(step.notes()))
        self.show_text("preview", "\n".join(step.preview()) if not self.busy else "")
        asked = step.fix.explanation if step.fix else "\n".join(step.shown_once())
        self.show_text("explanation", asked if not self.busy else "")
        await self.query_one(Form).sync(
            step.fields(), step.secrets, locked=self.busy in {"act", "other"}
        )
        self.query_one(Findings).show(step.checks.values(), step.problem)
        self.show_extras()
        self._show_keys()

    def show_extras(self) -> None:
        """Bring `extras` in line with the step."""

    def _show_keys(self) -> None:
        self.query_one(Keys).show(self.offers())

    def attention(self) -> Offset | None:
        """Where the terminal's cursor is while no field has the focus: at what runs, at what
        failed, at what is asked; else at the heading."""
        findings = self.query_one(Findings)
        line = findings.under_way if self.busy else findings.failed
        if line is not None and (found := line_of(findings, line)):
            return found
        if not self.busy and (found := line_of(self.query_one("#explanation"))):
            return found
        heading = line_of(self.query_one("#heading"))
        return heading or line_of(findings) or self.body.content_region.offset

    # What the user does

    async def on_mount(self) -> None:
        await self.show()
        follow(self.body, self._show_keys)
        self.set_interval(TICK_SECONDS, self._tick)
        self.call_after_refresh(self._arrive)

    def on_screen_suspend(self) -> None:
        for field in self.query(SecretInput):
            field.password = True

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        if self.is_mounted and not self.busy:
            self.busy = "look"
            self.call_later(self._arrive)

    def _arrive(self) -> None:
        self.start("look", walk.enter)

    def settle_focus(self) -> None:
        """To the first empty field; else to no field, so that letters are keys."""
        if not self.query_one(Form).focus_first_empty():
            self.body.focus()

    async def on_resize(self) -> None:
        await self.show()

    def on_descendant_focus(self) -> None:
        self._show_keys()

    def on_descendant_blur(self, event: DescendantBlur) -> None:
        if not self.busy:  # what was typed is judged when its field is left
            self.query_one(Form).judge(self.step.field_problems(), event.widget)
        self._show_keys()

    async def on_answered(self, event: Answered) -> None:
        if self.busy in {"act", "other"}:
            return
        answer = self.query_one(Form).answer(event.field)
        if answer is not None and self.step.set(event.field, answer):
            await self.show()
            self.query_one(Form).judge(self.step.field_problems(), field=event.field)

    async def on_confirmed(self) -> None:
        await self.action_main()

    @property
    def ready(self) -> bool:
        return self.settled

    @property
    def working(self) -> str:
        return self.busy

    def refuse_ahead(self, key: str) -> str:
        if key == "f7":
            return "F7 was pressed before this was shown; press it again to skip."
        if key != "enter":
            return super().refuse_ahead(key)
        self._take_pending()
        if walk.stage(self.step, "problem", "preview") in {"through", "fields"}:
            return ""
        if self.step.fix is None and not self.step.changes_nexus():
            return ""
        return f"Enter waits, typed before this was shown; again it will {self.main_words()}."

    def _take_pending(self) -> bool:
        """Give the step what it does not have yet: Enter may come sooner than the message of the
        last letters. Returns whether that changed anything."""
        pending = self.query_one(Form).pending()
        return any([self.step.set(field, answer) for field, answer in pending.items()])

    async def action_main(self) -> None:
        if self.busy:
            return
        if keep := self.keep():
            self.do_other(keep.id)
            return
        changed = self._take_pending()
        # The screen shows the problem and the preview all the time.
        match "fields" if self._refused() else walk.stage(self.step, "problem", "preview"):
            case "through":
                self.go(1)
            case "fields":
                self.query_one(Form).complain(self._field_problems())
                if changed:
                    await self.show()
            case _:
                self.query_one(Form).complain({})
                self.start("act", walk.act)

    def _refused(self) -> dict[str, str]:
        """What fields refused by themselves, whatever the step says."""
        return self.query_one(Form).refused()

    def _field_problems(self) -> dict[str, str]:
        return self.step.field_problems() | self._refused()

    def action_back(self) -> None:
        if (keep := self.keep()) and not self.busy:  # no is the answer to what was asked
            self.do_other(keep.id)
            return
        if self.busy:
            self._cancel.set()
        if self.busy in {"", "look"}:
            self.go(-1)

    def go(self, direction: int) -> None:
        step = self.step.session.next_to(self.step, direction)
        if step is not None:
            self.wizard.show_step(step)
        elif direction > 0:
            self.app.exit(ExitCode.DONE)

    # Work in a thread

    def cancel_work(self) -> None:
        self._cancel.set()

    def start(self, what: str, job: Callable[..., None]) -> None:
        """``job`` is one of `walk`'s ways to set the step to work."""
        self.busy = what
        self.seen_at = math.inf
        if what != "look":  # the fields are locked; arrows scroll
            self.body.focus()
        self._cancel = Cancel()
        self._work(what, job, self._cancel)
        self.call_later(self.show)

    @work(thread=True, group="step")
    def _work(self, what: str, job: Callable[..., None], cancel: Cancel) -> None:
        def report(_check: Check) -> None:
            self.post_message(WorkReported())

        with contextlib.suppress(Cancelled):
            job(self.step, report=report, cancel=cancel)
        self.post_message(WorkEnded(what))

    async def on_work_reported(self) -> None:
        await self.show()

    async def on_work_ended(self, event: WorkEnded) -> None:
        self.busy = ""
        await self.show()
        moves_on = event.what == "act" and self.step.moves_on
        if event.what != "look":
            self._drop_typed(event.what, moves_on=moves_on)
        self.settled = True
        self.unseen()
        if event.what == "look":
            if not isinstance(self.focused, Input | ChoiceInput):  # who is in a field stays there
                self.settle_focus()
        elif moves_on:
            self.go(1)
        elif not self.query_one(Form).focus_on(self.step.doubtful):
            self.settle_focus()
            findings = self.query_one(Findings)
            if self.step.problem or line_of(findings) is None:
                findings.scroll_visible(animate=False)
        if event.what == "other" and self.step.state == "skipped":
            self.go(1)

    def _drop_typed(self, what: str, *, moves_on: bool) -> None:
        """What was typed during the work was typed for what comes after it."""
        if self._cancel.is_set:
            self.wizard.drop_typed("Canceled.")
            self.say("Canceled: nothing more is done.")
        elif self.step.problem is not None:
            self.wizard.drop_typed("There is a problem.")
        elif what == "act" and not moves_on:
            self.wizard.drop_typed("", but_enter=True)

    def _tick(self) -> None:
        if self.busy and self.is_current:
            self.query_one(Findings).show(self.step.checks.values(), self.step.problem)
