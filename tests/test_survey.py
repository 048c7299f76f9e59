"""A look over a file of lines finds what a plain loop over it finds, and parts of it can be read alone."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.test_broken import BAD, BLANK, SOUND
from tiermix.ingest import survey as module
from tiermix.ingest.survey import Stretch, Survey, survey, texts_of
from tiermix.sources import Sample

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


def look(folder: Path, content: bytes, packed: bool = False) -> tuple[Path, Sample, Survey, list[Stretch]]:
    path = folder / "log.jsonl"
    path.write_bytes(gzip.compress(content) if packed else content)
    seen = Sample("lines", "gzip" if packed else "none", ())
    made = survey(path, seen, len(content), folder / "firsts.jsonl")
    return path, seen, made, [made.stretch(nth) for nth in range(made.firsts.records)]


@given(content=files, packed=st.booleans())
@quick
@example(content=b'{"a":1}\n \n{"cut":', packed=False)
@example(content=b"{not json}\n{}\n{ \n", packed=False)
@example(content=b"", packed=False)
def test_the_stretches_of_a_file_are_all_of_it(tmp_path: Path, content: bytes, packed: bool) -> None:
    # Catches: a last line without its end forgotten, or one counted behind the last line break; a stretch that begins
    # in a line, or has none.
    _, _, seen, stretches = look(tmp_path, content, packed)
    lines = content.split(b"\n")[: -1 if content.endswith(b"\n") or not content else None]
    assert (seen.lines, seen.size) == (len(lines), len(content))
    assert [s.line for s in stretches[1:]] == [s.line + s.count for s in stretches[:-1]]
    assert sum(s.count for s in stretches) == len(lines)
    assert all(s.count > 0 for s in stretches)
    assert all(s.offset == len(b"".join(x + b"\n" for x in lines[: s.line - 1])) for s in stretches)
    assert sum(s.size for s in stretches) == len(content)


@given(content=files, packed=st.booleans(), data=st.data())
@quick
def test_any_stretches_of_a_file_can_be_read_alone(
    tmp_path: Path, content: bytes, packed: bool, data: st.DataObject
) -> None:
    # Catches: a stretch that begins in a line or leaves one out; lines numbered from the stretch instead of the file;
    # the second of two stretches in one block of a packed file read from its beginning.
    path, seen, _, stretches = look(tmp_path, content, packed)
    assert b"".join(texts_of(path, seen, stretches)) == content
    some = [s for s in stretches if data.draw(st.booleans())]
    assert list(texts_of(path, seen, some)) == [content[s.offset : s.offset + s.size] for s in some]


@given(content=files)
@quick
def test_each_stretch_has_its_first_line_in_a_file_of_them(tmp_path: Path, content: bytes) -> None:
    # Catches a first line that is left out because it is blank or broken: then all others would be those of the next.
    _, _, seen, stretches = look(tmp_path, content)
    lines = content.split(b"\n")
    firsts = [lines[s.line - 1] for s in stretches]
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
    *_, stretches = look(tmp_path, content)
    assert {s.size for s in stretches[:-1]} <= set(range(1000, 1009))
    monkeypatch.setattr(module, "_STRETCHES", 20)
    assert len(look(tmp_path, content)[3]) <= 20
