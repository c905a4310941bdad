"""`cgwizard pull REF`: one pull as a test, with its proof, for users and for scripts."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cgwizard.commands.options import debug_log, registry_option
from cgwizard.commands.pull.options import SOURCES
from cgwizard.errors import ExitCode
from cgwizard.system import typed_ahead

if TYPE_CHECKING:
    from cgwizard.secrets.secret import Credentials

PASSWORD_LIMIT = 1 << 16  # bytes on standard input


@click.command()
@click.argument("reference", metavar="REF")
@click.option(
    "--engine",
    type=click.Choice(["auto", "builtin", "docker", "podman"]),
    default="builtin",
    show_default=True,
    help="Who pulls. The built-in puller keeps nothing; an engine keeps the image. "
    "auto: Docker or Podman where one answers.",
)
@click.option("--username", "-u", metavar="NAME", help="Sign in as NAME; asks for the password.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--plain-http", is_flag=True, help="The registry speaks HTTP without TLS.")
@click.option("--platform", metavar="OS/ARCH", help="Such as linux/arm64, or all (built-in).")
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object a line; the last is how it ended."
)
@click.option(
    "--output",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Keep the image in DIR as an OCI image layout.",
)
@click.option(
    "--verify-layers",
    is_flag=True,
    help="Unpack every layer on its way and check the digest of what is inside.",
)
@click.option(
    "--ca-file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Trust the authorities in FILE (PEM or DER) too.",
)
@click.option(
    "--verify-upstream",
    is_flag=True,
    help="Prove it: compare with cgr.dev, pull again, look for the signature.",
)
@click.option(
    "--upstream-token",
    metavar="SOURCE",
    default="",
    help="For private images in that proof: where your pull token for cgr.dev is, one of "
    f"{SOURCES} (mode 0600).",
)
@click.option(
    "--nexus",
    metavar="URL",
    default="",
    help="For that proof: Nexus's own address, such as https://nexus.example.com. "
    "It tells since when it keeps the image.",
)
@registry_option
@click.option("--upstream", metavar="URL", hidden=True)  # what --registry was called before
@debug_log
def pull(*, username: str | None, password_stdin: bool, as_json: bool, **options: Any) -> None:
    """Pull an image and check every byte of it.

    REF is HOST:PORT/NAME[:TAG], such as nexus.example.com:5051/chainguard/wolfi-base.
    """
    from cgwizard.commands.pull.options import PullOptions, check
    from cgwizard.commands.pull.work import run

    asked = PullOptions(**options)
    check(asked)
    credentials = _credentials(username, password_stdin=password_stdin)
    sys.exit(run(asked._replace(credentials=credentials), as_json=as_json))


def _credentials(username: str | None, *, password_stdin: bool) -> Credentials | None:
    from cgwizard.secrets.secret import Credentials, Secret

    if username is None:
        if password_stdin:
            raise click.UsageError("--password-stdin goes with --username")
        return None
    # As exceptions, these signals let the prompt switch the terminal's echo on again.
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    from cgwizard.text import decode

    try:
        password = _password(stdin=password_stdin)
        decode.parsed(f"{username}{password}".encode)
    except decode.Unreadable:
        raise click.UsageError("user name and password must be text in UTF-8") from None
    except (KeyboardInterrupt, click.Abort):
        sys.exit(ExitCode.CANCELLED)
    if not password:
        raise click.UsageError("the password is empty")
    return Credentials(username, Secret(password))


def _password(*, stdin: bool) -> str:
    if stdin:
        text = sys.stdin.buffer.read(PASSWORD_LIMIT + 1)
        if len(text) > PASSWORD_LIMIT:
            raise click.UsageError("standard input is too long to be a password")
        from cgwizard.text import decode

        # One line end is the shell's, not the password's. Docker removes it too.
        return decode.text(text).removesuffix("\n").removesuffix("\r")
    if not sys.stdin.isatty():
        raise click.UsageError("without a terminal the password comes by --password-stdin")
    typed_ahead.release()
    typed: str = click.prompt("Password", hide_input=True, err=True, default="", show_default=False)
    return typed
