"""A look over a file of lines finds what a plain loop over it finds, and parts of it can be read alone."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.test_broken import BAD, BLANK, SOUND, plain
from tiermix.ingest import survey as module
from tiermix.ingest.survey import Survey, records_in, survey, texts_of
from tiermix.sources import Sample

LINES = Sample("lines", "none", ())
# These look like objects as far as a look goes.
HIDDEN = [b'{"e"}', b'{"a":1}{"b":2}']
files = st.tuples(st.lists(st.sampled_from(SOUND * 3 + BAD + HIDDEN + BLANK), max_size=60), st.booleans()).map(
    lambda made: b"\n".join(made[0]) + b"\n" * made[1]
)
quick = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stretches so short that small files have many."""
    monkeypatch.setattr(module, "_SHORTEST", 20)


def is_object(raw: bytes) -> bool:
    try:
        return isinstance(json.loads(raw.decode()), dict)
    except ValueError:
        return False


def look(folder: Path, content: bytes, packed: bool = False, keep: bool = True) -> tuple[Path, Sample, Survey]:
    path = folder / "log.jsonl"
    path.write_bytes(gzip.compress(content) if packed else content)
    seen = Sample("lines", "gzip" if packed else "none", ())
    return path, seen, survey(path, seen, len(content), folder / "firsts.jsonl", keep_excerpts=keep)


@given(content=files, packed=st.booleans())
@quick
@example(content=b'{"a":1}\n \n{"cut":', packed=False)
@example(content=b"{not json}\n{}\n{ \n", packed=False)
def test_lines_that_are_no_object_are_found_without_parsing_the_others(
    tmp_path: Path, content: bytes, packed: bool
) -> None:
    # Catches: blank lines counted as lines; a last line without its end forgotten; a sound line taken for a bad one.
    _, _, seen = look(tmp_path, content, packed)
    records = plain(content)
    odd = [r for r in records if not is_object(r[2]) and r[2] not in HIDDEN]
    assert (seen.odd.lines, seen.odd.count, seen.size) == (len(records), len(odd), len(content))
    assert [(b.line, b.offset) for b in seen.odd.found] == [r[:2] for r in odd]
    assert seen.places == [(offset, len(raw)) for _, offset, raw in odd]


@given(content=files, packed=st.booleans(), data=st.data())
@quick
def test_any_stretches_of_a_file_can_be_read_alone(
    tmp_path: Path, content: bytes, packed: bool, data: st.DataObject
) -> None:
    # Catches: a stretch that begins in a line or leaves one out; lines numbered from the stretch instead of the file;
    # the second of two stretches in one block of a packed file read from its beginning.
    path, seen, looked = look(tmp_path, content, packed)
    assert b"".join(texts_of(path, seen, looked.stretches)) == content
    some = [s for s in looked.stretches if data.draw(st.booleans())]
    found = [r for s, text in zip(some, texts_of(path, seen, some), strict=True) for r in records_in(s, text)]
    wanted = [r for r in plain(content) if any(s.line <= r[0] < s.line + s.count for s in some)]
    assert [(r.line, r.offset, r.data) for r in found] == wanted


@given(content=files)
@quick
def test_each_stretch_has_its_first_line_in_a_file_of_them(tmp_path: Path, content: bytes) -> None:
    # Catches a first line that is left out because it is blank or broken: then all others would be those of the next.
    _, _, seen = look(tmp_path, content)
    lines = content.split(b"\n")
    firsts = [lines[s.line - 1] for s in seen.stretches]
    kept = seen.firsts.path.read_bytes().split(b"\n")[:-1]
    assert len(kept) == len(firsts) == seen.firsts.records
    assert all(
        k.strip() == (f.strip() if is_object(f) or f in HIDDEN else b"{}") for k, f in zip(kept, firsts, strict=True)
    )


def test_stretches_are_as_long_as_they_should_be_and_not_too_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Catches: a stretch for every line, whose first lines are all of the file; one for every block, however small.
    content = b'{"a":1}\n' * 100_000
    monkeypatch.setattr(module, "_SHORTEST", 1000)
    _, _, seen = look(tmp_path, content)
    assert {s.size for s in seen.stretches[:-1]} <= set(range(1000, 1009)) | {s.size for s in seen.stretches[-1:]}
    monkeypatch.setattr(module, "_STRETCHES", 20)
    assert len(look(tmp_path, content)[2].stretches) <= 20


def test_bad_lines_that_are_too_many_to_be_held_are_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = b'{"a":1}\nbad\n' * 50
    monkeypatch.setattr(module, "_HELD", 10)
    _, _, seen = look(tmp_path, content)
    assert seen.places is None
    assert [b.line for b in seen.odd.found] == list(range(2, 101, 2))


@pytest.mark.parametrize("keep", [True, False])
def test_excerpts_are_kept_only_when_asked(tmp_path: Path, keep: bool) -> None:
    _, _, seen = look(tmp_path, b"secret\n", keep=keep)
    assert [b.excerpt for b in seen.odd.found] == (["secret"] if keep else [None])
