"""The entry point of the command line. It imports as little as the command needs."""

from __future__ import annotations

import errno
import gc
import os
import stat
import sys
import threading
from typing import TYPE_CHECKING

from cgwizard import __version__
from cgwizard.system import typed_ahead

if TYPE_CHECKING:
    import click


def main() -> None:
    """Run the installed command."""
    _open_streams()
    try:
        if sys.argv[1:] in (["--version"], ["version"]):  # before anything is imported, even click
            print(f"cgwizard {__version__}")  # noqa: T201  (standard output is the answer)
        else:
            typed_ahead.hold(sys.argv[1:])
            _run()
    except KeyboardInterrupt:
        sys.exit(130)  # errors.ExitCode.CANCELLED
    except SystemExit:
        if _output_failed():
            sys.exit(1)
        raise
    except Exception as error:  # noqa: BLE001  (a report instead of a traceback)
        if not _output_failed(isinstance(error, OSError)):
            _crashed(error)
        sys.exit(1)  # errors.ExitCode.FAILED, without an import that might be what failed
    finally:
        typed_ahead.release()
    if _output_failed():
        sys.exit(1)


def _open_streams() -> None:
    """Open the standard streams that the caller closed, which are None in Python: input is empty,
    writing to standard output fails, and standard error is discarded."""
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
    # Nothing made at the start is garbage, and Python's search for some after every 700 objects
    # takes a tenth of the time until the first paint. The screens and the practice servers, which
    # run for long, call `gc.enable`.
    gc.disable()
    from cgwizard.commands import root
    from cgwizard.text import ascii_fallback

    ascii_fallback.settle()
    threading.excepthook = _thread_crashed
    _leave_no_core()
    command: click.Command = root
    command.main(prog_name="cgwizard")


def _leave_no_core() -> None:
    """Write no core dump, because the memory holds secrets."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _output_failed(try_it: bool = False) -> bool:
    """Whether writing to standard output fails; if so, say it on standard error. Text that could
    not be written is still in the buffer, so flushing fails again. ``try_it``: there may be no
    buffer (PYTHONUNBUFFERED), so write another line."""
    try:
        sys.stdout.write("\n" if try_it else "")
        sys.stdout.flush()
    except BrokenPipeError:
        return False  # the reader has closed the pipe, as `head` does
    except OSError as error:
        gone = error.errno == errno.EIO and stat.S_ISCHR(os.fstat(sys.stdout.fileno()).st_mode)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes it at exit
        if gone:  # the terminal: the exit code is that of SIGHUP
            return False
        from cgwizard.errors import Code, WizardError
        from cgwizard.text.sanitize import printed_problem

        failure = WizardError(
            Code.STANDARD_OUTPUT_FAILED,
            tried="writing to standard output",
            came_back=error.strerror or str(error),
        )
        print(printed_problem(failure.problem), file=sys.stderr)  # noqa: T201
        return True
    except ValueError:  # it is closed
        return False
    return False


def _crashed(error: BaseException) -> None:
    from cgwizard.logs import crash_report

    print(crash_report.notice(error, crash_report.report(error)), file=sys.stderr)  # noqa: T201


def _thread_crashed(args: threading.ExceptHookArgs) -> None:
    if isinstance(args.exc_value, OSError) and args.exc_value.errno == errno.EIO:
        return  # the terminal is gone while the screens write: SIGHUP handles that
    if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
        _crashed(args.exc_value)


if __name__ == "__main__":
    main()
