"""The command line: what was asked for, and as little imported as it needs."""

from __future__ import annotations

import errno
import gc
import os
import sys
import threading
from typing import TYPE_CHECKING

from cgwizard import __version__
from cgwizard.errors import Code

if TYPE_CHECKING:
    import click


def main() -> None:
    """The entry point of the installed command."""
    _open_streams()
    try:
        if sys.argv[1:] == ["--version"]:  # answered before anything is imported, even click
            print(f"cgwizard {__version__}")  # noqa: T201  (standard output is the answer)
        else:
            _run()
    except SystemExit:
        if _output_failed():
            sys.exit(1)
        raise
    except Exception as error:  # noqa: BLE001  (the last edge: a report instead of a traceback)
        if not _output_failed(isinstance(error, OSError)):
            _crashed(error)
        sys.exit(1)  # errors.ExitCode.FAILED, without an import that might be what failed
    if _output_failed():
        sys.exit(1)


def _open_streams() -> None:
    """A standard stream that was closed by who started this (Python: None) holds nothing, and
    what is written to it fails; errors, which nobody wants then, get lost."""
    streams = (("stdin", os.O_RDONLY), ("stdout", os.O_RDONLY), ("stderr", os.O_WRONLY))
    for number, (name, mode) in enumerate(streams):
        if getattr(sys, name) is not None:
            continue
        descriptor = os.open(os.devnull, mode)
        if descriptor != number:
            os.dup2(descriptor, number)
            os.close(descriptor)
        setattr(sys, name, os.fdopen(number, "w" if number else "r", encoding="utf-8"))


def _run() -> None:
    # What is made at the start is no garbage, and to look for some after every 700 objects, as
    # Python does, takes a tenth of the time until the first paint. What stays for long calls
    # `gc.enable` itself: the screens, the practice servers.
    gc.disable()
    from cgwizard.commands import root
    from cgwizard.text import ascii_fallback

    ascii_fallback.settle()
    threading.excepthook = _thread_crashed
    _leave_no_core()
    command: click.Command = root
    command.main(prog_name="cgwizard")


def _leave_no_core() -> None:
    """No memory on the disk, in which there are secrets, whatever ends the process."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _output_failed(try_it: bool = False) -> bool:
    """Whether standard output takes no more, which is told then. What could not be written is
    still in its buffer, so that it fails here again. ``try_it``: it may have no buffer
    (PYTHONUNBUFFERED), so write another line."""
    try:
        sys.stdout.write("\n" if try_it else "")
        sys.stdout.flush()
    except BrokenPipeError:
        return False  # who read it has enough
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes, too
        from cgwizard.errors import Problem

        problem = Problem(
            Code.STANDARD_OUTPUT_FAILED,
            tried="writing to standard output",
            came_back=error.strerror or str(error),
            cause="it is closed, or leads to a full disk or to a device that is gone",
            next_step="make room, or lead the output elsewhere",
        )
        print(problem, file=sys.stderr)  # noqa: T201
        return True
    except ValueError:  # it is closed
        return False
    return False


def _crashed(error: BaseException) -> None:
    from cgwizard.logs import crash_report

    print(crash_report.notice(error, crash_report.report(error)), file=sys.stderr)  # noqa: T201


def _thread_crashed(args: threading.ExceptHookArgs) -> None:
    if isinstance(args.exc_value, OSError) and args.exc_value.errno == errno.EIO:
        return  # the screens' writer, whose terminal is gone: a signal tells of it, too
    if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
        _crashed(args.exc_value)


if __name__ == "__main__":
    main()
