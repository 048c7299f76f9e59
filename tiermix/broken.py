"""Bad records: where they stand in their file, why they are bad, and how to get at the good ones around them.

Only files that hold a bad record, or that DuckDB cannot read as they are, come here; a clean file never passes through
Python.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, tee
from pathlib import Path
from typing import BinaryIO

from tiermix.errors import UnreadableFile
from tiermix.sources import Dialect, Sample
from tiermix.sources.drivers import unpacked
from tiermix.sources.envelope import opened
from tiermix.sources.jsonscan import Broken, members
from tiermix.sources.packing import blocks, ends
from tiermix.sources.parquet import BYTES
from tiermix.sources.records import KEPT, Record, lines, not_json, picked_lines, recoded, values
from tiermix.sources.rows import rows

EXCERPT_CHARS = 200
# What a record says of itself when nothing of it could be read: whatever is known better is better.
UNKNOWN = "not a JSON object with the fields of this source"
_NO_TEXT = "a text in it is not UTF-8"
# A record above this is cut down to the fields that are read before DuckDB sees it, which takes many times its memory.
_LARGE = 4 << 20
_PART = 256 << 20
_TAIL = 4096
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
# Stands for a record that DuckDB is not to see, so that the others keep their numbers.
_STUB = b"0"


@dataclass(frozen=True, slots=True)
class BadLine:
    """A record that cannot be used: its line (from 1), byte offset in the unpacked file, reason and start.

    In a file that is not one record a line, `line` counts records, and in Parquet nothing else is known of one; in a
    file that is not UTF-8 the offset is that in its translation. `excerpt` is cleaned of control characters and None
    under `[privacy]`; `digest` identifies the record.
    """

    line: int
    offset: int
    reason: str
    excerpt: str | None
    digest: str


@dataclass(slots=True)
class Part:
    """A piece of a log, rewritten as one record a line: how many there are, and how long the longest is."""

    path: Path
    records: int = 0
    longest: int = 0

    def add(self, line: bytes, out: BinaryIO) -> int:
        """Writes one more record into the open file; how many bytes that were."""
        self.records, self.longest = self.records + 1, max(self.longest, len(line))
        return out.write(line) + out.write(b"\n")

    def extend(self, lines: Sequence[bytes], out: BinaryIO) -> None:
        """Writes some more, none of which has a line break, into the open file."""
        if lines:
            self.records, self.longest = self.records + len(lines), max(self.longest, *map(len, lines))
            out.write(b"\n".join(lines) + b"\n")


def excerpt(raw: bytes) -> str:
    """The first characters of a record, harmless to print."""
    return _CONTROL.sub("·", raw[: EXCERPT_CHARS * 4].decode("utf-8", errors="replace"))[:EXCERPT_CHARS]


def read(path: Path, seen: Sample, dialect: Dialect) -> Iterator[Record]:
    """The records of a file, however they stand in it.

    Raises:
        UnreadableFile: the file is damaged; every record before was given.
    """
    text = recoded(blocks(path, seen.packing), seen.encoding)
    if seen.text is not None:
        return unpacked(lines(text) if seen.container == "lines" else values(opened(text, seen.inside)), seen.text)
    if seen.container == "lines":
        return lines(text)
    if seen.container == "csv":
        nested = [c for c, t in dialect.columns.items() if t != "VARCHAR"]
        return rows(text, seen.delimiter, nested, above=seen.above)
    return values(opened(text, seen.inside), dialect.keys)


def parts(path: Path, seen: Sample, dialect: Dialect, part: Path) -> Iterator[Part]:
    """Rewrites a file as lines that DuckDB can read, so much of it at a time that the copy stays small.

    Every record has its line in the copy, the bad ones too. The same file `part` is written again for every piece.

    Raises:
        UnreadableFile: the file is damaged; every piece before was given, with all records up to the damage.
    """
    records = _until_damage(read(path, seen, dialect))
    for first in records:
        if isinstance(first, UnreadableFile):
            raise first
        made, damage, size = Part(part), None, 0
        with part.open("wb") as out:
            for record in chain((first,), records):
                if isinstance(record, UnreadableFile):
                    damage = record
                    break
                size += made.add(_one_line(record, dialect), out)
                if size > _PART:
                    break
        yield made
        if damage:
            raise damage


def _until_damage(records: Iterator[Record]) -> Iterator[Record | UnreadableFile]:
    try:
        yield from records
    except UnreadableFile as damage:
        yield damage


def _one_line(record: Record, dialect: Dialect) -> bytes:
    if record.fault:
        return _STUB
    data = record.data.replace(b"\n", b" ")
    if len(data) <= _LARGE:
        return data
    try:
        return _needed(data, dialect)
    except Broken:
        return _STUB


def _needed(data: bytes, dialect: Dialect) -> bytes:
    """The object with no other members than those the dialect reads.

    Raises:
        Broken: it is no JSON object.
    """
    start = len(data) - len(data.lstrip())
    if data[start : start + 1] != b"{":
        return _STUB
    wanted = {json.dumps(c).encode() for c in dialect.columns}
    kept = []
    for key, at, end in members(data, start):
        if key in wanted:
            kept.append(key + b":" + data[at:end])
    if data[end:].strip():
        raise Broken(end, cut=False)
    return b"{" + b",".join(kept) + b"}"


def locate(
    path: Path, seen: Sample, bad: Iterable[tuple[int, str]], *, dialect: Dialect | None = None, keep_excerpts: bool
) -> Iterator[BadLine]:
    """Finds bad records in their file, while they are taken.

    Args:
        path: the file.
        seen: how its records stand in it.
        bad: number of the record in the file (from 0) and reason, ascending.
        dialect: how they were read; not needed where every line is a record.
        keep_excerpts: whether the start of the record may be kept.
    """
    if seen.container == "parquet":
        no_text = any(kind == BYTES for _, kind in seen.types)
        yield from _rows_of_parquet(path, ((nth, _NO_TEXT if no_text and r == UNKNOWN else r) for nth, r in bad))
        return
    one, two = tee(bad)  # what finds them is ahead of what names them by one
    found = _found(path, seen, dialect, (nth for nth, _ in one))
    for nth, reason in two:
        record = next(found, None)
        if record is None or isinstance(record, UnreadableFile):  # the file has changed since, or been damaged
            name = hashlib.sha256(str(path).encode()).hexdigest()[:16]
            yield BadLine(nth + 1, 0, reason, None, f"{name}:{nth}")
            continue
        yield _named(record, reason, keep_excerpts)


def _rows_of_parquet(path: Path, bad: Iterable[tuple[int, str]]) -> Iterator[BadLine]:
    """Bad rows by their number alone: in the bytes of such a file there is neither a line nor a text to show."""
    try:
        known_by = ends(path)
    except OSError:  # it is gone since
        known_by = os.fsencode(path)
    file = hashlib.sha256(known_by).hexdigest()[:16]
    for nth, reason in bad:
        yield BadLine(nth + 1, 0, reason, None, f"{file}:{nth}")


def named(records: Iterable[tuple[Record, str]], *, keep_excerpts: bool) -> Iterator[BadLine]:
    """Bad records with the reason of each, as the quarantine keeps them."""
    return (_named(record, reason, keep_excerpts) for record, reason in records)


def _named(record: Record, reason: str, keep_excerpts: bool) -> BadLine:
    why = record.fault or (reason if reason != UNKNOWN else _why_no_json(record.data) or reason)
    return _bad(record, why, keep_excerpts)


def _found(
    path: Path, seen: Sample, dialect: Dialect | None, wanted: Iterator[int]
) -> Iterator[Record | UnreadableFile]:
    if dialect is None or (seen.container == "lines" and seen.text is None):
        return _until_damage(picked_lines(recoded(blocks(path, seen.packing), seen.encoding), wanted))
    return _until_damage(_picked(read(path, seen, dialect), wanted))


def _picked(records: Iterator[Record], wanted: Iterator[int]) -> Iterator[Record]:
    at = 0
    for nth in wanted:
        for record in records:
            at += 1
            if at > nth:
                yield record
                break


def cut_off(path: Path, seen: Sample) -> bool:
    """Whether the last line of a file, one record a line, ends without a brace: most logs that are broken break there.

    Always false of a packed file, which would have to be unpacked for it.
    """
    if seen.packing != "none":
        return False
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
            return not file.read(_TAIL).rstrip().endswith(b"}")
    except OSError:
        return False  # whoever reads all of it will say what is wrong


def _bad(record: Record, reason: str, keep_excerpts: bool) -> BadLine:
    raw = record.data.rstrip(b"\r\n")
    digest = hashlib.sha256(raw[:KEPT] + (b"" if record.size <= KEPT else b"%d" % record.size)).hexdigest()[:32]
    return BadLine(record.line, record.offset, reason, excerpt(raw) if keep_excerpts else None, digest)


def _why_no_json(raw: bytes) -> str:
    """Why a line is no JSON object; empty when it is one."""
    if len(raw) > _LARGE:
        return _why_not_walked(raw)
    try:
        text = raw.decode("utf-8")
        value = json.loads(text)
    except UnicodeDecodeError as error:
        return f"not UTF-8 at byte {error.start}"
    except RecursionError:
        return _why_not_walked(raw)
    except json.JSONDecodeError as error:
        return _why_not_parsed(raw, error)
    except ValueError:  # a number with more digits than Python builds
        return _why_not_walked(raw)
    if not isinstance(value, dict):
        return "not a JSON object"
    if (half := _SURROGATE.search(text)) is None or not _has_half(value):
        return ""
    return f"not Unicode at byte {_bytes(text, half.start())}: half of a surrogate pair"


def _why_not_parsed(raw: bytes, error: json.JSONDecodeError) -> str:
    """Says first that a record is cut off, which is the usual fault, and of any other where it shows.

    The place is written as everywhere (`at byte`), so that lines with the same fault can be counted together.
    """
    cut = not_json(Broken(0, cut=True))
    if _why_not_walked(raw) == cut:
        return cut
    why = error.msg.partition(" (")[0]  # what follows is advice to a programmer
    return f"not JSON at byte {_bytes(error.doc, error.pos)}: {why}"


def _bytes(text: str, chars: int) -> int:
    return len(text[:chars].encode())


def _has_half(value: object) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _why_not_walked(raw: bytes) -> str:
    """The same of a line that is too large or too deep to be built."""
    start = len(raw) - len(raw.lstrip())
    if raw[start : start + 1] != b"{":
        return "not a JSON object"
    try:
        *_, (_, _, end) = members(raw, start)
    except Broken as fault:
        return not_json(fault)
    return not_json(Broken(end, cut=False)) if raw[end:].strip() else ""
