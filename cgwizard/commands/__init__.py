"""The command line: one module a command. Each imports what it runs only when it runs."""

from __future__ import annotations

import difflib

import click

from cgwizard import __version__
from cgwizard.commands.apply import apply
from cgwizard.commands.forget import forget
from cgwizard.commands.guide import guide
from cgwizard.commands.practice import practice
from cgwizard.commands.pull import pull
from cgwizard.commands.undo import undo

COMMANDS: tuple[click.Command, ...] = (guide, practice, pull, apply, undo, forget)


class Root(click.Group):
    """`cgwizard URL` and `cgwizard practice` live side by side: a first word that is no command
    belongs to the guide."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in {"-h", "--help"}):
            self._refuse_typo(args)
            args = [guide.name or "", *args]
        return super().parse_args(ctx, args)

    def _refuse_typo(self, args: list[str]) -> None:
        word = args[0] if args else ""
        if word == "--version" or word.startswith("-") or any(c in word for c in ".:/"):
            return
        near = difflib.get_close_matches(word, list(self.commands), n=1, cutoff=0.75)
        if near:
            raise click.UsageError(f"no command '{word}'. Did you mean: cgwizard {near[0]}")

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage("cgwizard", "[NEXUS_URL] [--user NAME]")
        formatter.write_usage("cgwizard", "COMMAND [OPTIONS]")


@click.group(cls=Root, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def root() -> None:
    """Turn Sonatype Nexus Repository 3 into a pull-through cache of Chainguard's registry,
    and prove by a real pull that it works.

    Without a command the guide starts: cgwizard https://nexus.example.com
    """


for command in COMMANDS:
    root.add_command(command)
