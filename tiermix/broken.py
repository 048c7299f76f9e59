"""Bad lines: where they stand in their file, and how to get at the good ones around them.

Only files that hold a bad line come here; a clean file never passes through Python.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import IO

from tiermix.engine.duck import MAX_RECORD_BYTES
from tiermix.sources.detect import Sample, open_unpacked

EXCERPT_CHARS = 200
_BLOCK = 1 << 16
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that cannot be used: its number (from 1), byte offset in the unpacked file, reason and start.

    `excerpt` is cleaned of control characters and None under `[privacy]`; `digest` identifies the whole line.
    """

    line: int
    offset: int
    reason: str
    excerpt: str | None
    digest: str


@dataclass(slots=True)
class Scrubbed:
    """The good records of a file, written out again: how many, where each stood, and the lines that were bad."""

    kept: int = 0
    places: list[tuple[int, int]] = field(default_factory=list)
    bad: list[BadLine] = field(default_factory=list)
    damage: str = ""  # why the file could not be read to its end


def excerpt(raw: bytes) -> str:
    """The first characters of a line, harmless to print."""
    return _CONTROL.sub("·", raw[: EXCERPT_CHARS * 4].decode("utf-8", errors="replace"))[:EXCERPT_CHARS]


def _bad(line: int, offset: int, reason: str, raw: bytes, keep_excerpts: bool) -> BadLine:
    digest = hashlib.sha256(raw).hexdigest()[:32]
    return BadLine(line, offset, reason, excerpt(raw) if keep_excerpts else None, digest)


def _lines(stream: IO[bytes]) -> Iterator[tuple[int, int, bytes]]:
    """(line number, byte offset, content) of the lines that are not blank."""
    offset = 0
    for number, raw in enumerate(stream, start=1):
        if raw.strip():
            yield number, offset, raw.rstrip(b"\r\n")
        offset += len(raw)


def locate(path: Path, seen: Sample, bad: Sequence[tuple[int, str]], *, keep_excerpts: bool) -> list[BadLine]:
    """Finds bad records in their file.

    Args:
        path: the file.
        seen: how it is packed.
        bad: number of the record in the file (from 0) and reason, ascending.
        keep_excerpts: whether the start of the line may be kept.

    Returns:
        One entry a record. In a file that is not one record a line, `line` counts records and `offset` is 0.
    """
    if seen.container != "lines":
        name = hashlib.sha256(str(path).encode()).hexdigest()[:16]
        return [BadLine(n + 1, 0, reason, None, f"{name}:{n}") for n, reason in bad]
    out: list[BadLine] = []
    if not bad:
        return out
    reasons = dict(bad)
    with open_unpacked(path, seen.packing) as stream:
        for ordinal, number, offset, raw in _numbered(stream, [n for n, _ in bad]):
            reason = _why_no_json(raw) or reasons[ordinal]
            out.append(_bad(number, offset, reason, raw, keep_excerpts))
    return out


def _numbered(stream: IO[bytes], wanted: Sequence[int]) -> Iterator[tuple[int, int, int, bytes]]:
    """(record from 0, line number, byte offset, content) of the wanted records, ascending."""
    records = lines = offset = 0
    rest = iter(wanted)
    at = next(rest, None)
    for block in _blocks(stream):
        if at is None:
            return
        parts = block.split(b"\n")
        size = len(parts) - (not parts[-1])
        # Most of a large file is only counted: what sorts first tells whether a line may be blank.
        if at >= records + size and min(parts[:size])[:1] > b" ":
            records += size
        else:
            for number, place, raw in _lines(BytesIO(block)):
                if records == at:
                    yield at, lines + number, offset + place, raw
                    at = next(rest, None)
                records += 1
        lines, offset = lines + size, offset + len(block)


def _blocks(stream: IO[bytes]) -> Iterator[bytes]:
    """The stream in pieces that end where a line ends."""
    while block := stream.read(_BLOCK):
        yield block + stream.readline()


def obvious(path: Path, seen: Sample, *, keep_excerpts: bool) -> tuple[int, list[BadLine]]:
    """The number of lines of a file, and those of its bad ones that do not even begin and end like a JSON object.

    Cut and foreign lines are like that; this finds them without parsing any other.
    """
    total = lines = offset = 0
    out: list[BadLine] = []
    with open_unpacked(path, seen.packing) as stream:
        for block in _blocks(stream):
            parts = block.split(b"\n")
            size = len(parts) - (not parts[-1])
            total += size
            if odd := [n for n in range(size) if parts[n][-1:] != b"}" or parts[n][:1] != b"{"]:
                total -= sum(not parts[n].strip() for n in odd)
                out += _odd_lines(parts, odd, lines, offset, keep_excerpts)
            lines, offset = lines + size, offset + len(block)
    return total, out


def _odd_lines(
    parts: Sequence[bytes], odd: Sequence[int], lines: int, offset: int, keep_excerpts: bool
) -> Iterator[BadLine]:
    for n in odd:
        raw = parts[n].rstrip(b"\r")
        if raw.strip() and (why := _why_no_json(raw)):
            yield _bad(lines + n + 1, offset + sum(len(p) + 1 for p in parts[:n]), why, raw, keep_excerpts)


def _why_no_json(raw: bytes) -> str:
    """Why a line is no JSON object; empty when it is one."""
    if len(raw) > MAX_RECORD_BYTES:
        return f"the line is longer than {MAX_RECORD_BYTES >> 20} MiB"
    try:
        value = json.loads(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        return f"not UTF-8 at byte {error.start}"
    except RecursionError:
        return "nested too deep"
    except ValueError as error:
        return f"not JSON: {str(error)[:100]}"
    return "" if isinstance(value, dict) else "not a JSON object"


def scrub(path: Path, seen: Sample, clean: Path, *, keep_excerpts: bool) -> Scrubbed:
    """Copies the good records of a file to `clean`, one a line, when the fast path could not read the file."""
    found = Scrubbed()
    with clean.open("wb") as out:
        try:
            with open_unpacked(path, seen.packing) as stream:
                if seen.container == "lines":
                    _scrub_lines(stream, out, found, keep_excerpts)
                else:
                    _scrub_values(stream, out, found, keep_excerpts)
        except (EOFError, gzip.BadGzipFile, zlib.error, OSError) as error:
            found.damage = f"the file ends early or is damaged: {error}"
    return found


def _scrub_lines(stream: IO[bytes], out: IO[bytes], found: Scrubbed, keep_excerpts: bool) -> None:
    for number, offset, raw in _lines(stream):
        if why := _why_no_json(raw):
            found.bad.append(_bad(number, offset, why, raw, keep_excerpts))
        else:
            _keep(out, found, raw, number, offset)


def _keep(out: IO[bytes], found: Scrubbed, raw: bytes, number: int, offset: int) -> None:
    out.write(raw + b"\n")
    found.places.append((number, offset))
    found.kept += 1


def _scrub_values(stream: IO[bytes], out: IO[bytes], found: Scrubbed, keep_excerpts: bool) -> None:
    """JSON values and arrays of them, one after the other; what follows the first fault cannot be told apart."""
    text = stream.read().decode("utf-8", errors="replace").lstrip("\ufeff")
    decoder = json.JSONDecoder()
    at = number = 0
    while True:
        while at < len(text) and text[at] in " \t\r\n,[]":
            at += 1
        if at >= len(text):
            return
        number += 1
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            rest = text[at:].encode()
            found.bad.append(_bad(number, 0, f"not JSON: {str(error)[:100]}", rest, keep_excerpts))
            return
        if isinstance(value, dict):
            _keep(out, found, json.dumps(value).encode(), number, 0)
        else:
            found.bad.append(_bad(number, 0, "not a JSON object", text[at:end].encode(), keep_excerpts))
        at = end
