"""The command line: what was asked for, and as little imported as it needs."""

from __future__ import annotations

import errno
import gc
import sys
import threading
from typing import TYPE_CHECKING

from cgwizard import __version__

if TYPE_CHECKING:
    import click


def main() -> None:
    """The entry point of the installed command."""
    if sys.argv[1:] == ["--version"]:  # answered before anything is imported, even click
        print(f"cgwizard {__version__}")  # noqa: T201  (standard output is the answer)
        return
    # What is made at the start is no garbage, and to look for some after every 700 objects, as
    # Python does, takes a tenth of the time until the first paint. What stays for long calls
    # `gc.enable` itself: the screens, the practice servers.
    gc.disable()
    from cgwizard import glyphs
    from cgwizard.commands import root

    glyphs.settle()
    threading.excepthook = _thread_crashed
    command: click.Command = root
    try:
        command.main(prog_name="cgwizard")
    except Exception as error:  # noqa: BLE001  (the last edge: a report instead of a traceback)
        _crashed(error)
        sys.exit(1)  # errors.ExitCode.FAILED, without an import that might be what failed


def _crashed(error: BaseException) -> None:
    from cgwizard import crash

    print(crash.told(error, crash.report(error)), file=sys.stderr)  # noqa: T201


def _thread_crashed(args: threading.ExceptHookArgs) -> None:
    if isinstance(args.exc_value, OSError) and args.exc_value.errno == errno.EIO:
        return  # the screens' writer, whose terminal is gone: a signal tells of it, too
    if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
        _crashed(args.exc_value)


if __name__ == "__main__":
    main()
