"""The screen of `cgwizard.guide.finish`: what was proved, and the commands to use it."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from cgwizard.guide.finish import VERIFIED, FinishStep
from cgwizard.screens.parts.clipboard import copy
from cgwizard.screens.parts.command_list import CommandList
from cgwizard.screens.parts.footer import KeyAction
from cgwizard.screens.step import StepScreen


class FinishScreen(StepScreen):
    step: FinishStep

    def extras(self) -> ComposeResult:
        yield Static(id="proved", markup=False)

    def last(self) -> ComposeResult:
        yield CommandList()

    def offers(self) -> list[KeyAction]:
        offers = super().offers()
        if not self.busy and not self.step.fix and self.step.commands():
            offers.append(KeyAction("f5", "copy", self.action_copy, "Copy the commands"))
        return offers

    def show_extras(self) -> None:
        lines: list[Content] = []
        for result in self.step.results():
            mark = ("✓", "$success") if result.verdict == VERIFIED else ("!", "$warning")
            lines.append(Content.assemble(mark, f" {result.verdict}  {result.reference}"))
            lines.append(Content.styled(f"  {result.digest}", "dim"))
        self.query_one("#proved", Static).update(Content("\n").join(lines))
        self.query_one(CommandList).show(self.step.commands())

    def action_copy(self) -> None:
        """To the clipboard, of which nothing is certain, and into a file, whose name is shown."""
        if not self.busy and self.step.commands():
            self.notify(copy(self.app, self.step.text()), markup=False)
            self.do_other("save")
