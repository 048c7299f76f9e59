"""A look over a file of lines that parses none: how many there are, which are no objects, and where some stand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tiermix.broken import UNKNOWN, BadLines, Part, named
from tiermix.sources import Sample
from tiermix.sources.packing import blocks, unreadable
from tiermix.sources.records import Record, lines, portions

# So long is a stretch at least, in bytes, and so many there are at most of a file whose size is known.
_SHORTEST, _STRETCHES = 1 << 15, 50_000
# A longer line is not kept as the first of its stretch.
_FIRST = 1 << 16
# So many bad lines are held in memory; more are looked for again.
_HELD = 50_000
_ENDS = re.compile(rb"\s*\{\s*[\"}]")
_NOTHING = b"{}"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some lines in a row: the first (from 1), its offset in the unpacked file, how many they are, and their bytes."""

    line: int
    offset: int
    count: int
    size: int


@dataclass(frozen=True, slots=True)
class Survey:
    """What a look over a file of lines shows.

    Attributes:
        odd: how many lines it has that are not blank, and those of them that do not even begin and end like a JSON
            object, as cut and foreign ones.
        places: where these are, offset and size; None when they are too many.
        size: that of the unpacked file in bytes.
        stretches: all of its lines, blank ones too.
        firsts: a file of the first line of each stretch, or of an empty object where that is odd or long.
    """

    odd: BadLines
    places: Sequence[tuple[int, int]] | None
    size: int
    stretches: Sequence[Stretch]
    firsts: Part


def survey(path: Path, seen: Sample, size: int, firsts: Path, *, keep_excerpts: bool) -> Survey:
    """Looks over a file that has one record a line.

    Args:
        path: the file.
        seen: how it is packed.
        size: about how many bytes it unpacks to.
        firsts: where to write the first lines of the stretches.
        keep_excerpts: whether the start of a bad line may be kept.

    Raises:
        UnreadableFile: it is damaged or gone.
    """
    part, apart = Part(firsts), max(_SHORTEST, size // _STRETCHES)
    total = count = 0
    odd: list[Record] = []
    begun: list[tuple[int, int]] = []
    line, end = 1, 0
    with firsts.open("wb") as out:
        for piece in _pieces(path, seen):
            bad, blank = piece.odd()
            total, count = total + piece.count - blank, count + len(bad)
            odd += bad if count <= _HELD else ()
            for nth in piece.marks(begun[-1][1] + apart if begun else 0, apart):
                begun.append((piece.line + nth, piece.offset + piece.at(nth)))
                first = piece.data(nth)
                part.add(first if len(first) <= _FIRST and not _is_odd(first) else _NOTHING, out)
            line, end = piece.line + piece.count, piece.end
    held = count <= _HELD
    ends = (*begun[1:], (line, end))[: len(begun)]
    records = odd if held else (r for piece in _pieces(path, seen) for r in piece.odd()[0])
    found = named(((r, UNKNOWN) for r in records), keep_excerpts=keep_excerpts)
    return Survey(
        BadLines(total, count, list(found) if held else found),
        [(r.offset, r.size) for r in odd] if held else None,
        end,
        [Stretch(a, at, b - a, to - at) for (a, at), (b, to) in zip(begun, ends, strict=True)],
        part,
    )


class _Piece:
    """Whole lines, many or a single one: the first (from 1), its offset, how many they are, and where they end."""

    def __init__(self, line: int, offset: int, text: bytes, size: int, many: bool) -> None:
        import numpy as np

        self.line, self.offset, self.end = line, offset, offset + size
        self._text, self._size, self._many = text, size, many
        if many:
            self._octets = np.frombuffer(text, np.uint8)
            self._breaks = (self._octets == ord("\n")).nonzero()[0]
        self.count = len(self._breaks) if many else 1

    def odd(self) -> tuple[list[Record], int]:
        """The lines that are no objects by their ends, and how many lines are blank."""
        found, blank = [], 0
        for nth in self._suspects():  # an object may have blanks around it, or lie in two blocks
            at, data = self.at(nth), self.data(nth)
            if not data.strip():
                blank += 1
            elif _is_odd(data):
                found.append(Record(self.line + nth, self.offset + at, data, len(data) if self._many else self._size))
        return found, blank

    def _suspects(self) -> list[int]:
        """The first line, and all others that do not begin and end like objects without blanks around them."""
        if not self._many:
            return [0]
        octets, behind = self._octets, self._breaks[:-1]
        second = octets.take(behind + 2, mode="clip")  # the last line may be empty
        usual = (second == ord('"')) | (second == ord(" "))
        usual &= octets.take(behind + 1) == ord("{")
        usual &= octets.take(self._breaks[1:] - 1) == ord("}")
        return [0] if usual.all() else [0, *((~usual).nonzero()[0] + 1).tolist()]

    def marks(self, start: int, apart: int) -> list[int]:
        """Some of the lines: the first that begins at that offset in the file or behind it, and so on."""
        start = max(start - self.offset, 0)
        if not self._many:
            return [] if start else [0]
        wanted = range(start, self._size, apart)
        behind = self._breaks.searchsorted([at - 1 for at in wanted]) + 1
        found = {0 if at == 0 else nth for at, nth in zip(wanted, behind.tolist(), strict=True)}
        return sorted(nth for nth in found if nth < self.count)

    def at(self, nth: int) -> int:
        """Where a line begins in the text."""
        return int(self._breaks[nth - 1]) + 1 if nth else 0

    def data(self, nth: int) -> bytes:
        """A line."""
        return self._text[self.at(nth) : int(self._breaks[nth])] if self._many else self._text


def _pieces(path: Path, seen: Sample) -> Iterator[_Piece]:
    line, offset = 1, 0
    last: _Piece | None = None
    for text, size, many in portions(blocks(path, seen.packing)):
        if last is not None:
            last.end = offset  # what follows begins there, if only the end of the file
            yield last
        # After the line break at the end of a file comes nothing.
        last = _Piece(line, offset, text, size, many) if size else None
        if last is not None:
            line, offset = line + last.count, last.end + (not many)
    if last is not None:
        yield last


def _is_odd(data: bytes) -> bool:
    """Whether a line does not begin and end like a JSON object."""
    return not data.rstrip().endswith(b"}") or not _ENDS.match(data)


def texts_of(path: Path, seen: Sample, stretches: Iterable[Stretch]) -> Iterator[bytes]:
    """The bytes of some stretches, in the order of the file.

    Raises:
        UnreadableFile: the file is damaged or gone.
    """
    if seen.packing != "none":
        onward = _Onward(blocks(path, seen.packing))
        yield from (onward.between(s.offset, s.offset + s.size) for s in stretches)
        return
    try:
        with path.open("rb") as file:
            for s in stretches:
                file.seek(s.offset)
                yield file.read(s.size)
    except OSError as error:
        raise unreadable(error, str(path)) from error


class _Onward:
    """A text in blocks, taken from one place to another, always further on."""

    def __init__(self, text: Iterator[bytes]) -> None:
        self._text, self._block, self._at = text, b"", 0

    def between(self, start: int, end: int) -> bytes:
        parts = []
        while True:
            parts.append(self._block[max(start - self._at, 0) : max(end - self._at, 0)])
            if self._at + len(self._block) >= end:
                break
            self._at += len(self._block)
            if not (block := next(self._text, b"")):
                break
            self._block = block
        return b"".join(parts)


def records_in(stretch: Stretch, text: bytes) -> list[Record]:
    """The lines of a stretch that are not blank."""
    return list(lines((text if text.endswith(b"\n") else text + b"\n",), stretch.line, stretch.offset))
