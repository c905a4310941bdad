"""`cgwizard apply ANSWERS.toml`: the guide without a user."""

from __future__ import annotations

import signal
import sys
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cgwizard.commands.common import problems_shown, say_farewell
from cgwizard.commands.options import debug_log, registry_option
from cgwizard.errors import ExitCode
from cgwizard.system import files
from cgwizard.text import ascii_fallback
from cgwizard.text.sanitize import bounded

if TYPE_CHECKING:
    from collections.abc import Callable

    from cgwizard.frontends.line_output import Lines
    from cgwizard.frontends.unattended import Checked, Ended, Event
    from cgwizard.guide.session import Session


@click.command()
@click.argument("answers", type=click.Path(path_type=Path), required=False)
@click.option("--dry-run", is_flag=True, help="Show what would be changed; change nothing.")
@click.option(
    "--exit-code", "tell_by_code", is_flag=True, help="With --dry-run: 4 if it would change Nexus."
)
@click.option("--json", "as_json", is_flag=True, help="One event a line, as JSON.")
@click.option(
    "--save-answers",
    "save",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="At the end: a new file with all that was found, such as the port.",
)
@click.option("--practice", is_flag=True, help="Rehearse against practice servers of our own.")
@registry_option
@click.option("--schema", is_flag=True, help="Print the JSON Schema of the answers file.")
@debug_log
def apply(
    *,
    answers: Path | None,
    dry_run: bool,
    tell_by_code: bool,
    as_json: bool,
    save: Path | None,
    practice: bool,
    registry: str,
    schema: bool,
) -> None:
    """Do what ANSWERS (a TOML file) says, without asking. Doing it twice changes nothing."""
    from cgwizard.plan import answers_file, toml_errors

    if schema:
        click.echo(answers_file.schema(), nl=False)
        return
    if answers is None:
        raise click.UsageError("name the answers file; the guide offers to write one on Finish")
    if tell_by_code and not dry_run:
        raise click.UsageError("--exit-code is for --dry-run: a real run says how it ended")
    if save is not None and (dry_run or practice):
        raise click.UsageError("a rehearsal finds nothing out to save; leave --save-answers out")
    if registry and practice:
        raise click.UsageError("a rehearsal asks a registry of its own; leave --registry out")
    with problems_shown(), ExitStack() as stack:
        text = answers_file.text_of(answers)
        chosen = answers_file.parse(text, str(answers))
        if registry:
            chosen = chosen.asking(registry)
        from cgwizard.cancel import Cancel
        from cgwizard.frontends.line_output import Lines
        from cgwizard.frontends.unattended import Apply
        from cgwizard.guide.guide import Guide

        if practice:
            from cgwizard.practice.world import PracticeWorld

            world = stack.enter_context(closing(PracticeWorld()))
            session = Guide(practice=world.info, start_practice=world.start)
        else:
            from cgwizard.runs.run import Run

            folder = files.state_folder()
            session = Guide(journal_folder=folder / "journal")
            if not dry_run:  # a dry run leaves nothing to resume
                session.run = Run(session, folder)
        stack.callback(session.close)
        cancel = Cancel()
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, lambda *_: cancel.set())
        lines = Lines(sys.stdout)
        tell = _json() if as_json else _Text(lines, dry_run=dry_run).tell
        run = Apply(
            chosen,
            session,
            tell,
            dry_run=dry_run,
            save_answers=save,
            cancel=cancel,
            place=lambda key: f"{answers}:{toml_errors.locate(text, key)}: ",
        )
        code = run.run()
        say_farewell(session)
        if code == ExitCode.DONE and not (as_json or dry_run):
            _last_words(lines, session, offer_answers=run.found_more and not (practice or save))
        if code == ExitCode.DONE and tell_by_code and run.would_change:
            code = ExitCode.WOULD_CHANGE
        sys.exit(code)


def _last_words(lines: Lines, session: Session, *, offer_answers: bool) -> None:
    if offer_answers:
        lines.line("What was found, such as the port, can be saved: --save-answers FILE.")
    lines.commands(session.last.commands())


def _json() -> Callable[[Event], None]:
    import threading

    lock = threading.Lock()

    def tell(event: Event) -> None:
        with lock:
            sys.stdout.write(ascii_fallback.json_line(bounded(event)) + "\n")
            sys.stdout.flush()

    return tell


class _Text:
    """Prints the events: a step's heading once it has something to say, and no check twice."""

    def __init__(self, lines: Lines, *, dry_run: bool) -> None:
        self._lines, self._dry_run = lines, dry_run
        self._heading = ""
        self._told: set[Checked] = set()

    def tell(self, event: Event) -> None:
        from cgwizard.errors import Problem
        from cgwizard.frontends import unattended as apply
        from cgwizard.guide.shown import Check

        lines = self._lines
        match event:
            case apply.StepBegun():
                self._heading = f"{event.title}: {event.heading}"
            case apply.Checked() if event in self._told:
                pass  # it was printed before
            case apply.Checked():
                self._told.add(event)
                if lines.prints(check := Check(event.id, event.label, event.state, event.detail)):
                    self._begin()
                    lines.check(check)
            case apply.Preview():
                self._begin()
                lines.line(f"  {'would ' if event.dry_run else ''}{event.action}")
                for line in event.lines:
                    lines.line(f"  | {line}")
            case apply.Stopped():
                self._begin()
                lines.problem(
                    Problem(event.code, event.tried, event.came_back, event.cause, event.next_step)
                )
            case apply.Ended():
                _end(lines, event, self._dry_run)
            case _:
                self._begin()
                lines.event(event)

    def _begin(self) -> None:
        if self._heading:
            self._lines.line(self._heading)
            self._heading = ""


def _end(lines: Lines, event: Ended, dry_run: bool) -> None:
    for reference in event.verified:
        lines.line(f"verified {reference}")
    for reference in event.not_compared:
        lines.line(f"pulled {reference}; its digest was not compared with the registry's")
    count = f"{event.changes} change{'' if event.changes == 1 else 's'}"
    match event.outcome:
        case "failed" | "cancelled" if dry_run:
            why = "the problem above would stop it" if event.outcome == "failed" else "stopped"
            lines.line(f"Dry run: {why}. Nothing was changed in Nexus.")
        case "dry-run" if event.exit_code:
            lines.line(f"Dry run: the problem above would stop it; then {count} would be made.")
            lines.line("Nothing was changed in Nexus.")
        case "dry-run":
            lines.line(f"Dry run: {count} would be made; nothing was changed in Nexus.")
        case "done" if not event.changes:
            lines.line("Nothing had to be changed.")
        case "done":
            lines.line(f"Done: {count} made.")
        case "cancelled":
            lines.line(f"Stopped: {count} made so far. Run it again to go on.")
        case "failed":
            lines.line(f"Failed: {count} made. Run it again after the next step above.")
