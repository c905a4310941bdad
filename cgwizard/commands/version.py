"""`cgwizard version`."""

from __future__ import annotations

import click

from cgwizard import __version__


@click.command()
def version() -> None:
    """Show the version."""
    click.echo(f"cgwizard {__version__}")
