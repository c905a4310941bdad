"""The Textual application: theme, navigation, which screen is up."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

# Slow connections: redraw seldom and animate nothing. Textual reads these when it is imported.
if os.environ.get("SSH_CONNECTION"):
    os.environ.setdefault("TEXTUAL_FPS", "10")
os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")

from textual.binding import Binding, BindingType
from textual.theme import Theme

from cgwizard.errors import ExitCode
from cgwizard.screens.parts.messages import InputLost
from cgwizard.screens.parts.typing_app import TypingApp
from cgwizard.screens.parts.wizard_screen import WizardScreen

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable

    from rich.console import RenderableType
    from textual.screen import Screen

    from cgwizard.guide.session import Session
    from cgwizard.guide.step import Step
    from cgwizard.runs.offer import Offer
    from cgwizard.screens.step import StepScreen

# The terminal's own colors: right on light and on dark backgrounds, and with sixteen of them.
THEME = Theme(
    name="cgwizard",
    primary="ansi_cyan",
    secondary="ansi_cyan",
    accent="ansi_cyan",
    success="ansi_green",
    warning="ansi_yellow",
    error="ansi_red",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    ansi=True,
    variables={
        "ansi-background": "ansi_default",
        "ansi-foreground": "ansi_default",
        **{f"markdown-h{level}-color": "ansi_default" for level in range(1, 7)},
        "border": "ansi_cyan",
        "border-blurred": "ansi_default",
        "scrollbar": "ansi_default",
        "scrollbar-hover": "ansi_default",
        "scrollbar-active": "ansi_cyan",
        "scrollbar-background": "ansi_default",
        "scrollbar-background-hover": "ansi_default",
        "scrollbar-background-active": "ansi_default",
        "scrollbar-corner-color": "ansi_default",
        "block-cursor-foreground": "ansi_default",
        "block-cursor-background": "ansi_default",
        "input-cursor-background": "ansi_default",
        "input-cursor-foreground": "ansi_default",
        "input-cursor-text-style": "none",  # the terminal's own cursor is there
        "input-selection-background": "ansi_cyan",
        "input-selection-foreground": "ansi_black",
    },
)


class Wizard(TypingApp):
    """Holds the session and moves between the steps' screens; decides nothing itself."""

    CSS_PATH = Path(__file__).parent / "assets" / "wizard.tcss"  # also for who derives from this
    TITLE = "cgwizard"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-slim"), (60, "-narrow"), (100, "-wide")]  # noqa: RUF012  (Textual's form)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "leave", "leave", priority=True),
    ]

    def __init__(
        self,
        session: Session,
        offer: Offer | None = None,
    ) -> None:
        super().__init__()
        self.session = session
        self.offer = offer  # of runs that can be resumed
        self.crashed = ""  # what to say of a crash when the screens are gone
        self._at_work: AbstractEventLoop | None = None
        self._leaving: int | None = None  # the exit code of a signal that came
        self.register_theme(THEME)
        self.theme = THEME.name

    def get_default_screen(self) -> Screen[None]:
        # The first thing drawn: the question whether to go on, or the first step.
        if self.offer is not None and self.offer.runs:
            from cgwizard.screens.resume import ResumeScreen

            return ResumeScreen(self.offer)
        return self._first_step()

    def _first_step(self) -> Screen[None]:
        return screen_for(self.session.first)

    def begin(self, *, new: bool) -> None:
        """The user chose what to resume: show the first step, on a separate stack of screens,
        because a default screen cannot be switched."""
        self.type_for_form(wanted=new)
        self.add_mode("guide", self._first_step)
        self.switch_mode("guide")

    def on_mount(self) -> None:
        import asyncio
        import gc

        self.call_after_refresh(gc.enable)
        self._at_work = asyncio.get_running_loop()
        if self._leaving is not None:  # the signal came before
            self.exit(self._leaving)

    def leave_with(self, code: int) -> None:
        """Leave because of a signal; from any thread, without waiting for it."""
        self._leaving = code
        if self._at_work is not None:
            with contextlib.suppress(RuntimeError):  # it is over
                self._at_work.call_soon_threadsafe(self.exit, code)

    def exit(
        self, result: int | None = None, return_code: int = 0, message: RenderableType | None = None
    ) -> None:
        """Leave; work that is under way in threads is told to end."""
        self._cancel_work()
        super().exit(result, return_code, message)

    def _cancel_work(self) -> None:
        steps = [step.id for step in self.session.steps if self.is_screen_installed(step.id)]
        for screen in {*map(self.get_screen, steps), *self.screen_stack}:
            cancel = getattr(screen, "cancel_work", None)
            if cancel is not None:
                cancel()

    def say(self, text: str) -> None:
        """Show ``text`` in a row of the screen."""
        if isinstance(self.screen, WizardScreen):
            self.screen.say(text)

    def on_input_lost(self, event: InputLost) -> None:
        self.say(_lost(event.count))

    def on_terminal_gone(self) -> None:
        self.exit(128 + signal.SIGHUP)

    def report_crash(self, error: Exception) -> None:
        """A mistake of the program's: a report without secrets, and where it is."""
        from cgwizard.logs import crash_report

        self._cancel_work()  # else the end would wait for it
        self.crashed = crash_report.notice(error, crash_report.report(error))

    def show_step(self, step: Step) -> None:
        """Put the screen of ``step`` up; screens that were left keep what was typed."""
        if not self.is_screen_installed(step.id):
            self.install_screen(screen_for(step), step.id)
        if step is self.session.first:
            while len(self.screen_stack) > 1:
                self.pop_screen()
        elif len(self.screen_stack) > 1:
            self.switch_screen(step.id)
        else:
            self.push_screen(step.id)

    def words_before_leaving(self) -> str:
        saved = self.session.run is not None
        return f"Ctrl+C again leaves{'; your run is saved' if saved else ''}."

    def action_leave(self) -> None:
        self.exit(ExitCode.DONE if self.session.through else ExitCode.CANCELLED)


def _lost(count: int) -> str:
    if not count:
        return "The terminal sent a sequence that is no key; it is left out."
    what = "1 byte is" if count == 1 else f"{count} bytes are"
    return f"{what} no character and left out: is LC_ALL your terminal's encoding?"


def screen_for(step: Step, place: Step | None = None) -> Screen[None]:
    """The screen of the same name. Imported when it is first shown: the start stays quick.
    ``place``: the step of the guide that opened it, where it is a step beside the guide."""
    from importlib import import_module

    module = import_module(f"cgwizard.screens.{step.id}")
    screen: type[StepScreen] = getattr(module, f"{step.id.capitalize()}Screen")
    return screen(step, place)


def run(
    session: Session,
    clean_up: Callable[[], None] = lambda: None,
    offer: Offer | None = None,
) -> int:
    """Run the wizard until the user leaves it; returns the exit code.

    ``clean_up`` is called when it has to end without returning from here. ``offer``: the runs
    that can be resumed, asked first.
    """
    from cgwizard.system import typed_ahead
    from cgwizard.system.signals import SignalWatcher

    def give_up() -> None:
        typed_ahead.release()
        clean_up()

    app, signals = Wizard(session, offer), SignalWatcher(give_up)
    signals.watch(app.leave_with)
    mouse = not os.environ.get("SSH_CONNECTION")  # over SSH the terminal's own selection is kept
    code = app.run(mouse=mouse)
    signals.closed()
    session.close()
    with contextlib.suppress(OSError):  # the terminal may be gone
        _last_words(app)
    if app.crashed:
        return ExitCode.FAILED
    return app.return_code or 0 if code is None else code


def _last_words(app: Wizard) -> None:
    """What stays to be read when the screens are gone."""
    if app.crashed:
        print(app.crashed, file=sys.stderr, flush=True)  # noqa: T201
        return
    for step in app.session.steps:
        for result in step.results():
            text = f"{result.verdict}  {result.reference}\n  {result.digest}"
            print(text, flush=True)  # noqa: T201
