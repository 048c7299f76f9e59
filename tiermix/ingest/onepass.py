"""Rows of files straight into the store, in one pass and one transaction, and what can come in between."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum

from tiermix import sql
from tiermix.errors import RowRefused, StoreBusy, StoreError, StoreFull
from tiermix.ingest.batch import Input, Job, Tally, enter, roll_up
from tiermix.ingest.cleaning import Relation, cleaned
from tiermix.ingest.naming import OUTCOMES, name_outcomes
from tiermix.model import FileReceipt
from tiermix.store import Store


class LookAgain(Exception):
    """Ends a way of adding: see `Fault.LOOK_AGAIN`."""


class TooFew(Exception):
    """Ends a way of adding: see `Fault.TOO_FEW`."""


class Fault(Enum):
    """Why a way of adding gave up, without a trace."""

    LOOK_AGAIN = "something in the file keeps it from being added in one pass"
    BAD_ROW = "a row is bad, or has no id"
    BROKEN_LINE = "a line is no JSON, or has a value of another type than it should"
    TOO_FEW = "too many rows were left out, because of what they may have lost"


def tried(job: Job, way: Callable[[], list[FileReceipt]]) -> list[FileReceipt] | Fault:
    """What a way of adding gives, in a transaction.

    Raises:
        StoreFull, StoreBusy: the store cannot be written.
    """
    try:
        with _unordered(job.store), job.store.transaction():
            return way()
    except LookAgain:
        return Fault.LOOK_AGAIN
    except TooFew:
        return Fault.TOO_FEW
    except (StoreFull, StoreBusy):
        raise
    except RowRefused:
        return Fault.BAD_ROW
    except StoreError:
        return Fault.BROKEN_LINE


@contextmanager
def _unordered(store: Store) -> Iterator[None]:
    """Lets DuckDB write rows in the order in which threads finish them."""
    store.execute("SET preserve_insertion_order = false")
    try:
        yield
    finally:
        store.execute("SET preserve_insertion_order = true")


def sound(job: Job, batch: Sequence[Input]) -> Relation:
    """The rows of files, read as the types they should have: raises at the first line that cannot be."""
    paths, like = [i.path for i in batch], batch[0]
    return cleaned(job, paths, like.dialect, like.seen, typed=like.dialect.typed, strict=True)


def lenient(job: Job, item: Input, typed: Collection[str] = ()) -> Relation:
    """The rows of a file; a line that cannot be read is a bad row.

    Args:
        job: the store and the key.
        item: the file.
        typed: the fields that are read as the types they should have. Rows that may have lost a value by that are left
            out. All others are read as text, so that none is lost.
    """
    return cleaned(job, [item.path], item.dialect, item.seen, typed=typed)


def put(store: Store, batch_id: int, source: Relation, rows: str, which: str) -> int:
    """Puts rows into the store; how many.

    Args:
        store: which.
        batch_id: the batch they belong to.
        source: the rows.
        rows: the SELECT list.
        which: the condition under which a row is taken.
    """
    incoming = f"{rows}, CAST(NULL AS VARCHAR) AS group_key FROM ({source.text}) AS c WHERE {which}"
    text = f"WITH incoming AS ({incoming}) {sql.load('ingest/insert_requests').text}"
    return int(store.execute(text, {**source.params, "batch_id": batch_id})[0][0])


def check(store: Store, batch_id: int) -> None:
    """Makes sure of the requests of a batch.

    Raises:
        LookAgain: one is among them twice, or in the store already.
    """
    if any(store.ask("ingest/added_twice", {"batch_id": batch_id})[0]):
        raise LookAgain


def account(job: Job, item: Input, source: Relation, batch_id: int, tally: Tally) -> FileReceipt:
    """Brings outcomes, rollups, quarantine and ledger up to a batch that was put into the store.

    Raises:
        LookAgain: the file has changed meanwhile.
    """
    placed = "SELECT rowid AS place, request_hash AS request, outcome_id FROM request_log WHERE batch_id = $batch_id"
    if not name_outcomes(job, [item], source, OUTCOMES, Relation(placed, {"batch_id": batch_id})):
        raise LookAgain
    roll_up(job.store, batch_id)
    return enter(job, item, batch_id, tally)
