"""The commands: one module each, of the same name. Only the one that runs is imported."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from importlib import import_module

import click

from cgwizard import __version__

GUIDE = "guide"  # what runs when the first word is no command
COMMANDS = (GUIDE, "practice", "pull", "apply", "undo", "forget", "help", "version")
# Of later versions, and words that other programs have for them: none of these is a host.
NEARBY = {
    "check": "guide",
    "completion": "help",
    "lessons": "practice",
    "status": "guide",
}
LETTERS = 2  # of difference; a word that is so near to a command is no host


@contextlib.contextmanager
def _cleaned() -> Iterator[None]:
    """Click's errors quote what was typed; they are printed as everything else is."""
    try:
        yield
    except click.ClickException as error:
        from cgwizard.text.sanitize import printed

        error.message = printed(error.message)  # type: ignore[misc]
        raise


class Root(click.Group):
    """The group of commands. If the first word is no command, all words belong to the guide, so
    that `cgwizard URL` works beside `cgwizard practice`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"cgwizard.commands.{cmd_name}"), cmd_name)
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        with _cleaned():
            if not args or (args[0] not in COMMANDS and args[0] not in {"-h", "--help"}):
                self._refuse_typo(args)
                args = [GUIDE, *args]
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command. Ctrl+C and Ctrl+D at a question of click end it with our exit code."""
        try:
            with _cleaned():
                return super().invoke(ctx)
        except (KeyboardInterrupt, EOFError, click.Abort):
            from cgwizard.errors import ExitCode

            click.echo("\nStopped.", err=True)
            ctx.exit(ExitCode.CANCELLED)

    def _refuse_typo(self, args: list[str]) -> None:
        """Raise UsageError for a word that is more likely a command than a host."""
        word = args[0] if args else ""
        if not word or word.startswith("-") or any(c in word for c in ".:/"):
            return
        known = (*COMMANDS, *NEARBY)
        near = min(known, key=lambda command: _letters_between(word.lower(), command))
        if _letters_between(word.lower(), near) > LETTERS:
            return
        later = f"'{word}' is no command of this version" if word in NEARBY else ""
        raise click.UsageError(
            f"{later or f'no command {word!r}'}. Did you mean: cgwizard {NEARBY.get(near, near)}\n"
            f"For a Nexus on a host of that name: cgwizard http://{word}"
        )

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage("cgwizard", "[NEXUS_URL] [--user NAME]")
        formatter.write_usage("cgwizard", "COMMAND [OPTIONS]")


@click.group(cls=Root, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def root() -> None:
    """Turn Sonatype Nexus Repository 3 into a pull-through cache of Chainguard's registry,
    and prove by a real pull that it works.

    Without a command the guide starts: cgwizard https://nexus.example.com

    With --plain it asks in plain lines; `cgwizard guide --help` has its other options.
    """


def _letters_between(one: str, other: str) -> int:
    """How many letters must be put in, left out or exchanged to make ``other`` of ``one``."""
    row = list(range(len(other) + 1))
    for number, letter in enumerate(one, 1):
        before, row[0] = row[0], number
        for at, wanted in enumerate(other, 1):
            cost = min(before + (letter != wanted), row[at] + 1, row[at - 1] + 1)
            before, row[at] = row[at], cost
    return row[-1]
