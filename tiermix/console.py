"""The terminal: stdout for the answer, stderr for everything else, and what of it may be said."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tiermix.errors import ConfigError, TiermixError
from tiermix.render.safe import printable

_MIN_WIDTH, _MAX_WIDTH = 80, 120


@dataclass(frozen=True, slots=True)
class Output:
    """What may be printed, decided once.

    Attributes:
        quiet: nothing on stderr but errors.
        color: ANSI colour on stdout.
        progress: progress on stderr.
        width: columns to draw tables in.
    """

    quiet: bool = False
    color: bool = False
    progress: bool = False
    width: int = _MIN_WIDTH

    @classmethod
    def of_this_process(cls, quiet: bool) -> Output:
        """By terminal and environment; NO_COLOR and FORCE_COLOR hold."""
        terminal = sys.stdout.isatty()
        color = (terminal or bool(os.environ.get("FORCE_COLOR"))) and not os.environ.get("NO_COLOR")
        columns = shutil.get_terminal_size((_MIN_WIDTH, 24)).columns
        width = max(_MIN_WIDTH, min(columns, _MAX_WIDTH))
        return cls(quiet, color, sys.stderr.isatty() and not quiet, width)


def say(text: str) -> None:
    """Writes to stdout: the answer."""
    sys.stdout.write(text)


def tell(text: str) -> None:
    """Writes a line to stderr: everything but the answer."""
    sys.stderr.write(f"{text}\n")


def complain(fault: TiermixError) -> None:
    """Prints a fault: what, where, and how to fix it; every fault of a configuration."""
    listed = fault.faults if isinstance(fault, ConfigError) else (fault,)
    for f in listed:
        where = f"{printable(f.where, 300)}: " if f.where else ""
        tell(f"tiermix: error: {where}{printable(f.message, 500)}")
        if f.hint:
            tell(f"  fix: {printable(f.hint, 500)}")


@contextmanager
def progress(output: Output, doing: str = "reading") -> Iterator[Callable[[int, int, str], None]]:
    """A progress bar on stderr that leaves nothing behind; silent where stderr is no terminal."""
    if not output.progress:
        yield lambda done, total, label: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(doing, total=None)

        def report(done: int, total: int, label: str) -> None:
            bar.update(task, completed=done, total=total or None, description=f"{doing} {printable(label[-40:])}")

        yield report
