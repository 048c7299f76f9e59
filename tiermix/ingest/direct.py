"""The fast way: new requests of sound files go into the store in a single pass, without a stop in a temporary table.

Whatever it meets that needs a second look (duplicates, requests without an id, values that are lost when they are read
as the type they should have) makes it give up without a trace; the careful way follows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

from tiermix import sql
from tiermix.broken import UNKNOWN, BadLines, cut_off, obvious
from tiermix.errors import RowRefused, StoreBusy, StoreError, StoreFull
from tiermix.ingest.batch import Cleaned, Input, Job, Tally, cleaned, enter, next_batch, roll_up
from tiermix.ingest.unstored import unstored
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


class _LookAgain(Exception):
    """Ends a way of adding: see `_Fault.LOOK_AGAIN`."""


class _Fault(Enum):
    """Why a way of adding gave up, without a trace."""

    LOOK_AGAIN = "something in the file keeps it from being added in one pass"
    BAD_ROW = "a row is bad, or has no id"
    BROKEN_LINE = "a line is no JSON, or has a value of another type than it should"


def add_directly(job: Job, batch: Sequence[Input]) -> list[FileReceipt] | None:
    """Adds files of new requests in a single pass each; None, and nothing done, when they are not that."""
    item = batch[0]
    if item.dialect.row != "request" or not item.dialect.fast or item.seen.container not in ("lines", "parquet"):
        return None
    if len(batch) > 1 and job.keep == "requests":
        return None
    broken = item.seen.container == "lines" and any(cut_off(i.path, i.seen) for i in batch)
    done: list[FileReceipt] | _Fault = _Fault.BROKEN_LINE if broken else _Fault.LOOK_AGAIN
    if job.keep == "tiers" and not broken:
        done = _tried(job, lambda: _count_by_logged_tier(job, batch))
    if job.keep != "requests" and done in (_Fault.LOOK_AGAIN, _Fault.BAD_ROW):
        done = _tried(job, lambda: _count(job, batch, _sound(job, batch), _OUTCOMES))
    if len(batch) == 1 and isinstance(done, _Fault):
        done = _add(job, item, broken=done is _Fault.BROKEN_LINE)
    return None if isinstance(done, _Fault) else done


def _add(job: Job, item: Input, *, broken: bool) -> list[FileReceipt] | _Fault:
    """Adds a file in one pass, in the fastest way for what is wrong with it; it may be known to be broken."""
    done: list[FileReceipt] | _Fault = _Fault.BROKEN_LINE
    if not broken:
        done = _tried(job, lambda: [_add_sound(job, item)])
    if not isinstance(done, _Fault) or done is _Fault.LOOK_AGAIN or item.seen.container == "parquet":
        return done
    try:
        nameless, bad = _head(job, item)
    except (StoreFull, StoreBusy):
        raise
    except StoreError:  # not even that can be read
        return _Fault.LOOK_AGAIN
    if nameless:
        return _Fault.LOOK_AGAIN
    if done is _Fault.BAD_ROW:
        done = _tried(job, lambda: [_add_around(job, item, _sound(job, [item]), light=False)])
    if done is _Fault.BROKEN_LINE:  # as text, so that no value is lost
        done = _tried(job, lambda: [_add_around(job, item, _as_text(job, item), light=not bad)])
    return done


def _tried(job: Job, way: Callable[[], list[FileReceipt]]) -> list[FileReceipt] | _Fault:
    """What a way of adding gives, in a transaction.

    Raises:
        StoreFull, StoreBusy: the store cannot be written.
    """
    try:
        with _unordered(job.store), job.store.transaction():
            return way()
    except _LookAgain:
        return _Fault.LOOK_AGAIN
    except (StoreFull, StoreBusy):
        raise
    except RowRefused:
        return _Fault.BAD_ROW
    except StoreError:
        return _Fault.BROKEN_LINE


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
    source = _sound(job, [item])
    # A row that is bad or has no id of its own gets no time, which the table refuses: that ends the attempt at once.
    rows = "SELECT c.* REPLACE (CASE WHEN bad IS NULL AND has_id THEN ts END AS ts)"
    batch_id, added = _insert(job, item, source, rows, "NOT skip")
    return _account(job, item, source, batch_id, Tally(added))


def _head(job: Job, item: Input) -> tuple[bool, bool]:
    """Whether good requests in the head of a file have no id, and whether lines in it are bad that can be read.

    No way around a bad line can do without ids.
    """
    source = _as_text(job, item)
    head = f"SELECT * FROM ({source.text}) AS c LIMIT {_HEAD_ROWS}"
    counts = "count(*) FILTER (bad IS NULL AND NOT has_id), count(*) FILTER (bad <> $unread)"
    params = {**source.params, "unread": UNKNOWN}
    nameless, bad = job.store.execute(f"SELECT {counts} FROM ({head}) AS head", params)[0]
    return nameless > 0, bad > 0


def _add_around(job: Job, item: Input, source: Cleaned, *, light: bool) -> FileReceipt:
    """Adds the good lines of a file, and finds out which the others were.

    With `light` a pass over the file at the same time says it first: that knows only lines that are cut or no JSON,
    which mostly are all.
    """
    bad: BadLines | None = None
    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(obvious, item.path, item.seen, keep_excerpts=job.config.keep_excerpts) if light else None
        batch_id, added = _insert(job, item, source, "SELECT c.*", "bad IS NULL AND has_id AND NOT skip")
        if looking is not None:
            bad = looking.result()
    if bad is None or bad.lines - bad.count != added:
        bad = unstored(job, item, source, batch_id)
    if bad.lines - bad.count != added:
        raise _LookAgain
    return _account(job, item, source, batch_id, Tally(bad.lines, 0, bad.count, bad.found))


def _insert(job: Job, item: Input, source: Cleaned, rows: str, which: str) -> tuple[int, int]:
    """Puts rows into the store as a new batch; its number, and how many."""
    batch_id = next_batch(job.store)
    incoming = f"{rows}, CAST(NULL AS VARCHAR) AS group_key FROM ({source.text}) AS c WHERE {which}"
    insert = sql.load("ingest/insert_requests").text
    job.store.execute(f"WITH incoming AS ({incoming}) {insert}", {**source.params, "batch_id": batch_id})
    added, twice, known = job.store.ask("ingest/added", {"batch_id": batch_id})[0]
    if twice or known:
        raise _LookAgain
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
        raise _LookAgain  # the file has changed meanwhile


def _name_outcomes_of(store: Store, source: Cleaned, way: _Way, limit: str) -> None:
    incoming = f"SELECT * FROM (SELECT * FROM ({source.text}) AS c{limit}) AS head WHERE {way.sound} AND NOT skip"
    store.execute(f"WITH incoming AS ({incoming}) {sql.load(way.name).text}", source.params)


def _count_by_logged_tier(job: Job, batch: Sequence[Input]) -> list[FileReceipt]:
    """Counts the requests of files of which every line names its tier, without a look at anything else."""
    store, source = job.store, _sound(job, batch)
    before = {o.outcome_id for o in store.outcomes()}

    def look() -> None:
        if not settled(job.config, (o for o in store.outcomes() if o.outcome_id not in before)):
            raise _LookAgain

    _name_outcomes_of(store, source, _TIERS, f" LIMIT {_HEAD_ROWS}")
    look()  # before all of the file is read
    counted = _count(job, batch, source, _TIERS)
    look()
    return counted


def _sound(job: Job, batch: Sequence[Input]) -> Cleaned:
    """The rows of files, read as the types they should have: raises at the first line that cannot be."""
    return cleaned(job, [i.path for i in batch], batch[0].dialect, batch[0].seen, typed=True, strict=True)


def _as_text(job: Job, item: Input) -> Cleaned:
    """The rows of a file, every value read as text, so that none is lost; a line that cannot be read is a bad row."""
    return cleaned(job, [item.path], item.dialect, item.seen)


def _count(job: Job, batch: Sequence[Input], source: Cleaned, way: _Way) -> list[FileReceipt]:
    """Counts the requests of sound files by minute and outcome, for one question; no request is kept."""
    store = job.store
    store.ask("ingest/begin_count")
    incoming = f"SELECT * FROM ({source.text}) AS c WHERE NOT skip"
    files = {"files": [str(i.path) for i in batch]}
    store.execute(f"WITH incoming AS ({incoming}) {sql.load(way.count).text}", {**source.params, **files})
    if store.ask("ingest/counted_twice")[0][0]:
        raise _LookAgain
    store.ask("ingest/sum_counts")
    _name_outcomes(store, source, way, lambda: store.ask("ingest/missing_counted_outcomes")[0][0])
    store.ask("ingest/end_count")
    lines: dict[int, int] = dict(store.execute("SELECT file, CAST(sum(requests) AS BIGINT) FROM counts GROUP BY file"))
    store.execute("DROP TABLE counted")
    batch_id = next_batch(store)
    return [enter(job, item, batch_id, Tally(lines.get(n, 0))) for n, item in enumerate(batch, start=1)]
