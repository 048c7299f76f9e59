"""Walks over JSON as bytes without building anything: where a value ends, what its members are, where it breaks.

Accepts what DuckDB's reader accepts, so that a record fares alike whoever looks at it: JSON, a comma before a closing
bracket, and nan or inf as numbers. Memory does not grow with the value, nor the stack with its depth.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

Data = bytes | bytearray

_WS = rb"[ \t\r\n]*+"
_HEX = rb"[0-9a-fA-F]"
_ESCAPE = (
    rb'\\(?:["\\/bfnrt]|u(?![dD][89a-fA-F])' + _HEX * 4
    + rb"|u[dD][89abAB]" + _HEX * 2 + rb"\\u[dD][c-fC-F]" + _HEX * 2 + rb")"
)  # fmt: skip
_OPEN_STRING = rb'"[^"\\\x00-\x1f]*+(?:' + _ESCAPE + rb'[^"\\\x00-\x1f]*+)*+'
_STRING = _OPEN_STRING + rb'"'
_NUMBER = rb"-?+(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?+[0-9]++)?+"
_WORD = rb"(?:true|false|null|-?+(?i:nan|inf(?:inity)?+))"
_ATOM = rb"(?:" + _STRING + rb"|(?:" + _NUMBER + rb"|" + _WORD + rb")(?=[ \t\r\n,\]}]|\Z))"
_KEY = _WS + _STRING + _WS + rb":" + _WS

# From behind a bracket or comma to the next bracket: all members that are atoms go in one match.
_INSIDE = {
    0x7B: re.compile(
        rb"(?:" + _KEY + _ATOM + _WS + rb",)*+(?:" + _WS + rb"(?P<end>})|"
        + _KEY + rb"(?:" + _ATOM + _WS + rb"(?P<last>})|(?P<open>[\[{])))"
    ),
    0x5B: re.compile(
        rb"(?:" + _WS + _ATOM + _WS + rb",)*+" + _WS
        + rb"(?:(?P<end>\])|" + _ATOM + _WS + rb"(?P<last>\])|(?P<open>[\[{]))"
    ),
}  # fmt: skip
_MEMBER = re.compile(_WS + rb"(" + _STRING + rb")" + _WS + rb":" + _WS + rb"(?:(" + _ATOM + rb")|(?=[\[{]))")
_AFTER = re.compile(_WS + rb"([,\]}])")
_NO_MORE = re.compile(_WS + rb"}")
_NEXT_KEY = re.compile(_WS + rb"(?:," + _WS + rb")?+(" + _STRING + rb")" + _WS + rb":")
_TOKEN = re.compile(_WS + rb"(?:([\[\]{},:])|(" + _STRING + rb")|" + _ATOM + rb")")
_HEAD_OF_TOKEN = re.compile(_WS + rb"(?:" + _OPEN_STRING + rb")?+")
_CLOSER = {0x7B: 0x7D, 0x5B: 0x5D}
# For the token by token walk: what may come, and what after it.
_GRAMMAR = {"key": ('"', "colon"), "colon": (":", "value"), "value": ('"a', "comma"), "comma": (",", "")}


class Broken(ValueError):
    """The bytes are no JSON value.

    Attributes:
        at: where it shows, counted from the start of the buffer.
        cut: nothing is wrong but that the buffer ends.
    """

    def __init__(self, at: int, cut: bool) -> None:
        super().__init__(f"at byte {at}")
        self.at = at
        self.cut = cut


def value_end(data: Data, at: int) -> int:
    """Where the object or array that starts at `at` ends.

    Raises:
        Broken: it does not.
    """
    opened = bytearray((data[at],))
    at += 1
    while opened:
        if (found := _INSIDE[opened[-1]].match(data, at)) is None:
            raise _fault(data, at, opened[-1] == 0x7B)
        at = found.end()
        if bracket := found["open"]:
            opened += bracket
            continue
        opened.pop()
        while opened:  # behind a value: a comma, or the end of what it stands in
            after = _AFTER.match(data, at)
            if after is None or after[1] not in (b",", bytes((_CLOSER[opened[-1]],))):
                raise _stuck(data, at)
            at = after.end()
            if after[1] == b",":
                break
            opened.pop()
    return at


def members(data: Data, at: int = 0) -> Iterator[tuple[bytes, int, int]]:
    """Key (in its quotes), start and end of the value of each member of the object that starts at `at`.

    The last item has no key and says where the object ends.

    Raises:
        Broken: the object does not end; the members given before are sound.
    """
    at += 1
    while (end := _NO_MORE.match(data, at)) is None:
        if (found := _MEMBER.match(data, at)) is None:
            raise _fault(data, at, True)
        start, at = found.span(2) if found[2] is not None else (found.end(), value_end(data, found.end()))
        yield found[1], start, at
        after = _AFTER.match(data, at)
        if after is None or after[1] == b"]":
            raise _stuck(data, at)
        if after[1] == b",":
            at = after.end()
    yield b"", end.end(), end.end()


def keys_so_far(data: Data, at: int = 0) -> Iterator[bytes]:
    """The keys (in their quotes) of the object that starts at `at`, up to where it breaks off, if it does."""
    at += 1
    try:
        for key, _, end in members(data, at - 1):
            yield from (key,) if key else ()
            at = end
    except Broken:
        if (last := _NEXT_KEY.match(data, at)) is not None:
            yield last[1]


def _fault(data: Data, at: int, in_object: bool) -> Broken:
    """Walks token by token to the one that does not fit; there is one behind `at`."""
    state = first = "key" if in_object else "value"
    while found := _TOKEN.match(data, at):
        kind = found[1].decode() if found[1] else '"' if found[2] else "a"
        allowed, following = _GRAMMAR[state]
        if kind not in allowed:
            break
        at, state = found.end(), following or first
    return _stuck(data, at)


def _stuck(data: Data, at: int) -> Broken:
    """What is wrong behind the last sound token."""
    head = _HEAD_OF_TOKEN.match(data, at)
    at = head.end() if head else at
    rest = bytes(data[at : at + 13])  # a word, number or escape that the end of the buffer may have cut
    return Broken(at, at + len(rest) == len(data) and re.fullmatch(rb"[-+.\\0-9a-zA-Z]{0,12}", rest) is not None)
