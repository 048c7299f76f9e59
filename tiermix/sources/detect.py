"""Looks at the head of a log file: how it is packed, what its records look like, and whose dialect that is."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import IO, Literal, cast

from tiermix.config.settings import Source
from tiermix.errors import UnknownSource, UnreadableFile, UsageError
from tiermix.sources.catalog import Dialect, dialects, mapped

Container = Literal["lines", "arrays", "array", "values", "csv", "parquet", "empty"]
Packing = Literal["none", "gzip", "zstd"]

HEAD_BYTES = 1 << 20
_LONG_HEAD_BYTES = 32 << 20
_BLOCK = 1 << 14
_SAMPLE_RECORDS = 50
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """What the head of a file shows.

    Attributes:
        container: one JSON object a line (`lines`), one array of objects a line (`arrays`), one array (`array`), other
            JSON values one after the other (`values`), `csv` with a header, `parquet`, or `empty`.
        packing: the compression, found from the first bytes and not from the name.
        keys: the top-level keys of each of the first records.
        encoding: `utf-8`, or what a byte order mark says.
    """

    container: Container
    packing: Packing
    keys: tuple[frozenset[str], ...]
    encoding: str = "utf-8"


def sample(path: Path) -> Sample:
    """Reads the head of a file.

    Raises:
        UnreadableFile: it cannot be opened or decompressed.
    """
    try:
        with path.open("rb") as raw:
            magic = raw.read(10)
        if magic[:4] == b"PAR1":
            return Sample("parquet", "none", ())
        packing: Packing = (
            "gzip" if magic[:2] == b"\x1f\x8b" else "zstd" if magic[:4] == b"\x28\xb5\x2f\xfd" else "none"
        )
        if magic[:3] == b"BZh" and magic[4:] == b"1AY&SY":
            raise UnreadableFile("bzip2 is not supported", where=str(path), hint="unpack it, or pack it as .gz or .zst")
        with open_unpacked(path, packing) as stream:
            head = _read_head(stream, HEAD_BYTES)
            if len(head) >= HEAD_BYTES and not any(_look(_decoded(head))[1]):
                head += _read_head(stream, _LONG_HEAD_BYTES - len(head))  # the first record may be a long one
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableFile(f"cannot read the file: {error}", where=str(path)) from error
    container, keys = _look(_decoded(head))
    return Sample(container, packing, keys, _encoding(head))


def _encoding(head: bytes) -> str:
    return next((name for mark, name in _MARKS if head.startswith(mark)), "utf-8")


def _decoded(head: bytes) -> str:
    return head.decode(_encoding(head), errors="replace")


def open_unpacked(path: Path, packing: Packing) -> IO[bytes]:
    """The bytes of the log, decompressed."""
    if packing == "gzip":
        return cast(IO[bytes], gzip.open(path, "rb"))
    if packing == "zstd":
        import zstandard

        return io.BufferedReader(zstandard.open(path, "rb"))
    return path.open("rb")


def _read_head(stream: IO[bytes], limit: int) -> bytes:
    """The first bytes; a file that ends early or is damaged further on still shows what stands before."""
    out = b""
    try:
        while len(out) < limit and (block := stream.read1(_BLOCK)):  # type: ignore[attr-defined]
            out += block
    except (EOFError, OSError, zlib.error):
        if not out:
            raise
    return out


def _look(text: str) -> tuple[Container, tuple[frozenset[str], ...]]:
    stripped = text.lstrip("\ufeff").lstrip()
    if not stripped:
        return "empty", ()
    lines = [x for x in stripped.splitlines() if x.strip()]
    parsed = [_parse(x) for x in lines[:_SAMPLE_RECORDS]]
    objects = [x for x in parsed if isinstance(x, dict)]
    arrays = [x for x in parsed if isinstance(x, list)]
    if arrays and len(arrays) > len(objects):
        # One long line is read element by element, many lines line by line.
        one = len(lines) == 1
        return ("array" if one else "arrays"), _keys(x for a in arrays for x in a)
    if stripped.startswith("[") and len(objects) <= 1:  # elements on lines of their own: only the last has no comma
        return "array", _keys(_values(stripped))
    if objects or not stripped.startswith(("[", "{")):
        if not objects and (header := _csv_header(lines)):
            return "csv", (header,)
        return "lines", _keys(objects)
    return ("array" if stripped.startswith("[") else "values"), _keys(_values(stripped))


def _csv_header(lines: Sequence[str]) -> frozenset[str]:
    """The column names of a CSV file; empty when it does not look like one."""
    try:
        rows = list(csv.reader(lines[:5], strict=True))
    except csv.Error:
        return frozenset()
    header = [c.strip() for c in rows[0]]
    alike = len(header) > 1 and len(set(header)) == len(header) and all(header) and len(rows) > 1
    return frozenset(header) if alike and all(len(r) == len(header) for r in rows[1:-1]) else frozenset()


def _parse(line: str) -> object:
    try:
        return cast(object, json.loads(line))
    except (ValueError, RecursionError):
        return None  # one broken line says nothing about the file; ingest itself accounts for it


def _values(text: str) -> Iterable[object]:
    """The complete JSON values at the start of a text that may be cut off; those of an outer array one by one."""
    decoder = json.JSONDecoder()
    at = 1 if text.startswith("[") else 0
    for _ in range(_SAMPLE_RECORDS):
        while at < len(text) and text[at] in " \t\r\n,":
            at += 1
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return
        yield value


def _keys(records: Iterable[object]) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(r) for r in records if isinstance(r, dict))


def detect(path: Path, seen: Sample, sources: Iterable[Source], forced: str = "") -> Dialect:
    """The dialect of a file: the one asked for, the one whose `match` fits the name, else the one most records fit.

    Raises:
        UsageError: there is no source of the forced name.
        UnknownSource: none fits.
    """
    by_name: Mapping[str, Source] = {s.name: s for s in sources}
    known = frozenset().union(*seen.keys)
    if forced:
        if forced in by_name:
            return mapped(by_name[forced], known)
        if forced in dialects():
            return usable(dialects()[forced], path)
        names = ", ".join((*dialects(), *by_name))
        raise UsageError(f"there is no source {forced!r}", hint=f"known: {names}")
    for source in by_name.values():
        if source.match and (fnmatch(str(path), source.match) or fnmatch(str(path), f"*/{source.match}")):
            return mapped(source, known)
    # What the team describes itself comes before what we ship.
    for candidates in ([mapped(s, known) for s in by_name.values() if not s.match], list(dialects().values())):
        votes: Counter[str] = Counter()
        for keys in seen.keys:
            best = max(candidates, key=lambda d: d.claims(keys), default=None)
            if best is not None and best.claims(keys):
                votes[best.name] += 1
        if votes:
            winner = votes.most_common(1)[0][0]
            return usable(next(d for d in candidates if d.name == winner), path)
    if not known:
        raise UnreadableFile("there is no JSON object to be found in it", where=str(path))
    fields = ", ".join(sorted(known)[:12])
    raise UnknownSource(
        "no known source writes such records",
        where=str(path),
        hint=f"its fields are: {fields}. Describe them under [source.NAME.fields] in tiermix.toml, or name a source "
        f"with --source ({', '.join(dialects())})",
    )


def usable(dialect: Dialect, path: Path) -> Dialect:
    """The dialect itself.

    Raises:
        UnknownSource: logs of this kind cannot be used; with the reason.
    """
    if dialect.refuse:
        raise UnknownSource(f"{dialect.title} cannot be used: {dialect.refuse}", where=str(path))
    return dialect
