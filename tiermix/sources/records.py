"""One record of a log after the other, as it stands in the file, whatever stands around it.

A record that is too long or does not end comes with the reason (`fault`) and only its beginning, so that memory stays
bounded; where it ends is found again from the records that follow. Whether a record of sound size is JSON at all is not
looked at here: DuckDB judges all of them alike.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from tiermix.errors import UnreadableFile
from tiermix.sources import jsonscan
from tiermix.sources.jsonscan import Broken

# A longer record is refused, however the file is read. DuckDB refuses some that are shorter; those come here.
MAX_RECORD = 64 << 20
TOO_LONG = f"the line is longer than {MAX_RECORD >> 20} MiB"
# Of what cannot be used, this much is kept: enough to recognise it.
KEPT = 1 << 16
_SPACE = b" \t\r\n\v\f"
_BLANK_LINE = re.compile(rb"\n[ \t\r\v\f]*+\n")
_BLANK_START = re.compile(rb"[ \t\r\v\f]*+\n")
# Between two records of a file that is no list of lines: also the brackets of arrays, which hold records, and the mark
# that begins each record of a JSON text sequence (RFC 7464).
_BETWEEN = re.compile(rb"[\s,\[\]\x1e]*+")
_SCALAR = re.compile(rb'"(?:[^"\\\r\n]|\\.)*+"(?=[\s,\]]|\Z)|[^\r\n,{\[\]]++')
_MAY_START = re.compile(rb"[,\[\]}\r\n\x1e][ \t\r\n]*+(?=\{)")
_BRACKET = re.compile(rb'(?:[^"{}\[\]]++|"(?:[^"\\\r\n]|\\.)*+"?+)*+([{}\[\]])')
_TO_MARK = re.compile(rb'[^"{}\[\]]*+(["{}\[\]])?+')
_TO_QUOTE = re.compile(rb'(?:[^"\\]++|\\.)*+(")?+', re.DOTALL)
_CLOSED_BY = {b"{": b"}", b"[": b"]"}
# An object of no more keys may be a part of a broken record.
_FEW_KEYS = 3
# How far a broken record is searched for the next sound one, and for how many of them in one file: a hostile file may
# have nothing else, and then only the ends of lines count.
_SEARCHED = 1 << 16
_SEARCHES = 20_000


class Record(NamedTuple):
    """A record: its line (from 1; in a file that is no list of lines its number), where it starts, and its bytes."""

    line: int
    offset: int
    data: bytes
    size: int
    fault: str = ""


def recoded(blocks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """The bytes of a text in UTF-8, a byte order mark of which becomes blanks. What is invalid in it stays invalid."""
    if encoding == "utf-8":
        yield from blocks
    elif encoding == "utf-8-sig":
        yield from _without_mark(blocks, b"   ")
    else:
        yield from _without_mark(_decoded(blocks, encoding), b"")


def _decoded(blocks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)(_KEEP_INVALID)
    for block in blocks:
        yield decoder.decode(block).encode("utf-8", "surrogatepass")
    if decoder.getstate()[0]:
        yield b"\xff"  # it ends inside a character: the last line is no text


def _invalid(error: UnicodeError) -> tuple[str | bytes, int]:
    """Half of a surrogate pair, which is invalid in UTF-8 too, for anything that is no character."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\udcff", error.end


_KEEP_INVALID = "tiermix-keep-invalid"
codecs.register_error(_KEEP_INVALID, _invalid)


def _without_mark(blocks: Iterable[bytes], instead: bytes) -> Iterator[bytes]:
    first = True
    for block in blocks:
        yield block.replace(codecs.BOM_UTF8, instead, 1) if first and block.startswith(codecs.BOM_UTF8) else block
        first = first and not block


class OpenLine:
    """A line whose end has not come yet; of one that is longer than a record may be, only as much is held."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._held = self.size = 0

    def add(self, piece: bytes) -> None:
        """Goes on with another piece."""
        self.size += len(piece)
        if not self._parts:
            piece = piece.lstrip(_SPACE)
        if piece and self._held <= MAX_RECORD:
            self._parts.append(piece)
            self._held += len(piece)

    def close(self) -> tuple[bytes, int]:
        """The line without the blanks it begins with, or as much of it as is held, and its size."""
        closed = b"".join(self._parts), self.size
        self._parts = []
        self._held = self.size = 0
        return closed


def portions(blocks: Iterable[bytes]) -> Iterator[tuple[bytes, int, bool]]:
    """The text as whole lines, many at once (true), and single lines that lie in several blocks (false).

    Raises:
        UnreadableFile: the file is damaged; the line in which that shows was given, as far as it goes.
    """
    last = OpenLine()
    try:
        for block in blocks:
            end = block.rfind(b"\n") + 1
            if not end:
                last.add(block)
                continue
            start = 0
            if last.size:
                start = block.index(b"\n") + 1
                last.add(block[: start - 1])
                yield *last.close(), False
            yield block[start:end], end - start, True
            last.add(block[end:])
    except UnreadableFile:
        yield *last.close(), False
        raise
    yield *last.close(), False


def as_record(line: int, offset: int, data: bytes, size: int) -> Record:
    """The record of a line that an `OpenLine` held, with its fault when it is too long."""
    long = len(data) > MAX_RECORD
    return Record(line, offset, data[:KEPT] if long else data, size, TOO_LONG if long else "")


def lines(blocks: Iterable[bytes], line: int = 1, offset: int = 0) -> Iterator[Record]:
    """The lines that are not blank, of a text that begins with that line and at that offset of its file."""
    for text, size, many in portions(blocks):
        if many:
            for data in text.split(b"\n")[:-1]:
                if data and not data.isspace():
                    yield Record(line, offset, data, len(data))
                line, offset = line + 1, offset + len(data) + 1
        else:
            if text:
                yield as_record(line, offset, text, size)
            line, offset = line + 1, offset + size + 1


def picked_lines(blocks: Iterable[bytes], wanted: Iterable[int]) -> Iterator[Record]:
    """Some of the lines: those of the given numbers, from 0 and ascending, blank ones not counted.

    Most of the text is only counted, at the speed of memory.
    """
    wanted = iter(wanted)
    want, nth, line, offset = next(wanted, None), 0, 1, 0
    for text, size, many in portions(blocks):
        if want is None:
            return
        here = text.count(b"\n") if many else 1
        if many and not _has_blanks(text):
            data, at, k = text.split(b"\n") if want < nth + here else [], 0, 0
            while want is not None and want < nth + here:
                at, k = at + sum(map(len, data[k : want - nth])) + want - nth - k, want - nth
                yield Record(line + k, offset + at, data[k], len(data[k]))
                want = next(wanted, None)
            nth += here
        else:
            for record in lines((text,)) if many else [as_record(1, 0, text, size)] if text else []:
                if nth == want:
                    yield record._replace(line=line + record.line - 1, offset=offset + record.offset)
                    want = next(wanted, None)
                nth += 1
        line, offset = line + here, offset + size + (not many)


def count_filled(text: bytes) -> int:
    """How many lines of a text of whole lines are not blank."""
    return sum(1 for _ in lines((text,))) if _has_blanks(text) else text.count(b"\n")


def _has_blanks(text: bytes) -> bool:
    """Whether some lines of a text of whole lines are blank."""
    return _BLANK_START.match(text) is not None or _BLANK_LINE.search(text) is not None


class _Window:
    """A part of a stream, forgotten at the front and read on at the end."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        self.data = bytearray()
        self.start = 0  # where it begins in the stream
        self.ended = False

    def more(self) -> bool:
        """Reads on, at least as much again as there is; false when nothing is left."""
        had = len(self.data)
        while len(self.data) < 2 * had + 1 and not self.ended:
            block = next(self._blocks, None)
            self.ended = block is None
            self.data += block or b""
        return len(self.data) > had

    def forget(self, count: int) -> None:
        del self.data[:count]
        self.start += count


def values(blocks: Iterable[bytes], usual: Collection[str] = ()) -> Iterator[Record]:
    """JSON values one after the other, and what stands in arrays of them, however deep.

    A broken one ends where the next line begins as its own did, where its brackets close, or where a sound record with
    the usual keys begins, whichever comes first.

    Args:
        blocks: the text.
        usual: keys that every record has, as far as is known.
    """
    window, keys = _Window(blocks), {json.dumps(k).encode() for k in usual}
    number, broken = 0, 0
    while (indent := _to_next(window)) is not None:
        number += 1
        offset = window.start
        try:
            size = _end_of(window)
            yield Record(number, offset, bytes(window.data[:size]), size)
        except Broken as fault:
            broken += 1
            long = fault.cut and len(window.data) > MAX_RECORD
            why = TOO_LONG if long else not_json(fault)
            head = bytes(window.data[:KEPT])
            size = _skip_broken(window, indent, keys, search=broken < _SEARCHES, long=long)
            yield Record(number, offset, head[:size].rstrip(b", \t\r\n"), size, why)
            size -= window.start - offset
        window.forget(size)


def not_json(fault: Broken) -> str:
    """Why something is no JSON."""
    return "not JSON: it is cut off" if fault.cut else f"not JSON at byte {fault.at}"


def _to_next(window: _Window) -> bytes | None:
    """Goes to the next value and says how its line begins, in spaces; `-` inside a line, None at the end."""
    between = b"\n" if not window.start else b"-"
    while True:
        at = _BETWEEN.match(window.data).end()  # type: ignore[union-attr]
        between += window.data[:at]
        ends = at == len(window.data)
        window.forget(at)
        if not ends:
            line = re.split(rb"[\r\n]", between)
            return line[-1] if len(line) > 1 and not line[-1].strip(b" \t") else b"-"
        between = between[-KEPT:]
        if not window.more():
            return None


def _end_of(window: _Window) -> int:
    """Where the value at the start of the window ends; reads on until it does.

    Raises:
        Broken: it does not, or not within the bound.
    """
    while True:
        try:
            if window.data[0] == 0x7B:
                end = jsonscan.value_end(window.data, 0)
            else:
                end = _SCALAR.match(window.data).end()  # type: ignore[union-attr]
                if end == len(window.data) and not window.ended:
                    raise Broken(end, cut=True)
            if end > MAX_RECORD:
                raise Broken(end, cut=True)
            return end
        except Broken as fault:
            if not fault.cut or len(window.data) > MAX_RECORD or not window.more():
                raise


def _skip_broken(window: _Window, indent: bytes, usual: set[bytes], *, search: bool, long: bool) -> int:
    """The size of the broken value at the start of the window. Of what is long, the window keeps only the end."""
    next_line = re.compile(rb"[\r\n]" + re.escape(indent) + rb"(?=[{\[])") if indent != b"-" else None
    while True:
        line = next_line.search(window.data, 1) if next_line else None
        limit = line.end() if line else len(window.data)
        near = min(limit, _SEARCHED) if search else 0
        sound = _next_sound(window.data, near, usual)
        if end := _balanced_end(window.data, sound or near) or sound:
            return end
        if long or len(window.data) > MAX_RECORD:
            return _skip_long(window, next_line, len(indent) + 2)
        if line or window.ended:
            return limit
        window.more()


def _skip_long(window: _Window, next_line: re.Pattern[bytes] | None, ahead: int) -> int:
    """The size of a value that is too long to be held: to where its brackets close, or to the next line as above.

    Args:
        window: it starts there, and is forgotten on the way.
        next_line: what the next line begins like; None when the value does not begin a line.
        ahead: how many bytes that takes.
    """
    size, brackets = 0, _Brackets()
    while True:
        line = next_line.search(window.data) if next_line else None
        limit = line.end() if line else len(window.data) if window.ended else max(len(window.data) - ahead, 0)
        at = brackets.follow(window.data, limit)
        if brackets.closed:
            return size + at
        if line or window.ended:
            return size + limit
        size += at
        window.forget(at)
        window.more()


class _Brackets:
    """Those of a value that comes in pieces. One that does not match is passed over: then only lines tell its end."""

    def __init__(self) -> None:
        self._opened = bytearray()
        self._quoted = self.closed = False

    def follow(self, data: bytearray, limit: int) -> int:
        """Goes on to where the first one is closed, or as far as can be told before the limit."""
        at = 0
        while found := (_TO_QUOTE if self._quoted else _TO_MARK).match(data, at, limit):
            at, mark = found.end(), found[1]
            if not mark:
                break
            if mark == b'"':
                self._quoted = not self._quoted
            elif mark in _CLOSED_BY:
                self._opened += _CLOSED_BY[mark]
            elif self._opened[-1:] == mark:
                self._opened.pop()
                if not self._opened:
                    self.closed = True
                    break
        return at


def _next_sound(data: bytearray, limit: int, usual: set[bytes]) -> int:
    """Where the first sound object with the usual keys begins; 0 when there is none before the limit."""
    for found in _MAY_START.finditer(data, 1, limit):
        try:
            keys = {key for key, _, _ in jsonscan.members(data, found.end())}
            if keys >= usual and len(keys) > _FEW_KEYS:
                return found.end()
        except Broken:
            continue
    return 0


def _balanced_end(data: bytearray, limit: int) -> int:
    """Where the brackets that open at the start are closed, whatever stands between; 0 when not before the limit."""
    opened: list[bytes] = []
    at = 0
    while found := _BRACKET.match(data, at, limit):
        bracket, at = found[1], found.end()
        if bracket in _CLOSED_BY:
            opened.append(bracket)
        elif not opened or bracket != _CLOSED_BY[opened.pop()]:
            return 0
        if not opened:
            return at
    return 0
