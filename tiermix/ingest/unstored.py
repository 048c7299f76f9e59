"""Which lines of a file are not in the store, and why: DuckDB does not say which line a row came from.

It takes rows in the order of the file only slowly, but those that one of its threads reads stay in their order. Where
two lines are as far apart in the store as in the file, all between them are stored; only the others are judged again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from tiermix.broken import BadLines, locate, named
from tiermix.ingest.batch import Input, Job, bad_rows, cleaned
from tiermix.ingest.onepass import LookAgain, as_text
from tiermix.ingest.survey import Stretch, Survey, records_in, texts_of
from tiermix.sources import Sample
from tiermix.sources.records import Record
from tiermix.store import Store

# So many bytes are judged at a time, and no more than this share of a file apart from the rest.
_PART = 256 << 20
_SHARE = 0.5
_LINES = Sample("lines", "none", ())


def unstored(job: Job, item: Input, look: Survey, batch_id: int, folder: Path) -> BadLines:
    """The bad lines of a file whose other lines a batch has put into the store.

    A line that is not in the store and yet not bad (it has no id, say) is not among them, and neither is a bad one that
    stands where a good one should: then they and the stored ones do not add up to the lines of the file.

    Args:
        job: the store and the key.
        item: the file, one record a line.
        look: what a look over it showed.
        batch_id: the batch.
        folder: for copies of some of its lines.
    """
    store = job.store
    store.execute("SET preserve_insertion_order = true")
    doubtful = _doubtful(job, item, look, batch_id)
    if sum(s.size for s in doubtful) > _SHARE * look.size:
        return _judged(job, item, look.odd.lines)
    store.execute("CREATE OR REPLACE TEMP TABLE judged (bad VARCHAR)")
    counts = [n for several in _parts(doubtful) for n in _judge(job, item, several, folder / "part.jsonl")]
    numbered = enumerate(_records(job, item, doubtful, counts))
    found = ((next(r for k, r in numbered if k == nth), why) for nth, why in _reasons(store))
    rows, bad = store.execute("SELECT count(*), count(bad) FROM judged")[0]
    if rows != sum(counts):  # the file has changed, or has lines that are blank to DuckDB alone
        raise LookAgain
    return BadLines(look.odd.lines, int(bad), named(found, keep_excerpts=job.config.keep_excerpts))


def _doubtful(job: Job, item: Input, look: Survey, batch_id: int) -> list[Stretch]:
    """The stretches of a file of which the store may not have every line."""
    firsts = cleaned(job, [look.firsts.path], item.dialect, _LINES, longest=look.firsts.longest)
    ids = f"SELECT CASE WHEN has_id THEN hash(request_id) END AS request FROM ({firsts.text}) AS c"
    job.store.execute(f"CREATE OR REPLACE TEMP TABLE firsts AS {ids}", firsts.params)
    apart = job.store.ask("ingest/stored_apart", {"batch_id": batch_id})
    return [s for s, (stored,) in zip(look.stretches, apart, strict=True) if stored != s.count]


def _parts(stretches: Sequence[Stretch]) -> Iterator[list[Stretch]]:
    size = 0

    def part(stretch: Stretch) -> int:
        nonlocal size
        size += stretch.size
        return size // _PART

    return (list(several) for _, several in groupby(stretches, part))


def _judge(job: Job, item: Input, stretches: Sequence[Stretch], copy: Path) -> list[int]:
    """Judges the lines of some stretches; how many each has that are not blank."""
    counts, longest = [], 0
    with copy.open("wb") as out:
        for stretch, text in zip(stretches, texts_of(item.path, item.seen, stretches), strict=True):
            out.write(text if text.endswith(b"\n") else text + b"\n")
            here = records_in(stretch, text)
            counts.append(len(here))
            longest = max(longest, *(r.size for r in here), 0)
    again = cleaned(job, [copy], item.dialect, _LINES, longest=longest)
    job.store.execute(f"INSERT INTO judged SELECT bad FROM ({again.text}) AS c", again.params)
    return counts


def _records(job: Job, item: Input, stretches: Sequence[Stretch], counts: Sequence[int]) -> Iterator[Record]:
    """The lines that were judged.

    Raises:
        LookAgain: the file has changed since.
    """
    texts = texts_of(item.path, item.seen, stretches)
    for stretch, count, text in zip(stretches, counts, texts, strict=True):
        here = records_in(stretch, text)
        if len(here) != count:
            raise LookAgain
        yield from here


def _reasons(store: Store) -> Iterator[tuple[int, str]]:
    """Which of the lines that were judged are bad, from 0, and why."""
    first = store.execute("SELECT min(rowid) FROM judged")[0][0]
    return bad_rows(store, "rowid - $first AS nth, bad FROM judged", {"first": first})


def _judged(job: Job, item: Input, lines: int) -> BadLines:
    """The bad lines of a file, all of which is read and judged in its order."""
    source = as_text(job, item)
    job.store.execute(f"CREATE OR REPLACE TEMP TABLE judged AS SELECT bad FROM ({source.text}) AS c", source.params)
    count = job.store.execute("SELECT count(bad) FROM judged")[0][0]
    found = locate(item.path, item.seen, _reasons(job.store), keep_excerpts=job.config.keep_excerpts)
    return BadLines(lines, count, found)
