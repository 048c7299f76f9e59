"""Records as log drivers write them: as text, in a member of an object or behind a time and a name on every line.

`{"log": "{...}", "stream": "stdout", "time": "..."}` (Docker), `2026-11-21T10:00:00Z stdout F {...}` (Kubernetes) and
`gateway-1  | {...}` are such lines. A driver cuts long ones; the pieces are put together again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tiermix.sources import jsonscan
from tiermix.sources.records import OpenLine, Record, as_record

# How each line of a container begins in Kubernetes and Podman: a time, the stream, and P for a piece or F for the end.
_CRI = re.compile(rb"\S++ (stdout|stderr) ([PF])(?::\S*+)? ")
# What stands before an object in JSON itself: brackets, and the name of a member. (A text sequence has its own mark.)
_JSON = re.compile(rb'[\s,\[\x1e]*+(?:"(?:[^"\\]|\\.)*+"\s*+:)?\s*+')
# So many braces may stand before the record, in a name or a tag.
_BRACES = 4
# Fluent Bit says of pieces what Kubernetes says of them, in a member of this name.
_TAG = "logtag"
# What Docker writes of a line, with a line break at its end; a piece has none.
_DOCKER = {"log", "stream", "time"}
_STREAMS = ("stdout", "stderr")


def behind(line: bytes) -> bytes:
    """The JSON object with which a line ends; empty when it does not, or when what stands before is JSON too."""
    at = -1
    for _ in range(_BRACES):
        at = line.find(b"{", at + 1)
        if at < 0 or _JSON.fullmatch(line, 0, at):
            break
        try:
            if not line[jsonscan.value_end(line, at) :].strip():
                return line[at:]
        except jsonscan.Broken as fault:
            if fault.cut:  # the record is, and what else begins in it is a part of it
                break
    return b""


def texts(record: bytes) -> dict[str, str]:
    """The members of an object that hold a text; none when it is no JSON object."""
    try:
        members = json.loads(record)
    except (ValueError, RecursionError):
        return {}
    return {k: v for k, v in members.items() if isinstance(v, str)} if isinstance(members, dict) else {}


def unpacked(records: Iterable[Record], member: str) -> Iterator[Record]:
    """The records that stand as text in others, at the place of these; what holds none is given as it stands.

    Args:
        records: what the driver wrote.
        member: of which member the text is the record; empty when it is what stands at the end of a line.
    """
    waiting: dict[str, tuple[Record, OpenLine]] = {}

    def ended(stream: str) -> Iterator[Record]:
        if stream in waiting:
            first, whole = waiting.pop(stream)
            yield as_record(first.line, first.offset, *whole.close())

    for record in records:
        said = _Said(record.data) if record.fault else _in(record.data, member) if member else _at_the_end(record.data)
        if said.stream in waiting and _whole(said.text):  # the rest of the piece is lost
            yield from ended(said.stream)
        if said.stream in waiting or said.goes_on:
            waiting.setdefault(said.stream, (record, OpenLine()))[1].add(said.text)
            if not said.goes_on:
                yield from ended(said.stream)
        elif said.text and not said.text.isspace():
            yield record._replace(data=said.text)
    for stream in tuple(waiting):
        yield from ended(stream)


class _Said(NamedTuple):
    """A text, the stream that it belongs to where that matters, and whether it is a piece and goes on there."""

    text: bytes
    stream: str = ""
    goes_on: bool = False


def _at_the_end(line: bytes) -> _Said:
    if mark := _CRI.match(line):
        return _Said(line[mark.end() :], mark[1].decode(), mark[2] == b"P")
    return _Said(behind(line) or line)


def _in(record: bytes, member: str) -> _Said:
    members = texts(record)
    if member not in members:
        return _Said(record)
    text, stream = members[member].encode("utf-8", "surrogatepass"), members.get("stream", "")
    if stream not in _STREAMS:
        return _Said(text)
    if _TAG in members:
        return _Said(text, stream, members[_TAG] == "P")
    begun = members.keys() == _DOCKER and not text.endswith(b"\n") and not _whole(text)
    return _Said(text, stream, begun)


def _whole(text: bytes) -> bool:
    """Whether a text is a JSON object."""
    text = text.strip()
    try:
        return text[:1] == b"{" and jsonscan.value_end(text, 0) == len(text)
    except jsonscan.Broken:
        return False
