"""The rows of a CSV file, one after the other, whatever stands around them; their faults are as in `records`."""

from __future__ import annotations

import csv
import json
from collections.abc import Collection, Iterable, Iterator

from tiermix.sources import jsonscan
from tiermix.sources.records import KEPT, MAX_RECORD, TOO_LONG, Record

# A quoted field may span this many lines.
_ROW_LINES = 5000


def rows(blocks: Iterable[bytes], delimiter: str, nested: Collection[str] = ()) -> Iterator[Record]:
    """The rows of a CSV file below its header, each as a JSON object of texts; an empty field is null.

    Args:
        blocks: the text.
        delimiter: what stands between two fields.
        nested: columns in which a text that is JSON stands for what it says.
    """
    csv.field_size_limit(MAX_RECORD)
    lines = _PhysicalLines(blocks)
    header: list[str] = []
    while (row := _row(lines, delimiter)) is not None:
        fields, fault = row
        if not header:
            header = [f.strip() for f in fields]
            lines.taken()
            continue
        if not fault and len(fields) != len(header):
            fault = f"the row has {len(fields)} fields and the header {len(header)}"
        if fault and len(lines.open) > 1:
            lines.keep_first()  # a stray quote has swallowed the lines behind it
        line, offset, raw = lines.taken()
        if not fault and any("\udc80" <= c <= "\udcff" for f in fields for c in f):
            fault = _not_utf8(raw)
        if fault:
            yield Record(line, offset, raw[:KEPT], len(raw), fault)
        elif any(fields):
            data = _object(header, fields, nested)
            yield Record(line, offset, data, len(data))


def header_of(blocks: Iterable[bytes], delimiter: str) -> list[str]:
    """The names of the columns; empty when the first row is none."""
    row = _row(_PhysicalLines(blocks), delimiter)
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
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        try:
            fields = next(reader)
        except StopIteration:
            return None
        except csv.Error as error:
            return [], f"not CSV: {error}"
        if fields:
            return fields, ""
        lines.taken()


class _PhysicalLines:
    """The lines of a text with any line ends, as csv wants them; those of the row at hand can be put back."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._lines = _split_lines(blocks)
        self._back: list[bytes] = []
        self._line, self._offset = 1, 0
        self.open: list[bytes] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.open) >= _ROW_LINES or sum(map(len, self.open[-2:])) > MAX_RECORD:
            raise csv.Error("a quoted field does not end")
        self.open.append(self._back.pop() if self._back else next(self._lines))
        return self.open[-1].decode("utf-8", "surrogateescape")

    def keep_first(self) -> None:
        """Puts all lines of the row back but the first."""
        self._back += reversed(self.open[1:])
        del self.open[1:]

    def taken(self) -> tuple[int, int, bytes]:
        """Closes the row: its line, offset and bytes."""
        raw = b"".join(self.open)
        place = self._line, self._offset, raw.rstrip(b"\r\n")
        self._line, self._offset = self._line + len(self.open), self._offset + len(raw)
        self.open = []
        return place


def _split_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    tail = b""
    for block in blocks:
        *whole, tail = (tail + block).splitlines(keepends=True) or [b""]
        if not tail.endswith(b"\n") and len(tail) > MAX_RECORD:
            raise csv.Error(TOO_LONG)
        yield from whole
    yield from tail.splitlines(keepends=True)
