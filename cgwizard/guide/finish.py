"""Step 6, Finish: what was made, what was proved, and the commands to use it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cgwizard.guide import unencrypted_notice
from cgwizard.guide.saving import save
from cgwizard.guide.shown import QUIT, Action, Check, Commands, Fix, Report, Result
from cgwizard.guide.step import Step

if TYPE_CHECKING:
    from cgwizard.cancel import Cancel
    from cgwizard.changes.undo_item import Item
    from cgwizard.guide.session import Session
    from cgwizard.plan.answers_file import Answers, Secrets

FILE = "cgwizard-commands.txt"
SAVE = Action("save", "save the commands as a file", "", "commands")
KEEP = Action("keep", "keep everything", "enter")
ANSWERS = "cgwizard-answers.toml"
VERIFIED, PULLED = "verified", "pulled, not compared"


class FinishStep(Step):
    id = "finish"
    title = "Finish"
    in_dry_run = False  # there is nothing to sum up

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._undoing: list[Item] = []
        self._left = False  # whether something that this run made stays, changed by others
        self.undone = False
        self._sources: Secrets | None = None  # unattended: where the secrets are

    @property
    def heading(self) -> str:
        if self.undone:
            return "What this run made is undone"
        return "Nexus now serves Chainguard's images"

    @property
    def context(self) -> str:
        ends = self.session.token_ends
        if ends is None or self.undone:
            return ""
        return f"The pull token ends on {ends:%d %B %Y}: renew it before, by this guide."

    def notes(self) -> tuple[str, ...]:
        """What was made in Nexus."""
        return tuple(f"{e.change}, done" for e in self.session.journal.made())

    def results(self) -> tuple[Result, ...]:
        return tuple(
            Result(p.reference, p.finished.digest, VERIFIED if p.verified else PULLED)
            for p in self.session.proofs
        )

    def action(self) -> Action:
        return Action("fix", self.fix.label) if self.fix else QUIT

    def others(self) -> tuple[Action, ...]:
        if self.fix:
            return (KEEP,)  # something is asked
        return (
            *((SAVE,) if self.session.proofs else ()),
            Action("answers", "save the answers", "ctrl+o", "answers"),
            *((Action("undo", "undo", "f8"),) if self.session.journal.made() else ()),
        )

    def reset(self) -> None:
        super().reset()
        self._undoing = []
        self.undone = False

    def decline(self) -> None:
        """Nothing of what was asked is done, now or at the next Enter."""
        self.fix = None
        self._undoing = []
        self.checks.pop("undo", None)

    def enter(self, report: Report, cancel: Cancel) -> None:
        unencrypted_notice.tell_connector(self.session, report)  # the commands sign in there
        if self.session.answers_file is not None:
            self.do("answers", report, cancel)

    def act(self, report: Report, cancel: Cancel) -> None:
        if self.fix is None:
            self.state = "done"
            return
        self.fix = None
        self._undo(report)

    def fill_unattended(self, answers: Answers) -> None:
        self._sources = answers.secrets

    def do(self, action: str, report: Report, cancel: Cancel) -> None:
        if action == KEEP.id:
            self.decline()
            return
        if action == "undo":
            self._look_what_to_undo(report)
            return
        if action == "answers":
            report(Check("answers", "save the answers", "running"))
            wanted = self.session.answers_file or Path.cwd() / ANSWERS
            path = save(self.answers(), wanted.parent, wanted.name)
            again = path if self.session.answers_file else path.name
            told = f"{path}; again: cgwizard apply {again}"
            report(Check("answers", "saved the answers", "done", told))
            return
        report(Check("save", "save the commands", "running"))
        path = save(self.text(), Path.cwd(), FILE)
        report(Check("save", "saved the commands", "done", str(path)))

    def _look_what_to_undo(self, report: Report) -> None:
        """Show it; it is done only when the user confirms it."""
        from cgwizard.changes import undo

        report(Check("undo", "compare with what Nexus has now", "running"))
        items = undo.survey(self.session.journal.entries, self.session.nexus)
        self._undoing = [item for item in items if item.acts]
        told = f"{len(self._undoing)} of {len(items)} as this run left them"
        report(Check("undo", "compared with what Nexus has now", "done", told))
        self._left = any(item.verdict == "changed" for item in items)
        if self._undoing:
            lines = "\n".join(item.words for item in items)
            self.fix = Fix("undo this", lambda: None, lines, "f8")
            return
        for item in items:
            report(Check(f"undo-{item.repository}", item.words, "warning"))

    def _undo(self, report: Report) -> None:
        from cgwizard.changes import undo

        for item in self._undoing:
            id, label = f"undo-{item.repository}", item.words
            report(Check(id, label, "running"))
            found = undo.undo(item, self.session.nexus, self._note)
            report(
                Check(
                    id,
                    label,
                    "done" if found.acts else "warning",
                    "" if found.acts else found.words,
                )
            )
            self._left |= found.verdict == "changed"
            if found.acts:
                self._forget_steps()
        self._undoing = []
        self.undone = not self._left

    def _forget_steps(self) -> None:
        """What they made and pulled is gone: they are done again before they are called done."""
        for step in self.session.steps:
            if step not in {self.session.first, self}:
                step.reset()

    def _note(self, item: Item) -> None:
        for entry in reversed(item.entries):
            self.session.journal.write(entry.change, entry.repository, "undone", kind=entry.kind)

    def commands(self) -> tuple[Commands, ...]:
        """How clients use what was proved; nothing once it is undone."""
        from cgwizard.guide.client_commands import client_commands

        routing, token = self.session.plan.routing, self.session.plan.token
        schemes = {self.session.address(p.port): p.scheme for p in (token, routing) if p and p.port}
        names = (token.pull_user if token else None) or ""  # several by commas
        return client_commands(self.session.proofs, schemes, names.partition(",")[0].strip())

    def answers(self) -> str:
        """This run as an answers file, for `cgwizard apply`; it holds no secret."""
        from cgwizard.guide.connect_form import account
        from cgwizard.guide.token_form import HOST
        from cgwizard.plan import answers_file as answers

        chosen, keeping = self.session.plan, self.session.keeping
        if self._sources is not None:
            return answers.write(answers.of(chosen, self._sources))
        user = account(chosen.connect.user, chosen.connect.url) if chosen.connect else ""
        password = keeping.source("nexus-password", user)
        token = keeping.source("pull-token", HOST)
        found = {"nexus-password": password, "pull-token": token}
        pull_user = None
        if chosen.connect and chosen.token and chosen.token.pull_user:
            name = account(chosen.token.pull_user.partition(",")[0], chosen.connect.url)
            found["pull-user"] = pull_user = keeping.source("pull-user", name)
            pull_user = pull_user or "env:PULL_USER_PASSWORD"
        sources = answers.Secrets(
            password or "env:NEXUS_PASSWORD", token or "env:CGR_PULL_TOKEN", pull_user
        )
        kept_nowhere = [key for key, source in found.items() if source is None]
        return answers.write(answers.of(chosen, sources), kept_nowhere)

    def text(self) -> str:
        """Everything as plain text, for a file or the clipboard."""
        lines = [self.heading, ""]
        lines += [f"{r.reference}\n  {r.digest} {r.verdict}" for r in self.results()]
        for group in self.commands():
            lines += ["", f"# {group.title}", *group.lines]
        return "\n".join(lines) + "\n"
