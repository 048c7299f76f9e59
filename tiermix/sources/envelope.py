"""Records inside of other objects, as an API's answer or a log collector hands them out: `{"data": [...], "page": 1}`.

What stands around the records is blanked out and nothing is moved, so that offsets stay those of the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from tiermix.sources.records import KEPT

# How deep records are looked for, and how many members are looked into: `{"data": {"logs": [...]}}` has a depth of two.
DEPTH = 3
MEMBERS = 12
_MARK = re.compile(rb'[^"{}\[\]:,]*+(["{}\[\]:,])?+')
_DEEP_MARK = re.compile(rb'(?:[^"{}\[\]]++|"(?:[^"\\]|\\.)*+")*+(["{}\[\]])?+', re.DOTALL)
_QUOTE = re.compile(rb'(?:[^"\\]++|\\.)*+(")?+', re.DOTALL)
_BLANKS = bytes(c if c in b"\r\n" else 0x20 for c in range(256))


class _Opener:
    """Follows objects one after the other, and lets through what stands in their member of one name.

    Attributes:
        found: names of members that hold an object or a list, of all objects so far.
    """

    def __init__(self, member: str | None) -> None:
        self._wanted = member
        self._depth = 0  # inside of the enclosing object; lists around it do not count
        self._quoted = self._through = self._lost = False
        self._key: bytearray | None = None  # the text that is open or was last closed among the members
        self._valued = False  # a colon has come since
        self.found: dict[str, None] = {}

    def feed(self, data: bytes) -> bytes:
        """As many bytes again, with blanks for what is not wanted."""
        out, at = [], 0
        while at < len(data):
            before, end = self._kept, self._step(data, at)
            body, mark = data[at : end - 1], data[end - 1 : end]
            out.append(body if before else body.translate(_BLANKS))
            out.append(mark if before or self._kept else mark.translate(_BLANKS))
            at = end
        return b"".join(out)

    @property
    def _kept(self) -> bool:
        return self._through or self._lost

    def _step(self, data: bytes, at: int) -> int:
        """Goes on to behind the next mark, or to the end."""
        if self._lost:
            return len(data)
        pattern = _QUOTE if self._quoted else _DEEP_MARK if self._depth > 1 else _MARK
        found = pattern.match(data, at)
        end = max(found.end(), at + 1) if found else at + 1
        if self._quoted:
            self._note(data[at:end])
        if found and found[1]:
            self._mark(found[1])
        return end

    def _note(self, text: bytes) -> None:
        if self._key is not None and self._depth == 1 and not self._valued and len(self._key) < KEPT:
            self._key += text

    def _mark(self, mark: bytes) -> None:
        if mark == b'"':
            self._quoted = not self._quoted
            if self._quoted and self._depth == 1 and not self._valued:
                self._key = bytearray(b'"')
        elif mark in (b"{", b"["):
            self._open(mark)
        elif mark in (b"}", b"]"):
            self._close()
        elif self._depth == 1:
            self._valued = mark == b":"

    def _open(self, mark: bytes) -> None:
        if self._depth == 1:
            if not self._valued or self._key is None:
                self._lost = True  # broken: what follows is given as it stands rather than passed over
                return
            name = _named(bytes(self._key))
            self._through = name is not None and name == self._wanted
            if name is not None and len(self.found) < MEMBERS:
                self.found[name] = None
        if self._depth or mark == b"{":
            self._depth += 1

    def _close(self) -> None:
        if self._depth:
            self._depth -= 1
        if self._depth == 1:
            self._through = self._valued = False
        if self._depth == 0:
            self._key, self._valued = None, False


def _named(key: bytes) -> str | None:
    """The name that a key spells; None when it spells none."""
    try:
        return str(json.loads(key.decode("utf-8", "surrogatepass")))
    except ValueError:
        return None


def opened(blocks: Iterable[bytes], members: Iterable[str]) -> Iterator[bytes]:
    """The text with only what stands in members of these names left, each name a member of the one before."""
    for member in members:
        blocks = _opened(blocks, member)
    yield from blocks


def _opened(blocks: Iterable[bytes], member: str) -> Iterator[bytes]:
    opener, held = _Opener(member), b""
    for block in blocks:
        data = held + block
        # A backslash and what it escapes stay together.
        odd = (len(data) - len(data.rstrip(b"\\"))) % 2
        data, held = (data[:-1], data[-1:]) if odd else (data, b"")
        yield opener.feed(data)
    yield opener.feed(held)


def holding(text: bytes) -> list[str]:
    """The names of the members of the objects in a text, or in its beginning, that hold an object or a list."""
    opener = _Opener(None)
    opener.feed(text)
    return list(opener.found)
