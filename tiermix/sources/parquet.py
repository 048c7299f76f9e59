"""A Parquet file with a value that DuckDB refuses, made one that it reads.

DuckDB reads texts that are UTF-8 and times that fit, and gives up a file for one that is not or does not. In the copy
made here the columns are of bytes and of numbers, which are never refused; whoever reads them judges each row.

The footer is Thrift in its compact protocol (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md),
of which only the list of columns is parsed (struct SchemaElement in
https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# Types of a column as `plain` makes them: a text as its bytes, a time as milliseconds since 1970.
BYTES, MILLISECONDS = "BLOB", "MILLISECONDS"

_TAIL = 8  # the length of the footer and a mark
_STOP, _FLAGS, _BYTE, _INTEGERS, _DOUBLE, _BINARY, _LISTS, _STRUCT = 0, (1, 2), 3, (4, 5, 6), 7, 8, (9, 10), 12
_SCHEMA = 2  # field of the footer
_TYPE, _REPETITION, _NAME, _CHILDREN, _CONVERTED, _LOGICAL = 1, 3, 4, 5, 6, 10  # fields of a column
_REPEATED = 2  # repetition of a list
_INT64, _BYTE_ARRAY = 2, 6  # physical types
_UNIT, _MILLIS = 2, 1  # of a logical timestamp
# The converted type of a column, which says that it is text (UTF8, ENUM, JSON) or a time of milliseconds, and the
# logical type, which newer writers say beside it.
_TEXTS, _LOGICAL_TEXTS = (0, 4, 19), (1, 4, 12)
_TIMESTAMP_MILLIS, _LOGICAL_TIMESTAMP = 9, 8


def plain(path: Path, copy: Path) -> dict[str, str]:
    """Copies a Parquet file so that its texts are bytes and its times of milliseconds are numbers.

    Columns within others stay as they are.

    Args:
        path: the file.
        copy: where to.

    Returns:
        The names of the columns that are others now, and what they are: `BYTES` or `MILLISECONDS`. Where there are
        none, nothing is written.

    Raises:
        ValueError: its footer is no Parquet.
        OSError: it cannot be read, or the copy not be written.
    """
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - _TAIL))
        tail = file.read(_TAIL)
        size = int.from_bytes(tail[:4], "little")
        if len(tail) < _TAIL or size > end - _TAIL:
            raise ValueError("it ends without a footer")
        file.seek(end - _TAIL - size)
        try:
            footer, changed = _plainer(file.read(size))
        except RecursionError:
            raise ValueError("its footer is no Parquet") from None
    if changed:
        shutil.copyfile(path, copy)
        with copy.open("r+b") as out:
            out.seek(end - _TAIL - size)
            out.truncate()
            out.write(footer + len(footer).to_bytes(4, "little") + tail[4:])
    return changed


def _plainer(footer: bytes) -> tuple[bytes, dict[str, str]]:
    """A footer in which columns are not said to be texts or times, and which those are."""
    thrift = _Thrift(footer)
    schema = next((f for f in thrift.fields() if f.number == _SCHEMA), None)
    if schema is None:
        raise ValueError("its footer lists no columns")
    thrift.at = schema.start
    count = thrift.length()
    parts, changed = [], {}
    within = -1  # how many columns are still to come that stand in others; the first is all of the row
    begin = 0
    for _ in range(count):
        start = thrift.at
        column = list(thrift.fields())
        known = {f.number: thrift.within(f) for f in column}
        if within == 0 and (became := _became(known)):
            changed[known[_NAME].binary().decode("utf-8", "replace")] = became
            kept = [f for f in column if f.number not in (_CONVERTED, _LOGICAL)]
            parts += [footer[begin:start], _written(footer, kept)]
            begin = thrift.at
        children = known[_CHILDREN].integer() if _CHILDREN in known else 0
        within = 0 if within < 0 else max(0, within - 1) + children
    return b"".join([*parts, footer[begin:]]), changed


def _became(column: dict[int, _Thrift]) -> str:
    """What a column is to be; empty to leave it."""
    single = _NAME in column and (_REPETITION not in column or column[_REPETITION].integer() != _REPEATED)
    kind = column[_TYPE].integer() if single and _TYPE in column else None
    converted = column[_CONVERTED].integer() if _CONVERTED in column else None
    logical = next(column[_LOGICAL].fields(), None) if _LOGICAL in column else None
    if kind == _BYTE_ARRAY and (logical.number in _LOGICAL_TEXTS if logical else converted in _TEXTS):
        return BYTES
    if kind == _INT64 and logical and logical.number == _LOGICAL_TIMESTAMP:
        timestamp = column[_LOGICAL].within(logical)
        units = [u.number for f in timestamp.fields() if f.number == _UNIT for u in timestamp.within(f).fields()]
        return MILLISECONDS if units == [_MILLIS] else ""
    return MILLISECONDS if kind == _INT64 and not logical and converted == _TIMESTAMP_MILLIS else ""


@dataclass(frozen=True, slots=True)
class _Field:
    """A field of a struct: its number, its type, and where its value stands."""

    number: int
    kind: int
    start: int
    end: int


def _written(footer: bytes, fields: list[_Field]) -> bytes:
    """A struct of some fields of the one that they come from."""
    steps = [f.number - before for f, before in zip(fields, [0, *(f.number for f in fields)], strict=False)]
    headed = (bytes([step << 4 | f.kind]) + footer[f.start : f.end] for step, f in zip(steps, fields, strict=True))
    return b"".join(headed) + bytes([_STOP])


@dataclass(slots=True)
class _Thrift:
    """A place in bytes of the compact protocol.

    Raises:
        ValueError: they are none.
    """

    data: bytes
    at: int = 0

    def within(self, field: _Field) -> _Thrift:
        return _Thrift(self.data, field.start)

    def _take(self, count: int) -> bytes:
        taken = self.data[self.at : self.at + count]
        if len(taken) < count:
            raise ValueError("its footer is cut off")
        self.at += count
        return taken

    def _number(self) -> int:
        value = shift = 0
        while True:
            byte = self._take(1)[0]
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def integer(self) -> int:
        value = self._number()
        return value >> 1 ^ -(value & 1)

    def binary(self) -> bytes:
        return self._take(self._number())

    def length(self) -> int:
        """How many values a list has, which follow."""
        count = self._take(1)[0] >> 4
        return count if count < 15 else self._number()

    def fields(self) -> Iterator[_Field]:
        """Those of a struct; the place is behind each, and behind all at the end."""
        number = 0
        while (head := self._take(1)[0]) != _STOP:
            step, kind = head >> 4, head & 15
            number = number + step if step else self.integer()
            start = self.at
            self._skip(kind)
            yield _Field(number, kind, start, self.at)

    def _skip(self, kind: int, *, listed: bool = False) -> None:
        if kind in _FLAGS:
            self._take(int(listed))  # of a field it stands in the type itself
        elif kind == _BYTE:
            self._take(1)
        elif kind in _INTEGERS:
            self._number()
        elif kind == _DOUBLE:
            self._take(8)
        elif kind == _BINARY:
            self.binary()
        elif kind in _LISTS:
            of = self.data[self.at] & 15 if self.at < len(self.data) else 0
            for _ in range(self.length()):
                self._skip(of, listed=True)
        elif kind == _STRUCT:
            for _ in self.fields():
                pass
        else:
            raise ValueError("its footer is no Parquet")
