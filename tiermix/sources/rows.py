"""The rows of a CSV file, one after the other, whatever stands around them; their faults are as in `records`."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from itertools import islice

from tiermix.sources import jsonscan
from tiermix.sources.records import KEPT, MAX_RECORD, TOO_LONG, Record

# A quoted field may span this many lines.
_ROW_LINES = 5000
# Why a line that is no row is none. What tells a spreadsheet the delimiter is no record, either, but not bad.
ABOVE = "it stands above the header"
_TELLS_DELIMITER = b"sep="
# What is left of a quoted field that began in a line before.
_REST = re.compile(r'(?:[^"]|"")*+" *')


def rows(blocks: Iterable[bytes], delimiter: str, nested: Collection[str] = (), *, above: int = 0) -> Iterator[Record]:
    """The rows of a CSV file below its header, each as a JSON object of texts; an empty field is null.

    Args:
        blocks: the text.
        delimiter: what stands between two fields.
        nested: columns in which a text that is JSON stands for what it says.
        above: how many lines stand above the header. Each that says something is a bad record.
    """
    csv.field_size_limit(MAX_RECORD)
    lines = _PhysicalLines(blocks)
    for _ in islice(lines, above):
        line, offset, raw, size = lines.taken()
        if raw.strip() and not raw.lstrip().startswith(_TELLS_DELIMITER):
            yield Record(line, offset, raw[:KEPT], size, ABOVE)
    header: list[str] = []
    while (row := _row(lines, delimiter)) is not None:
        fields, fault = row
        if not header:
            # A name that is no text names no field that is read, and must not make its rows bad.
            header = [f.strip().encode("utf-8", "surrogateescape").decode("utf-8", "replace") for f in fields]
            lines.taken()
            continue
        if len(fields) == len(header) + 1 and not fields[-1]:
            del fields[-1]  # a delimiter at the end of a row says nothing; DuckDB reads a file of such rows, too
        if not fault and len(fields) != len(header):
            fault = f"the row has {len(fields)} fields and the header {len(header)}"
        elif not fault and not any(fields):
            fault = "the row has only empty fields"
        if fault and len(lines.open) > 1:
            lines.keep_first()  # a stray quote has swallowed the lines behind it
        line, offset, raw, size = lines.taken()
        if not fault and any("\udc80" <= c <= "\udcff" for f in fields for c in f):
            fault = _not_utf8(raw)
        if fault:
            yield Record(line, offset, raw[:KEPT], size, fault)
        else:
            data = _object(header, fields, nested)
            yield Record(line, offset, data, len(data))


def header_of(blocks: Iterable[bytes], delimiter: str, above: int = 0) -> list[str]:
    """The names of the columns, which stand below so many lines; empty when there is no row."""
    lines = _PhysicalLines(blocks)
    for _ in islice(lines, above):
        lines.taken()
    row = _row(lines, delimiter)
    return [] if row is None or row[1] else [f.strip() for f in row[0]]


def _not_utf8(raw: bytes) -> str:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return f"not UTF-8 at byte {error.start}"
    return ""


def _object(header: list[str], fields: list[str], nested: Collection[str]) -> bytes:
    members = []
    for name, text in zip(header, fields, strict=True):
        if not name or not text:
            continue
        value = text if name in nested and _is_json(text) else json.dumps(text)
        members.append(f"{json.dumps(name)}: {value}")
    return ("{" + ", ".join(members) + "}").encode()


def _is_json(text: str) -> bool:
    data = text.strip().encode()
    try:
        return data[:1] in (b"{", b"[") and b"\n" not in data and jsonscan.value_end(data, 0) == len(data)
    except jsonscan.Broken:
        return False


def _row(lines: _PhysicalLines, delimiter: str) -> tuple[list[str], str] | None:
    """The fields of the next row that is not blank, or why it has none; None at the end."""
    while True:
        reader = csv.reader(_unpadded(lines, delimiter), delimiter=delimiter, strict=True)
        try:
            fields = next(reader)
        except StopIteration:
            return None
        except csv.Error as error:
            return [], TOO_LONG if str(error) == TOO_LONG else f"not CSV: {error}"
        if len(fields) > 1 or any(map(str.strip, fields)):
            return fields, ""
        lines.taken()


def _unpadded(lines: Iterable[str], delimiter: str) -> Iterator[str]:
    """The lines of a row without the spaces around quoted fields, which DuckDB passes over and csv does not."""
    inside = False
    for line in lines:
        tight = line
        if '" ' in line or ' "' in line:
            start = found.end() if inside and (found := _REST.match(line)) else 0
            tight = line[:start].rstrip(" ") + _quoted(delimiter).sub(lambda m: m[1] + m[2].rstrip(" "), line[start:])
        yield tight
        inside ^= line.count('"') % 2 == 1


@cache
def _quoted(delimiter: str) -> re.Pattern[str]:
    """A quoted field and what stands before it; it ends before the next delimiter, or in a line to come."""
    between = re.escape(delimiter)
    return re.compile(rf'(\A|{between}) *("(?:[^"]|"")*+(?:" *(?={between}|[\r\n]|\Z)|\Z))')


class _PhysicalLines:
    """The lines of a text with any line ends, as csv wants them; those of the row at hand can be put back."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._lines = _split_lines(blocks)
        self._back: list[tuple[bytes, int]] = []
        self._line, self._offset = 1, 0
        self.open: list[tuple[bytes, int]] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.open) >= _ROW_LINES or sum(size for _, size in self.open[-2:]) > MAX_RECORD:
            raise csv.Error("a quoted field does not end")
        text, size = self._back.pop() if self._back else next(self._lines)
        self.open.append((text, size))
        if size > MAX_RECORD:
            raise csv.Error(TOO_LONG)
        return text.decode("utf-8", "surrogateescape")

    def keep_first(self) -> None:
        """Puts all lines of the row back but the first."""
        self._back += reversed(self.open[1:])
        del self.open[1:]

    def taken(self) -> tuple[int, int, bytes, int]:
        """Closes the row: its line, offset, bytes (of a line that is too long the first) and size."""
        raw = b"".join(text for text, _ in self.open).rstrip(b"\r\n")
        size = sum(size for _, size in self.open)
        place = self._line, self._offset, raw, size if size > MAX_RECORD else len(raw)
        self._line, self._offset = self._line + len(self.open), self._offset + size
        self.open = []
        return place


def _split_lines(blocks: Iterable[bytes]) -> Iterator[tuple[bytes, int]]:
    """The lines with their ends and their sizes; of one that is too long only the beginning is held."""
    parts: list[bytes] = []
    held = gone = 0
    for block in blocks:
        parts.append(block)
        held += len(block)
        if held <= MAX_RECORD and b"\n" not in block and b"\r" not in block:
            continue
        *whole, last = b"".join(parts).splitlines(keepends=True) or [b""]
        for line in whole:
            yield _bounded(line, gone)
            gone = 0
        kept = last[:KEPT] if len(last) > MAX_RECORD and not last.endswith((b"\n", b"\r")) else last
        gone += len(last) - len(kept)
        parts, held = [kept], len(kept)
    for line in b"".join(parts).splitlines(keepends=True):
        yield _bounded(line, gone)
        gone = 0


def _bounded(line: bytes, gone: int) -> tuple[bytes, int]:
    """A line of which so many bytes are not held any more, and its size."""
    size = len(line) + gone
    return (line[:KEPT] if size > MAX_RECORD else line), size
