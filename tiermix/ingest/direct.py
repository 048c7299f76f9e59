"""The fast way: new requests of sound files go into the store in a single pass, without a stop in a temporary table.

Whatever it meets that needs a second look (duplicates, requests without an id, values that are lost when they are read
as the type they should have) makes it give up without a trace; the careful way follows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from tiermix import sql
from tiermix.broken import BadLines, locate, obvious
from tiermix.errors import StoreBusy, StoreError, StoreFull
from tiermix.ingest.batch import Cleaned, Input, Job, Tally, bad_rows, cleaned, enter, next_batch, roll_up
from tiermix.model import FileReceipt
from tiermix.store import Store
from tiermix.tiers import settled

_HEAD_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class _Way:
    """How much of requests is counted: the queries that count and that name outcomes, and which rows have one."""

    count: str
    name: str
    sound: str


_OUTCOMES = _Way("ingest/count_requests", "ingest/new_outcomes", "bad IS NULL")
_TIERS = _Way("ingest/count_tiers", "ingest/new_tiers", "uncounted IS NULL AND logged_tier IS NOT NULL")


class _SecondLook(Exception):
    """Something in the file keeps it from being added in one pass."""


def add_directly(job: Job, batch: Sequence[Input]) -> list[FileReceipt] | None:
    """Adds files of new requests in a single pass each; None, and nothing done, when they are not that."""
    item = batch[0]
    if item.dialect.row != "request" or not item.dialect.fast or item.seen.container not in ("lines", "parquet"):
        return None
    if job.keep == "tiers" and (done := _tried(job, lambda: _count_by_logged_tier(job, batch))) is not None:
        return done
    if job.keep != "requests":
        done = _tried(job, lambda: _count(job, batch, _sound(job, batch), _OUTCOMES))
        if done is not None:
            return done
    if len(batch) > 1:
        return None
    try:
        if (done := _tried(job, lambda: [_add_sound(job, item)], broken_raises=True)) is not None:
            return done
    except StoreError:
        # Some line is broken. In JSON the others can still be read in one pass; a Parquet file cannot be read at all.
        if item.seen.container == "lines":
            return _tried(job, lambda: [_add_around_broken(job, item)])
    return None


def _tried(job: Job, way: Callable[[], list[FileReceipt]], *, broken_raises: bool = False) -> list[FileReceipt] | None:
    """What a way of adding gives, in a transaction; None when it gave up."""
    try:
        with job.store.transaction(), _unordered(job.store):
            return way()
    except _SecondLook:
        return None
    except (StoreFull, StoreBusy):
        raise
    except StoreError:
        if broken_raises:
            raise
        return None


@contextmanager
def _unordered(store: Store) -> Iterator[None]:
    """Lets DuckDB write rows in the order in which threads finish them."""
    store.execute("SET preserve_insertion_order = false")
    try:
        yield
    finally:
        store.execute("SET preserve_insertion_order = true")


def _add_sound(job: Job, item: Input) -> FileReceipt:
    """Adds a file in which every line is sound."""
    source = cleaned(job, [item.path], item.dialect, item.seen, typed=True, strict=True)
    # A row that is bad or has no id of its own gets no time, which the table refuses: that ends the attempt at once.
    rows = "SELECT c.* REPLACE (CASE WHEN bad IS NULL AND has_id THEN ts END AS ts)"
    batch_id, added = _insert(job, item, source, rows, "NOT skip")
    return _account(job, item, source, batch_id, Tally(added))


def _add_around_broken(job: Job, item: Input) -> FileReceipt:
    """Adds a file of which some lines are broken, reading every value as text.

    Its rows come in no order, so that another pass must say which lines they were not: first a light one at the same
    time, which only knows lines that are cut or no JSON, then one by all rules.
    """
    source = cleaned(job, [item.path], item.dialect, item.seen)
    with ThreadPoolExecutor(1) as pool:
        light = pool.submit(obvious, item.path, item.seen, keep_excerpts=job.config.keep_excerpts)
        batch_id, added = _insert(job, item, source, "SELECT c.*", "bad IS NULL AND has_id AND NOT skip")
        bad = light.result()
    if bad.lines - bad.count != added:
        bad = _judge(job, item)
    if bad.lines - bad.count != added:
        raise _SecondLook
    return _account(job, item, source, batch_id, Tally(bad.lines, 0, bad.count, bad.found))


def _judge(job: Job, item: Input) -> BadLines:
    """The number of lines of a file and the bad ones, read in its order; these are found while they are taken."""
    source = cleaned(job, [item.path], item.dialect, item.seen)
    job.store.execute("SET preserve_insertion_order = true")
    job.store.execute(f"CREATE OR REPLACE TEMP TABLE judged AS SELECT bad FROM ({source.text}) AS c", source.params)
    lines, count, first = job.store.execute("SELECT count(*), count(bad), min(rowid) FROM judged")[0]
    found = bad_rows(job.store, "rowid - $first AS nth, bad FROM judged", {"first": first})
    return BadLines(lines, count, locate(item.path, item.seen, found, keep_excerpts=job.config.keep_excerpts))


def _insert(job: Job, item: Input, source: Cleaned, rows: str, which: str) -> tuple[int, int]:
    """Puts rows into the store as a new batch; its number, and how many."""
    batch_id = next_batch(job.store)
    incoming = f"{rows}, CAST(NULL AS VARCHAR) AS group_key FROM ({source.text}) AS c WHERE {which}"
    insert = sql.load("ingest/insert_requests").text
    job.store.execute(f"WITH incoming AS ({incoming}) {insert}", {**source.params, "batch_id": batch_id})
    added, twice, known = job.store.ask("ingest/added", {"batch_id": batch_id})[0]
    if twice or known:
        raise _SecondLook
    return batch_id, int(added)


def _account(job: Job, item: Input, source: Cleaned, batch_id: int, tally: Tally) -> FileReceipt:
    missing = "ingest/missing_outcomes"
    _name_outcomes(job.store, source, _OUTCOMES, lambda: job.store.ask(missing, {"batch_id": batch_id})[0][0])
    roll_up(job.store, batch_id)
    return enter(job, item, batch_id, tally)


def _name_outcomes(store: Store, source: Cleaned, way: _Way, missing: Callable[[], int]) -> None:
    """Reads the few columns of outcomes again: first in the head of the file, which mostly has them all, then in all.

    Only the first files of a store, and now and then a later one, bring outcomes that are not known by their hash.
    """
    for limit in (f" LIMIT {_HEAD_ROWS}", ""):
        if not missing():
            return
        _name_outcomes_of(store, source, way, limit)
    if missing():
        raise _SecondLook  # the file has changed meanwhile


def _name_outcomes_of(store: Store, source: Cleaned, way: _Way, limit: str) -> None:
    incoming = f"SELECT * FROM (SELECT * FROM ({source.text}) AS c{limit}) AS head WHERE {way.sound} AND NOT skip"
    store.execute(f"WITH incoming AS ({incoming}) {sql.load(way.name).text}", source.params)


def _count_by_logged_tier(job: Job, batch: Sequence[Input]) -> list[FileReceipt]:
    """Counts the requests of files of which every line names its tier, without a look at anything else."""
    store, source = job.store, _sound(job, batch)
    before = {o.outcome_id for o in store.outcomes()}

    def look() -> None:
        if not settled(job.config, (o for o in store.outcomes() if o.outcome_id not in before)):
            raise _SecondLook

    _name_outcomes_of(store, source, _TIERS, f" LIMIT {_HEAD_ROWS}")
    look()  # before all of the file is read
    counted = _count(job, batch, source, _TIERS)
    look()
    return counted


def _sound(job: Job, batch: Sequence[Input]) -> Cleaned:
    return cleaned(job, [i.path for i in batch], batch[0].dialect, batch[0].seen, typed=True, strict=True)


def _count(job: Job, batch: Sequence[Input], source: Cleaned, way: _Way) -> list[FileReceipt]:
    """Counts the requests of sound files by minute and outcome, for one question; no request is kept."""
    store = job.store
    store.ask("ingest/begin_count")
    incoming = f"SELECT * FROM ({source.text}) AS c WHERE NOT skip"
    files = {"files": [str(i.path) for i in batch]}
    store.execute(f"WITH incoming AS ({incoming}) {sql.load(way.count).text}", {**source.params, **files})
    if store.ask("ingest/counted_twice")[0][0]:
        raise _SecondLook
    store.ask("ingest/sum_counts")
    _name_outcomes(store, source, way, lambda: store.ask("ingest/missing_counted_outcomes")[0][0])
    store.ask("ingest/end_count")
    lines: dict[int, int] = dict(store.execute("SELECT file, CAST(sum(requests) AS BIGINT) FROM counts GROUP BY file"))
    store.execute("DROP TABLE counted")
    batch_id = next_batch(store)
    return [enter(job, item, batch_id, Tally(lines.get(n, 0))) for n, item in enumerate(batch, start=1)]
