"""Finds the log files that the command line names: files, folders, patterns and standard input."""

from __future__ import annotations

import glob
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tiermix.errors import NoInput, UnreadableFile, UsageError

LOG_SUFFIXES = (".jsonl", ".ndjson", ".json", ".parquet")
_PACKED = (".gz", ".zst")


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
        if path.is_dir():
            matches = sorted(p for p in _below(path) if is_log(p))
        elif path.exists():
            matches = [path]
        else:
            hits = (Path(x) for x in sorted(glob.glob(word, recursive=True)))
            matches = [p for hit in hits for p in (sorted(filter(is_log, _below(hit))) if hit.is_dir() else [hit])]
        if not matches:
            raise NoInput(
                f"no log file matches {word!r}",
                where=str(Path.cwd()),
                hint=f"a folder is searched for {', '.join(LOG_SUFFIXES)}, also packed as .gz or .zst",
            )
        for match in matches:
            found.setdefault(Path(os.path.abspath(match)), match == path)
    return Found(tuple(found), frozenset(p for p, named in found.items() if named))


def _below(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):  # does not follow links: no loops
        folders.sort()
        yield from (Path(root) / name for name in files)


@contextmanager
def with_stdin(words: Sequence[str]) -> Iterator[Found]:
    """The files behind the words, `-` being standard input, spooled to a file that goes away at the end.

    Raises:
        UsageError: standard input is a terminal.
        NoInput: a word matches nothing.
    """
    if "-" not in words:
        yield find(words)
        return
    if sys.stdin.isatty():
        raise UsageError("standard input is a terminal", hint="pipe a log into it: zcat app.log.gz | tiermix ingest -")
    with tempfile.TemporaryDirectory(prefix="tiermix-") as folder:
        spool = Path(folder) / "stdin"
        try:
            with spool.open("wb") as out:
                shutil.copyfileobj(sys.stdin.buffer, out, 1 << 20)
        except OSError as error:
            raise UnreadableFile(f"cannot keep standard input: {error}", where=folder) from error
        rest = find([w for w in words if w != "-"])
        yield Found((*rest.paths, spool), rest.named | {spool}, {spool: "-"})
