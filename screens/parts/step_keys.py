"""What a step's screen offers: its main action, its other ones, the way back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cgwizard.guide import walk
from cgwizard.guide.shown import Action
from cgwizard.guide.step import SideStep, Step
from cgwizard.screens.parts.findings import Findings
from cgwizard.screens.parts.footer import KeyAction, more_below
from cgwizard.screens.parts.form import Form, SecretInput
from cgwizard.screens.parts.wizard_screen import WizardScreen

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.widget import Widget


class StepKeys(WizardScreen):
    """The part of a step's screen that turns keys into what the step does."""

    step: Step
    place: Step  # of the guide, at which we are
    busy: str

    def __init__(self) -> None:
        super().__init__()
        self._sides: dict[str, SideStep] = {}  # kept: what was typed there, and what came of it

    def start(self, what: str, job: Callable[..., None]) -> None:
        raise NotImplementedError

    async def show(self) -> None:
        raise NotImplementedError

    async def action_main(self) -> None:
        raise NotImplementedError

    def action_back(self) -> None:
        raise NotImplementedError

    def offers(self) -> list[KeyAction]:
        if self.busy:
            word = "back" if self.busy == "look" else "cancel"
            leave = KeyAction("ctrl+q", "leave", self.wizard.action_leave)
            return [KeyAction("escape", word, self.action_back), leave]
        step = self.step
        offers = [KeyAction("enter", self.main_words(), self.action_main)]
        for action in step.others():
            if action.key != "enter":
                do = partial(self.do_other, action.id)
                words = action.short or action.label
                offers.append(KeyAction(action.key, words, do, action.label))
        if step.fix and step.fix.key == "f8":
            offers.append(KeyAction("f8", step.fix.label, self._take_away, place="asked"))
        place = "problem" if step.problem is not None else ""
        offers.append(KeyAction("f2", "find cause", self.action_diagnose, place=place))
        if step.preview():
            offers.append(KeyAction("f4", "request", self._show_request, "Show the request"))
        elif step.checks:
            offers.append(KeyAction("f4", "all checks", self._show_checks, "Show all checks"))
        if self.has_back():
            offers.append(KeyAction("escape", "back", self.action_back))
        if self.query(SecretInput):
            offers.append(KeyAction("f3", "show", self._reveal, "Show or hide the secret"))
        return [*offers, *more_below(self.body), *self.common_offers()]

    def has_back(self) -> bool:
        return self.step.session.next_to(self.step, -1) is not None

    def main_words(self) -> str:
        """What Enter does."""
        if keep := self.keep():
            return keep.label
        answers = self.query_one(Form).answers()
        wrong = self.step.field_problems()
        if walk.stage(self.step, "problem", "preview") == "fields" and any(
            answers.get(field) for field in wrong
        ):
            return "check the fields"
        action = self.step.action()
        return action.short or action.label

    def keep(self) -> Action | None:
        """While it is asked whether to take something away: what keeps it."""
        if self.step.fix is None or self.step.fix.key != "f8":
            return None
        return next((a for a in self.step.others() if a.key == "enter"), None)

    def _take_away(self) -> None:
        if self.heard_f8:
            self.start("act", walk.act)

    def _reveal(self) -> None:
        """Of the field that has the focus, else of all of them."""
        fields = list(self.query(SecretInput))
        chosen = [field for field in fields if field.has_focus] or fields
        masked = all(field.password for field in chosen)
        for field in chosen:
            field.password = not masked

    def _show_request(self) -> None:
        self._show_top(self.query_one("#preview"))

    def _show_checks(self) -> None:
        self._show_top(self.query_one(Findings))

    def _show_top(self, found: Widget) -> None:
        """Scroll to ``found``; from there, back to the top."""
        before = self.body.scroll_offset.y
        found.scroll_visible(animate=False, top=True, immediate=True)
        if before and self.body.scroll_offset.y == before:
            self.body.scroll_home(animate=False)

    def action_diagnose(self) -> None:
        if self.busy:
            return
        from cgwizard.screens.diagnose import DiagnoseScreen

        self.app.push_screen(DiagnoseScreen(self.step))

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
