"""Options that several commands have."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from cgwizard.system.typed_ahead import DUMB

F = TypeVar("F", bound=Callable[..., Any])


def plain_option(function: F) -> F:
    return click.option(
        "--plain", is_flag=True, help="Questions line by line: screen readers, plain terminals."
    )(function)


def registry_option(function: F) -> F:
    return click.option(
        "--registry",
        metavar="URL",
        default="",
        callback=_registry_url,
        help="Ask this registry from here, in place of cgr.dev: a mirror, for example. "
        "What Nexus asks stays its remote storage.",
    )(function)


def _registry_url(_ctx: click.Context, _option: click.Parameter, url: str) -> str:
    if url:
        from cgwizard.plan.model import Registry
        from cgwizard.text import decode

        try:
            decode.convert({"url": url}, Registry)
        except decode.Unreadable:
            # Not repeated: a URL may hold a password.
            raise click.UsageError(
                "--registry is a URL without a user, such as https://mirror.example.com"
            ) from None
    return url


def debug_log(function: F) -> F:
    return click.option(
        "--debug-log",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Write every HTTP exchange to FILE, secrets removed.",
        callback=_start_log,
        expose_value=False,
    )(function)


def _start_log(_ctx: click.Context, _option: click.Parameter, path: Path | None) -> None:
    if path is not None:
        from cgwizard.commands.common import problems_shown
        from cgwizard.logs import debug_log as debuglog

        with problems_shown():
            debuglog.start(path)


def runs_plain(asked: bool) -> bool:
    """Whether to use prompts instead of screens. Says so if the user did not ask for them."""
    term = os.environ.get("TERM", "")
    if not asked and term in DUMB:
        said = f"TERM is {term}" if term else "TERM is not set"
        click.echo(f"{said}, which cannot show screens: questions line by line (--plain).")
        return True
    return asked
