"""The guide as plain lines: no escape sequence, for pipes, recordings and screen readers.

With `Prompts` it asks, line by line; without, it takes every step's defaults, which is how
`cgwizard practice` runs where there is no terminal.
"""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, TextIO

from cgwizard.cancel import Cancel
from cgwizard.errors import Cancelled, ExitCode
from cgwizard.frontends.form_prompts import Questions
from cgwizard.frontends.line_output import Lines
from cgwizard.frontends.prompts import ENDED, EndOfInput, Prompts
from cgwizard.guide import walk
from cgwizard.guide.shown import CONTINUE, QUIT, Action, Check
from cgwizard.guide.step import SideStep, Step

if TYPE_CHECKING:
    from cgwizard.guide.session import Session

CHANGE = Action("change-answers", "change the answers")
BACK = Action("back", "back to the step before")
LEAVE = Action("leave", "leave")
HOW = "An empty answer takes what is in brackets. Ctrl+C stops what runs, at a question it leaves."
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Left(Exception):
    """The user leaves, or the terminal went away."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class _Back(Exception):
    """To the step before."""


class Plain:
    """Writes the guide to ``out`` as it goes. Unattended, a failure ends it, told in full."""

    def __init__(
        self, session: Session, out: TextIO | None = None, *, source: TextIO | None = None
    ) -> None:
        """``source``: where answers come from; None takes the defaults."""
        self.session = session
        self.lines = Lines(out or sys.stdout)
        self.prompts = Prompts(self.lines, source) if source else None
        self._questions = Questions(self.lines, self.prompts)
        self.cancel = Cancel()
        self._working = False
        self._stopped = False  # by the user, a moment ago
        self._told: dict[tuple[str, str], Check] = {}
        self._noted: tuple[str, ...] = ()

    def walk(self) -> int:
        """Every step. Returns how the process ends."""
        gc.enable()  # the command line starts without
        self.session.on_event = self.lines.event
        step: Step | None = self.session.first
        back = False
        if self.prompts:
            self.lines.line(HOW)
        with self._signals():
            try:
                while step is not None:
                    back = self._step(step, again=back) < 0
                    step = self.session.next_to(step, -1 if back else 1)
            except _Left as left:
                return left.code
            except EndOfInput:
                self.lines.line()
                self.lines.line(ENDED)
                return ExitCode.UNFINISHED
        return ExitCode.DONE

    def _step(self, step: Step, *, again: bool) -> int:
        """Returns where to go: 1 on, -1 back. ``again``: the user came back to it."""
        number = self.session.steps.index(step) + 1
        if number > 1:
            self.lines.line()
        self.lines.line(f"Step {number} of {len(self.session.steps)}: {step.heading}")
        if self.prompts and step.context:
            self.lines.line(f"  {step.context}")
        try:
            self._through(step, again=again)
        except _Back:
            return -1
        return 1

    def _through(self, step: Step, *, again: bool = False) -> None:
        self._work(step, walk.enter)
        self._results(step)
        asked = again
        while True:
            match walk.stage(step):
                case "problem" if step.problem is not None:
                    self.lines.problem(step.problem)
                    if self.prompts is None:
                        raise _Left(ExitCode.FAILED)
                case "through" if step.action() != QUIT:
                    for line in step.shown_once() if self.prompts else ():
                        self.lines.line(f"  {line}")
                    if not again or self._leaves(step):
                        return
                    asked = self._questions.ask(step)
                    again = False
                    continue
            self._notes(step)
            if not asked and not step.others() and step.problem is None:
                asked = self._questions.ask(step)
            self._show(step)
            action = self._choose(step, asked=asked)
            if action == CHANGE or (action == step.action() and not asked and not step.fix):
                asked = self._questions.ask(step)
                if action == CHANGE or step.preview():
                    continue  # what is sent is shown before it is sent
            if action == QUIT:
                return
            asked = self._do(step, action)

    def _do(self, step: Step, action: Action) -> bool:
        """Do what was chosen; whether the answers stand, and need not be asked again."""
        if action in step.others():
            if side := step.opens(action.id):
                return self._side(step, side)
            self._work(step, partial(walk.do, action=action.id))
            return False
        if self._refused(step):
            return True
        self._work(step, walk.act)
        return step.problem is None

    def _notes(self, step: Step) -> None:
        notes = step.notes()
        if self.prompts and notes != self._noted:
            for note in notes:
                self.lines.line(f"  {note}")
        self._noted = notes

    def _leaves(self, step: Step) -> bool:
        """Of a step that is through and was come back to: whether it stays as it is."""
        return self._choose(step, asked=True) != CHANGE

    def _side(self, step: Step, side: SideStep) -> bool:
        """Through a step beside the guide; whether ``step`` has its answers by that."""
        self.lines.line()
        self.lines.line(f"{side.title}: {side.heading}")
        try:
            self._through(side)
        except _Back:
            return False
        return step.closed(side)

    def _show(self, step: Step) -> None:
        if step.fix is not None:
            for line in step.fix.explanation.split("\n"):
                self.lines.line(f"  {line}")
        preview = step.preview()
        if preview:
            self.lines.line("  What will be done:")
        for line in preview:
            self.lines.line(f"    {line}")

    def _choose(self, step: Step, *, asked: bool) -> Action:
        """What is done next. Where there is only one thing to do, nobody is asked."""
        main = step.action()
        if self.prompts is None:
            if main != QUIT:
                self.lines.line(f"  {main.label}")
            return main
        options = [main] if main == CONTINUE else [main, *step.others()]
        if step.fix is not None and step.fix.key == "f8":  # what keeps it comes first
            options.sort(key=lambda option: option.key != "enter" or option == main)
        if asked and step.fields():
            options.append(CHANGE)
        stopped, self._stopped = self._stopped, False  # what was stopped is not begun again unasked
        to_read = bool(step.preview() or step.fix or step.problem or main == CONTINUE or stopped)
        if not to_read and (len(options) == 1 or (asked and not step.others())):
            return main
        if step is not self.session.first:
            options.append(BACK)
        if main != QUIT:
            options.append(LEAVE)
        number = self.prompts.choice("Choice", [option.label for option in options])
        if options[number] == LEAVE:
            raise _Left(ExitCode.DONE if self.session.through else ExitCode.UNFINISHED)
        if options[number] == BACK:
            raise _Back
        return options[number]

    def _refused(self, step: Step) -> bool:
        """Tell what is wrong with the answers; unattended, that is the end."""
        problems = step.field_problems()
        for field, problem in problems.items():
            self.lines.line(f"  {field}: {problem}")
        if problems and self.prompts is None:
            raise _Left(ExitCode.FAILED)
        if problems:
            self._questions.ask(step)
        return bool(problems)

    # Work

    def _work(self, step: Step, work: Callable[..., None]) -> None:
        """``work`` is one of `walk`'s ways to set the step to work."""
        self.cancel = Cancel()
        self._working = True
        try:
            work(step, report=partial(self._check, step), cancel=self.cancel)
        except Cancelled:
            self.lines.line("  stopped")
            self._stopped = True
        finally:
            self._working = False
            if self.prompts:
                self.prompts.drain()
        if self._leaving:
            raise _Left(self._leaving)
        if self._stopped and self.prompts is None:
            raise _Left(ExitCode.CANCELLED)

    def _check(self, step: Step, check: Check) -> None:
        if check.state == "running" or self._told.get((step.id, check.id)) == check:
            return  # it was printed a moment ago
        self._told[step.id, check.id] = check
        self.lines.check(check)

    def _results(self, step: Step) -> None:
        for result in step.results():
            self.lines.line(f"{result.reference} {result.digest} {result.verdict}")
        if self.prompts:
            self.lines.commands(step.commands())

    # Signals

    _leaving = 0

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Ctrl+C stops what runs, or leaves at a question; others end it in order."""

        def handle(number: int, _frame: FrameType | None) -> None:
            if number != signal.SIGINT:
                self._leaving = 128 + number
            if self._working:
                self.cancel.set()
            else:
                raise _Left(self._leaving or ExitCode.CANCELLED)

        try:
            before = {number: signal.signal(number, handle) for number in SIGNALS}
        except ValueError:  # not in the main thread: a test, or an embedding program
            before = {}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
