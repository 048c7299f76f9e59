"""The program from start to exit code. Typer's own codes are not ours, so every exception ends here."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import typer

from tiermix import __version__, console
from tiermix.cli import app_for
from tiermix.cli.options import session
from tiermix.errors import ExitCode, TiermixError, UsageError


def main(args: Sequence[str] | None = None) -> int:
    """The whole program; returns the exit code."""
    arguments = list(sys.argv[1:] if args is None else args)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        _stand_somewhere()
        code = app_for(arguments)(args=arguments, prog_name="tiermix", standalone_mode=False)
        sys.stdout.flush()
        return int(code) if isinstance(code, int) else ExitCode.OK
    except TiermixError as fault:
        return _fail(fault, arguments)
    except BrokenPipeError:
        return _closed_pipe()
    except (KeyboardInterrupt, typer.Abort):
        return ExitCode.INTERRUPTED
    except SystemExit as stop:  # Typer turns a closed pipe into this
        return _closed_pipe() if stop.code == 1 else int(stop.code or 0)
    except Exception as error:
        if hasattr(error, "format_message"):
            if type(error).__name__ == "NoArgsIsHelpError":
                console.tell(str(error.format_message()))
            elif message := str(error.format_message()).strip():
                _fail(UsageError(" ".join(message.split()), hint="tiermix --help lists what there is"), arguments)
            return ExitCode.USAGE
        return _crash(error)


def run() -> NoReturn:
    """The process: runs the program and leaves at once.

    Tearing down the interpreter with its loaded libraries takes a sixth of a short command's time and does nothing for
    us: by now files are closed, and what was printed is flushed here.
    """
    _open_closed_streams()
    # Looking for garbage in cycles takes a tenth of a short command's time, most of it while modules are loaded.
    gc.set_threshold(200_000, 20, 20)
    # When numpy is loaded it starts a thread a core, which costs more than they could ever save with arrays like ours.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    code = main()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        code = ExitCode.PIPE
    os._exit(code)


def _stand_somewhere() -> None:
    try:
        os.getcwd()
    except OSError as error:
        raise UsageError(f"the current folder is not there: {error.strerror}", hint="change to another one") from error


def _open_closed_streams() -> None:
    """Lets streams that whoever started us has closed lead nowhere, lest a file gets their number and is written to."""
    while (handle := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(handle)
    sys.stdin = sys.stdin or os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8", closefd=False)


def _fail(fault: TiermixError, arguments: Sequence[str]) -> int:
    if "--json" in arguments or "json" in arguments:
        from tiermix.render import document

        console.say(document.dumps(document.error(fault)) + "\n")
    console.complain(fault)
    return fault.exit_code


def _closed_pipe() -> int:
    # Python would complain once more when it flushes stdout at its end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ExitCode.PIPE


def _crash(error: Exception) -> int:
    import tempfile
    import traceback

    if session.debug:
        traceback.print_exception(error)
        return ExitCode.BUG
    handle, path = tempfile.mkstemp(prefix="tiermix-crash-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as out:
        out.write(f"tiermix {__version__}, Python {sys.version}\n")
        traceback.print_exception(error, file=out)
    console.tell(f"tiermix: bug: {type(error).__name__}; details in {path} (--debug shows them)")
    return ExitCode.BUG
