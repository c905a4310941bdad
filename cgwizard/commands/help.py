"""`cgwizard help [COMMAND or CODE]`: about a command, or what an error's code means."""

from __future__ import annotations

import click


@click.command()
@click.argument("subject", required=False, default="", metavar="[COMMAND or CODE]")
@click.pass_context
def help(ctx: click.Context, subject: str) -> None:
    """Explain a command, or the code of an error."""
    from cgwizard.commands import root

    parent = ctx.parent or click.Context(root, info_name="cgwizard")
    if not subject:
        click.echo(root.get_help(parent))
        return
    command = root.get_command(parent, subject)
    if command is not None:
        click.echo(command.get_help(click.Context(command, parent, info_name=subject)))
        return
    click.echo(_about_code(subject))


def _about_code(word: str) -> str:
    """The code's section of docs/errors.md. Raises UsageError for what is no code."""
    from cgwizard.errors import Code

    if word not in set(Code):
        import difflib

        from cgwizard.commands import COMMANDS

        near = difflib.get_close_matches(word, (*COMMANDS, *Code), n=1)
        hint = f" Did you mean: cgwizard help {near[0]}" if near else ""
        raise click.UsageError(f"no command and no code {word!r}.{hint}")
    code = Code(word)
    return f"{code}\n\n{code.meaning}\nNext: {code.next_step}"
