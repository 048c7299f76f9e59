"""What the kinds of outcomes of a batch are: rows have only the hash of theirs, and a new kind must be read once more.

Mostly the head of a file has all of them. A rare one is looked for where its request stands: rows that one of DuckDB's
threads reads stay in their order, so it lies beside the lines of the file whose rows are the next before and behind it.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isqrt
from pathlib import Path

from tiermix import sql
from tiermix.files import scratch
from tiermix.ingest.batch import Input, Job
from tiermix.ingest.cleaning import LINES, Relation, cleaned, note_ids
from tiermix.ingest.survey import Stretch, glimpse, texts_of
from tiermix.store import Store

HEAD_ROWS = 20_000
# Of a smaller file, and of a larger share of any, it is not worth while to look for single rows.
_SMALL, _SHARE = 16 << 20, 0.3


@dataclass(frozen=True, slots=True)
class Way:
    """How much of requests is counted: the queries that count and that name outcomes, and which rows have one."""

    count: str
    name: str
    sound: str


OUTCOMES = Way("ingest/count_requests", "ingest/new_outcomes", "bad IS NULL")
TIERS = Way("ingest/count_tiers", "ingest/new_tiers", "uncounted IS NULL AND logged_tier IS NOT NULL")


def name_outcomes(job: Job, batch: Sequence[Input], source: Relation, way: Way, placed: Relation) -> bool:
    """Names the kinds of outcomes that a batch brings for the first time; false when the files no longer have them all.

    Args:
        job: the store and the key.
        batch: the files.
        source: their rows.
        way: what makes a kind.
        placed: of every request of the batch its `place` (ascending as rows were written), the hash of its id
            (`request`) and its `outcome_id`.
    """
    if not _unnamed(job.store, placed):
        return True
    name_outcomes_of(job.store, source, way, f" LIMIT {HEAD_ROWS}")
    if not (places := _unnamed(job.store, placed)):
        return True
    item = batch[0]
    if len(batch) == 1 and item.size > _SMALL and (item.seen.container, item.seen.packing) == ("lines", "none"):
        _name_at(job, item, way, placed, places)
        if not _unnamed(job.store, placed):
            return True
    name_outcomes_of(job.store, source, way, "")
    return not _unnamed(job.store, placed)


def name_outcomes_of(store: Store, source: Relation, way: Way, limit: str) -> None:
    """Gives names to the outcomes of the rows up to the limit (SQL), of which it reads the few columns they need."""
    incoming = f"SELECT * FROM (SELECT * FROM ({source.text}) AS c{limit}) AS head WHERE {way.sound} AND NOT skip"
    store.execute(f"WITH incoming AS ({incoming}) {sql.load(way.name).text}", source.params)


def _unnamed(store: Store, placed: Relation) -> list[int]:
    """Where the first requests of kinds without a name stand."""
    return [place for (place,) in _ask(store, placed, "ingest/unnamed")]


def _ask(store: Store, placed: Relation, name: str) -> list[tuple[int, ...]]:
    return store.execute(f"WITH placed AS ({placed.text}) {sql.load(name).text}", placed.params)


def _name_at(job: Job, item: Input, way: Way, placed: Relation, places: Sequence[int]) -> None:
    """Names the outcomes of what stands around some places of a file of lines."""
    # The more lines are known, the fewer are to be read around each place: with this many the sum of both is smallest.
    requests = job.store.execute(f"SELECT count(*) FROM ({placed.text}) AS p", placed.params)[0][0]
    many = isqrt(requests * len(places))
    if 2 * many > _SHARE * requests:
        return
    job.store.execute("SET preserve_insertion_order = true")  # of the known lines; nothing large is written any more
    with scratch() as folder:
        copy = folder / "part.jsonl"
        copy.touch()
        rows = cleaned(job, [copy], item.dialect, LINES)
        offsets, known = glimpse(item.path, item.size, many, copy)
        note_ids(job.store, "firsts", rows)
        if job.store.execute("SELECT count(*) FROM firsts") != [(known.records,)]:
            return
        around = _around(places, _ask(job.store, placed, "ingest/places"), offsets, item.size)
        _write(copy, texts_of(item.path, item.seen, around))
        name_outcomes_of(job.store, rows, way, "")


def _around(
    places: Sequence[int], known: Sequence[tuple[int, ...]], offsets: Sequence[int], size: int
) -> Iterator[Stretch]:
    """The stretches of a file in which rows can stand.

    Args:
        places: of the rows.
        known: which line of `offsets` stands at which place, by place.
        offsets: where lines begin in the file.
        size: that of the file, in bytes.
    """
    in_file = sorted(nth for nth, _ in known)
    bounds = [0, *(offsets[nth] for nth in in_file), size]
    begun_by = {nth: i for i, nth in enumerate(in_file, start=1)}
    by_place = [place for _, place in known]
    wanted = set()
    for place in places:
        behind = bisect(by_place, place)
        if behind:  # between this line and the next one of the file
            wanted.add(begun_by[known[behind - 1][0]])
        if behind < len(known):  # or it is one of the first that a thread read, just before this one
            wanted.add(begun_by[known[behind][0]] - 1)
    for i in sorted(wanted):
        yield Stretch(0, bounds[i], 0, bounds[i + 1] - bounds[i])


def _write(copy: Path, texts: Iterator[bytes]) -> None:
    with copy.open("wb") as out:
        for text in texts:
            out.write(text + b"\n")  # the last line of the file may have no end
