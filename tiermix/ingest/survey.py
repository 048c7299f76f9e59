"""A look over a file of lines that parses none: how many there are, and where some of them stand."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tiermix.broken import Part
from tiermix.sources import Sample
from tiermix.sources.packing import blocks, unreadable
from tiermix.sources.records import portions

# About so long is a stretch, in bytes, and so many there are at most of a file whose size is known.
_SHORTEST, _STRETCHES = 1 << 14, 300_000
# A longer line is not kept as the first of its stretch.
_FIRST = 1 << 16
# So much is read around a line at first.
_GLIMPSE = 1 << 12
_BEGIN = re.compile(rb"\s*\{\s*[\"}]")
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
    """What a look over a file of lines shows: stretches that are all of it.

    Attributes:
        numbers: the first line of each stretch, from 1 and blank ones counted, and that behind the last.
        offsets: where these begin in the unpacked file, in bytes.
        firsts: a file of the first line of each stretch, or of an empty object where that is no object, or long.
    """

    numbers: array[int]
    offsets: array[int]
    firsts: Part

    @property
    def lines(self) -> int:
        """How many lines there are, blank ones too."""
        return self.numbers[-1] - 1

    @property
    def size(self) -> int:
        """That of the unpacked file, in bytes."""
        return self.offsets[-1]

    def stretch(self, nth: int) -> Stretch:
        """One of the stretches, from 0."""
        (line, behind), (at, end) = self.numbers[nth : nth + 2], self.offsets[nth : nth + 2]
        return Stretch(line, at, behind - line, end - at)


def survey(path: Path, seen: Sample, size: int, firsts: Path) -> Survey:
    """Looks over a file that has one record a line.

    Args:
        path: the file.
        seen: how it is packed.
        size: about how many bytes it unpacks to.
        firsts: where to write the first lines of the stretches.

    Raises:
        UnreadableFile: it is damaged or gone.
    """
    part, apart = Part(firsts), max(_SHORTEST, size // _STRETCHES)
    numbers, offsets = array("q"), array("q")
    line, at, end = 1, 0, 0
    with firsts.open("wb") as out:
        for text, length, many in portions(blocks(path, seen.packing)):
            start = offsets[-1] + apart - at if offsets else 0
            count, begun = _begun(text, start, apart) if many else (1, [(0, 0, text)] if start <= 0 < length else [])
            numbers.extend(line + nth for nth, _, _ in begun)
            offsets.extend(at + begin for _, begin, _ in begun)
            part.extend([first if _is_short_object(first) else _NOTHING for _, _, first in begun], out)
            # A single line that is not the last has a line break behind it; after that of the last line comes nothing.
            at, end = at + length + (not many), at + length if length else at
            line += count if length else 0
    numbers.append(line)
    offsets.append(end)
    return Survey(numbers, offsets, part)


def _begun(text: bytes, start: int, apart: int) -> tuple[int, list[tuple[int, int, bytes]]]:
    """How many lines a text of whole lines has, and some: the first that begins at `start` or behind, and so on.

    Returns:
        of each its number, from 0, where it begins, and the line.
    """
    import numpy as np

    breaks = np.frombuffer(text, np.uint8) == ord("\n")  # bytes.count takes three times as long
    nth = behind = 0
    at, found = max(start, 0), []
    while at < len(text):
        begin = text.index(b"\n", at - 1) + 1 if at else 0
        if begin == len(text):
            break
        nth += int(np.count_nonzero(breaks[behind:begin]))
        found.append((nth, begin, text[begin : text.index(b"\n", begin)]))
        behind = begin
        at += ((begin - at) // apart + 1) * apart
    return nth + int(np.count_nonzero(breaks[behind:])), found


def glimpse(path: Path, size: int, many: int, firsts: Path) -> tuple[array[int], Part]:
    """Some lines of a file that is not packed, spread evenly over it.

    Args:
        path: the file.
        size: its size in bytes.
        many: about how many.
        firsts: where to write them; an empty object for one that is no object, or long.

    Returns:
        where in the file they begin, ascending, and the file of them.

    Raises:
        UnreadableFile: it is gone.
    """
    part, offsets = Part(firsts), array("q")
    try:
        with path.open("rb", buffering=_GLIMPSE) as file, firsts.open("wb") as out:
            for at in range(0, size, max(size // max(many, 1), 1)):
                file.seek(at)
                file.readline(_FIRST)  # the rest of a line that begins before
                begin, line = file.tell(), file.readline(_FIRST + 1)
                if begin < size and (not offsets or begin > offsets[-1]):
                    offsets.append(begin)
                    part.add(line.rstrip() if _is_short_object(line) else _NOTHING, out)
    except OSError as error:
        raise unreadable(error, str(path)) from error
    return offsets, part


def _is_short_object(line: bytes) -> bool:
    """Whether a line is not too long, and begins and ends like a JSON object."""
    return len(line) <= _FIRST and line.rstrip().endswith(b"}") and _BEGIN.match(line) is not None


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
