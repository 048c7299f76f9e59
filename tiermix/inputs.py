"""Finds the log files that the command line names: files, folders, patterns, pipes and standard input."""

from __future__ import annotations

import glob
import os
import select
import shutil
import stat
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tiermix.errors import NoInput, UnreadableFile, UsageError
from tiermix.files import scratch, sweep

LOG_SUFFIXES = (".jsonl", ".ndjson", ".json", ".parquet")
_PACKED = (".gz", ".zst")
# How long a named pipe may have nobody who writes to it.
_WRITER_WITHIN = 5.0


def is_log(path: Path) -> bool:
    """Whether a file in a folder counts as a log, by its name."""
    name = path.name.lower()
    for packed in _PACKED:
        name = name.removesuffix(packed)
    return name.endswith(LOG_SUFFIXES) and not path.name.startswith(".")


@dataclass(frozen=True, slots=True)
class Found:
    """Log files in a stable order, each once.

    Attributes:
        paths: all of them.
        named: those that the user named one by one. Of the others, found in a folder, not all need to be logs.
        labels: what to call a file that is not known by its path.
    """

    paths: tuple[Path, ...]
    named: frozenset[Path] = frozenset()
    labels: Mapping[Path, str] = field(default_factory=dict)


def find(words: Sequence[str]) -> Found:
    """The files behind the words.

    A folder stands for the logs below it; a word that names no file is a pattern (`**` crosses folders).

    Raises:
        NoInput: a word matches nothing.
    """
    found: dict[Path, bool] = {}
    for word in words:
        path = Path(word)
        matches = _matches(word, path)
        if not matches:
            raise NoInput(
                f"no log file matches {word!r}",
                where=str(Path.cwd()),
                hint=f"a folder is searched for {', '.join(LOG_SUFFIXES)}, also packed as .gz or .zst",
            )
        for match in matches:
            found.setdefault(Path(os.path.abspath(match)), match == path)
    return Found(tuple(found), frozenset(p for p, named in found.items() if named))


def _matches(word: str, path: Path) -> list[Path]:
    if os.path.isdir(word):
        return sorted(p for p in _below(path) if is_log(p))
    if os.path.lexists(word):
        return [path]
    return [p for hit in _hits(path) for p in (sorted(filter(is_log, _below(hit))) if hit.is_dir() else [hit])]


def _hits(pattern: Path) -> list[Path]:
    """What a pattern matches; `**` follows no link, as a folder that is searched, and finds no name with a dot."""
    if "**" not in pattern.parts:
        return [Path(x) for x in sorted(glob.glob(str(pattern)))]
    deep = pattern.parts.index("**")
    below = str(Path(*pattern.parts[deep:]))
    hits = {
        hit
        for base in map(Path, glob.glob(str(Path(*pattern.parts[:deep]))))
        for hit in base.glob(below)
        if not any(part.startswith(".") for part in hit.relative_to(base).parts)
    }
    return sorted(hits)


def _below(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):  # does not follow links: no loops
        folders.sort()
        yield from (Path(root) / name for name in files)


@contextmanager
def with_stdin(words: Sequence[str]) -> Iterator[Found]:
    """The files behind the words. `-` is standard input; that and pipes are spooled to files that go away at the end.

    Raises:
        UsageError: standard input is a terminal.
        NoInput: a word matches nothing.
        UnreadableFile: nobody writes to a pipe.
    """
    sweep()
    piped = [w for w in dict.fromkeys(words) if w == "-" or _is_pipe(w)]
    if "-" in piped and sys.stdin.isatty():
        raise UsageError("standard input is a terminal", hint="pipe a log into it: zcat app.log.gz | tiermix ingest -")
    with scratch() as folder:
        spooled = {folder / f"stdin{n}": word for n, word in enumerate(piped)}
        for spool, word in spooled.items():
            _spool(word, spool)
        rest = find([w for w in words if w not in piped])
        aliases = _aliases(rest.paths, folder)
        paths = tuple(aliases.get(p, p) for p in rest.paths)
        labels = spooled | {alias: os.fsencode(p).decode("utf-8", "backslashreplace") for p, alias in aliases.items()}
        named = frozenset(aliases.get(p, p) for p in rest.named)
        yield Found((*paths, *spooled), named | spooled.keys(), labels)


def _aliases(paths: Sequence[Path], folder: Path) -> dict[Path, Path]:
    """Links with names that are text, to files whose names are none: DuckDB takes only text."""
    out = {}
    for n, path in enumerate(paths):
        if any("\udc80" <= c <= "\udcff" for c in str(path)):
            out[path] = folder / f"name{n}"
            out[path].symlink_to(path)
    return out


def _is_pipe(word: str) -> bool:
    try:
        return stat.S_ISFIFO(os.stat(word).st_mode)
    except (OSError, ValueError):
        return False


def _spool(word: str, spool: Path) -> None:
    try:
        with spool.open("wb") as out:
            if word == "-":
                shutil.copyfileobj(sys.stdin.buffer, out, 1 << 20)
            else:
                _drain(word, out)
    except OSError as error:
        raise UnreadableFile(f"cannot keep what comes through it: {error}", where=word) from error


def _drain(pipe: str, out: IO[bytes]) -> None:
    """Copies all that comes through a named pipe.

    Raises:
        UnreadableFile: nobody writes to it.
    """
    handle = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)  # opening would else wait for somebody who writes
    try:
        deadline, begun = time.monotonic() + _WRITER_WITHIN, False
        while True:
            try:
                block = os.read(handle, 1 << 20)
            except BlockingIOError:  # somebody has opened it and not written yet
                begun = True
                select.select([handle], [], [])
                continue
            if not block and (begun or time.monotonic() >= deadline):
                break
            begun = begun or bool(block)
            out.write(block)
            if not block:
                time.sleep(0.05)
        if not begun:
            raise UnreadableFile("it is a pipe to which nobody writes", where=pipe, hint="start its writer first")
    finally:
        os.close(handle)
