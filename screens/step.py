"""What every step's screen is: its step shown, its keys passed on. It decides nothing."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.events import Key
from textual.geometry import Offset
from textual.widgets import Input, Static

from cgwizard.cancel import Cancel
from cgwizard.errors import Cancelled, ExitCode
from cgwizard.guide import walk
from cgwizard.guide.shown import Check
from cgwizard.guide.step import SideStep, Step
from cgwizard.screens.parts.choice import ChoiceInput
from cgwizard.screens.parts.findings import Findings
from cgwizard.screens.parts.footer import Keys, follow, more_below
from cgwizard.screens.parts.form import Form
from cgwizard.screens.parts.header import Rail, Top
from cgwizard.screens.parts.messages import Answered, WorkEnded, WorkReported
from cgwizard.screens.parts.terminal.cursor import line_of
from cgwizard.screens.parts.wizard_screen import WizardScreen

if TYPE_CHECKING:
    from collections.abc import Callable


TICK_SECONDS = 1.0  # running checks show their seconds
FUNCTION_KEYS = ("f4", "f5", "f6")  # for a step's other actions while letters are typed


class StepScreen(WizardScreen):
    """Heading, form, findings, preview; Enter does the step's main action."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "main", show=False),
        Binding("escape", "back", show=False),
        Binding("d,f2", "diagnose", show=False),
        # At once, not behind the letters before it: what is typed ahead goes to the next field.
        Binding("tab", "app.focus_next", show=False, priority=True),
        Binding("shift+tab", "app.focus_previous", show=False, priority=True),
    ]

    def __init__(self, step: Step, place: Step | None = None) -> None:
        """``place``: the step of the guide at which we are, where ``step`` is beside the guide."""
        super().__init__()
        self.step, self.help_subject = step, step.id
        self.place = place or step
        self._sides: dict[str, SideStep] = {}  # kept: what was typed there, and what came of it
        # What is being done, in a word. A screen begins by looking: Enter means nothing before
        # it is known what it would do.
        self.busy = "look"
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

    def more_keys(self) -> list[tuple[str, str]]:
        """Keys of a step's screen beside those of its step."""
        return []

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
        self.show_text("explanation", step.fix.explanation if step.fix and not self.busy else "")
        await self.query_one(Form).sync(
            step.fields(), step.secrets, locked=self.busy in {"act", "other"}
        )
        self.query_one(Findings).show(step.checks.values(), step.problem)
        self.show_extras()
        self._show_keys()

    def show_extras(self) -> None:
        """Bring `extras` in line with the step."""

    def _show_keys(self) -> None:
        typing = isinstance(self.focused, Input)
        if self.busy:
            keys = [("esc", "back" if self.busy == "look" else "cancel"), ("ctrl+q", "quit")]
        else:
            keys = [("enter", self.step.action().label)]
            more = more_below(self.body)
            keys += more if self.step.preview() else []  # is read before it is sent
            diagnose = ("f2" if typing else "d", "diagnose")
            keys += [diagnose] if self.step.problem else []
            others = self.step.others()
            keys += [
                (FUNCTION_KEYS[i] if typing else a.key, a.short or a.label)
                for i, a in enumerate(others)
            ]
            keys += [] if typing else self.more_keys()
            keys += [] if self.step.preview() else more
            if self.step.session.next_to(self.step, -1):
                keys.append(("esc", "back"))
            keys.append(("f1", "help"))
            if typing or len(self.query_one(Form).rows()) > 0:
                keys.append(("tab", "field"))
            keys += [] if self.step.problem else [diagnose]
            keys.append(("ctrl+q", "quit"))
        self.query_one(Keys).show(keys)

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

    def on_screen_resume(self) -> None:
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

    def on_descendant_blur(self) -> None:
        self._show_keys()

    async def on_answered(self, event: Answered) -> None:
        if self.busy in {"act", "other"}:
            return
        answer = self.query_one(Form).answer(event.field)
        if answer is not None and self.step.set(event.field, answer):
            self.query_one(Form).complain({})
            await self.show()

    async def on_confirmed(self) -> None:
        await self.action_main()

    async def action_main(self) -> None:
        if self.busy:
            return
        # Enter may come sooner than the message of the last letters.
        pending = self.query_one(Form).pending()
        changed = [self.step.set(field, answer) for field, answer in pending.items()]
        # The screen shows the problem and the preview all the time.
        match walk.stage(self.step, "problem", "preview"):
            case "through":
                self.go(1)
            case "fields":
                self.query_one(Form).complain(self.step.field_problems())
                if any(changed):
                    await self.show()
            case _:
                self.query_one(Form).complain({})
                self.start("act", walk.act)

    def action_back(self) -> None:
        if self.busy:
            self._cancel.set()
        if self.busy in {"", "look"}:
            self.go(-1)

    def action_diagnose(self) -> None:
        if self.busy:
            return
        from cgwizard.screens.diagnose import DiagnoseScreen

        self.app.push_screen(DiagnoseScreen(self.step))

    def on_key(self, event: Key) -> None:
        keys = zip(self.step.others(), FUNCTION_KEYS, strict=False)
        found = next((a.id for a, function in keys if event.key in {a.key, function}), None)
        if found is not None and not self.busy:
            event.stop()
            self.do_other(found)

    def do_other(self, action: str) -> None:
        """Do one of the step's other actions, or open the step beside the guide that it names."""
        side = self._sides.get(action) or self.step.opens(action)
        if side is None:
            self.start("other", partial(walk.do, action=action))
            return
        from cgwizard.app import screen_for

        self._sides[action] = opened = side

        def closed(_: None) -> None:
            self.step.closed(opened)
            self.call_later(self.show)

        self.app.push_screen(screen_for(opened, self.step), closed)

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
        if event.what == "look":
            if not isinstance(self.focused, Input | ChoiceInput):  # who is in a field stays there
                self.settle_focus()
        elif event.what == "act" and self.step.moves_on:
            self.go(1)
        elif not self.query_one(Form).focus_on(self.step.doubtful):
            self.settle_focus()
            findings = self.query_one(Findings)
            if self.step.problem or line_of(findings) is None:
                findings.scroll_visible(animate=False)
        if event.what == "other" and self.step.state == "skipped":
            self.go(1)

    def _tick(self) -> None:
        if self.busy and self.is_current:
            self.query_one(Findings).show(self.step.checks.values(), self.step.problem)
