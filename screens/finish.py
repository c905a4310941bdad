"""The screen of `cgwizard.guide.finish`: what was proved, and the commands to use it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from cgwizard.errors import ExitCode
from cgwizard.guide.finish import Finish
from cgwizard.screens.parts.clipboard import copy
from cgwizard.screens.step import StepScreen


class FinishScreen(StepScreen):
    step: Finish
    BINDINGS: ClassVar[list[BindingType]] = [Binding("c", "copy", show=False)]

    def extras(self) -> ComposeResult:
        yield Static(id="proved", markup=False)

    def last(self) -> ComposeResult:
        yield Static(id="commands", markup=False)

    def more_keys(self) -> list[tuple[str, str]]:
        return [("c", "copy")]

    def show_extras(self) -> None:
        lines: list[Content] = []
        for reference, digest, verdict in self.step.proved():
            style = "$success" if verdict == "verified" else "$warning"
            glyph = "✓" if verdict == "verified" else "!"
            lines.append(Content.assemble((glyph, style), f" {verdict}  {reference}"))
            lines.append(Content.styled(f"  {digest}", "dim"))
        self.query_one("#proved", Static).update(Content("\n").join(lines))
        told: list[Content] = []
        for group in self.step.commands():
            told += [Content(""), Content.styled(group.title, "dim")]
            told += [Content(f"  {line}") for line in group.lines]
        self.query_one("#commands", Static).update(Content("\n").join(told))

    def action_copy(self) -> None:
        """To the clipboard, of which nothing is certain, and into a file, whose name is shown."""
        if not self.busy:
            self.notify(copy(self.app, self.step.text()), markup=False)
            self.do_other("save")

    def action_back(self) -> None:
        if self.step.fix and not self.busy:  # no is the answer to what was asked
            self.step.decline()
            self.call_later(self.show)
            return
        super().action_back()

    async def action_main(self) -> None:
        if self.step.fix or self.busy:  # something was asked that Enter confirms
            await super().action_main()
            return
        self.step.state = "done"
        self.app.exit(ExitCode.DONE)
