"""The command line: what was asked for, and as little imported as it needs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from cgwizard import __version__

if TYPE_CHECKING:
    import click


def main() -> None:
    """The entry point of the installed command."""
    if sys.argv[1:] == ["--version"]:  # answered before anything is imported, even click
        print(f"cgwizard {__version__}")  # noqa: T201  (standard output is the answer)
        return
    from cgwizard.commands import root

    command: click.Command = root
    command.main(prog_name="cgwizard")


if __name__ == "__main__":
    main()
