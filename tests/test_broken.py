"""Bad lines are found where a plain loop over the file finds them, whatever stands around them."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tiermix.broken import locate
from tiermix.sources import Sample
from tiermix.sources.packing import BLOCK, blocks

LINES = Sample("lines", "none", ())
SOUND = [b'{"a":1}', b'{"b":"' + b"x" * 5000 + b'"}', b'{"c":1}\r', b' {"d":2} ']
BAD = [b"x", b"[1]", b'{"cut":', b'cut":1}', b"z" * 70_000, b'{"e"}', b"\xff{}"]
BLANK = [b"", b" ", b"\t\r", b"\x0b"]


def plain(content: bytes) -> list[tuple[int, int, bytes]]:
    """(line from 1, offset, line) of the lines that are not blank."""
    out, offset = [], 0
    for number, raw in enumerate(content.split(b"\n"), start=1):
        if raw.strip():
            out.append((number, offset, raw))
        offset += len(raw) + 1
    return out


files = st.tuples(st.lists(st.sampled_from(SOUND * 3 + BAD + BLANK), max_size=60), st.booleans()).map(
    lambda made: b"\n".join(made[0]) + b"\n" * made[1]
)
quick = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(content=files, data=st.data())
@quick
def test_any_record_is_located_at_its_line_and_byte(tmp_path: Path, content: bytes, data: st.DataObject) -> None:
    # Catches: a block with a blank line that is only counted; an offset that forgets the line ends.
    path = tmp_path / "log.jsonl"
    path.write_bytes(content)
    records = plain(content)
    wanted = sorted(data.draw(st.sets(st.integers(0, len(records) - 1)))) if records else []
    found = locate(path, LINES, [(n, "why") for n in wanted], keep_excerpts=True)
    assert [(b.line, b.offset) for b in found] == [records[n][:2] for n in wanted]


@pytest.mark.parametrize("keep", [True, False])
def test_excerpts_are_kept_only_when_asked(tmp_path: Path, keep: bool) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"secret\n")
    found = locate(path, LINES, [(0, "x")], keep_excerpts=keep)
    assert [b.excerpt for b in found] == (["secret"] if keep else [None])


def test_of_a_file_that_grows_while_it_is_read_only_what_was_there_is_read(tmp_path: Path) -> None:
    # Catches reading to the end of the file, which a busy gateway puts off for ever.
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"a" * 3 * BLOCK)
    reading = blocks(path, "none")
    size = len(next(reading))
    for block in islice(reading, 100):
        size += len(block)
        with path.open("ab") as log:
            log.write(b"b" * 2 * BLOCK)
    assert size == 3 * BLOCK
