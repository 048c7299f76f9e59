"""Sends the files, in batches of those that are read alike, the fastest way that is safe."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from tiermix import sql
from tiermix.config.settings import Config
from tiermix.errors import (
    NoInput,
    StoreBusy,
    StoreError,
    StoreFull,
    StoreStrained,
    UnreadableFile,
)
from tiermix.ingest.batch import Input, Job
from tiermix.ingest.direct import add_directly
from tiermix.ingest.inspection import inspect
from tiermix.ingest.staged import add_carefully, add_plainly, add_staged
from tiermix.inputs import Found
from tiermix.model import FileReceipt, Keep, Receipt
from tiermix.sources.packing import damage
from tiermix.store import Store
from tiermix.tiers import tiering

DEFAULT_MAX_BAD = 0.01
# Files read alike go into one transaction up to this size unpacked, which bounds the temporary space of a batch.
_BATCH_BYTES = 2 << 30
_BATCH_FILES = 5000
# From this size on a file is worth a transaction of its own, which lets it go the fast way.
_ALONE_BYTES = 4 << 20

Progress = Callable[[int, int, str], None]  # bytes done, bytes in all, what is being read


def _silent(done: int, total: int, label: str) -> None:
    """Reports to nobody."""


def ingest(
    store: Store,
    found: Found,
    config: Config,
    *,
    now: datetime,
    source: str = "",
    max_bad: float = DEFAULT_MAX_BAD,
    hash_key: str | None = None,
    keep: Keep = "requests",
    progress: Progress = _silent,
    keep_going: bool = False,
) -> Receipt:
    """Reads log files into the store.

    Args:
        store: where to; open for writing.
        found: the files.
        config: tiers, mapped sources and privacy.
        now: the time to put into the ledger.
        source: the dialect of all files; empty to find it from their content.
        max_bad: the share of lines that may be bad before the receipt says `too_bad`.
        hash_key: the key under which tenants and users are hashed; needed with `privacy.hash_users`.
        keep: "outcomes" when the store is for questions to the minute rollup alone, "tiers" when also only for those to
            the served tier; then requests need not be kept, and in a log that names its tiers a fault in another field
            than those that a count needs goes unseen.
        progress: is told how far it is.
        keep_going: list what could not be read in the receipt, unless nothing at all could be read.

    Returns:
        What became of every file. Files that hold nothing are in it, with no lines.

    Raises:
        NoInput: all files are empty.
        InputError: a file cannot be read, or one that the user named is of no known source; all others are ingested
            first.
        StoreError: the store is full, busy or broken; every batch before is kept, the one at hand left no trace.
    """
    started = time.monotonic()
    store.prepare("ingest/macros")
    job = Job(store, config, hash_key if config.hash_users else None, now, keep)
    seen = inspect(store, found, config, source)
    inputs, receipts, failures = seen.inputs, seen.receipts, seen.failures
    total = sum(i.size for i in inputs)
    done = 0
    requests_before = _count(store, "request_log")
    with _looking_for_damage(inputs):
        for batch in _batches(inputs):
            progress(done, total, batch[0].name)
            receipts += _ingest_batch(job, batch)
            done += sum(i.size for i in batch)
    progress(total, total, "")
    store.place(tiering(config, store.outcomes()).placements, keep=True)
    failures += _damaged(store, inputs)
    if failures and not (keep_going and any(r.lines for r in receipts)):
        raise failures[0]
    if not receipts or not any(r.lines for r in receipts):
        raise NoInput(
            "there is not a single line in the files",
            where=", ".join(found.labels.get(p, str(p)) for p in found.paths[:3]),
            hint="check the path, and that the gateway's log is switched on and has been written",
        )
    order = {found.labels.get(p, str(p)): i for i, p in enumerate(found.paths)}
    receipts.sort(key=lambda r: order[r.path])
    added = sum(r.accepted for r in receipts) if keep != "requests" else _count(store, "request_log") - requests_before
    return Receipt(tuple(receipts), added, time.monotonic() - started, max_bad, tuple(seen.notes), tuple(failures))


@contextmanager
def _looking_for_damage(inputs: Sequence[Input]) -> Iterator[None]:
    """Checks packed files while they are read, because DuckDB does not; their `damage` is complete at the end."""
    pool = ThreadPoolExecutor(1)
    try:
        checks: list[tuple[Input, Future[str]]] = [
            (i, pool.submit(damage, i.path, i.seen.packing)) for i in inputs if i.seen.packing != "none"
        ]
        yield
        for item, check in checks:
            if not item.damage and (found := check.result()):
                item.damage.append(found)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _damaged(store: Store, inputs: Iterable[Input]) -> list[UnreadableFile]:
    """What could not be read to its end. Such a file counts as unread next time, so that it is complained of again."""
    faults = [(i, why) for i in inputs for why in i.damage]
    if faults:
        store.ask("ingest/forget_files", {"paths": [i.name for i, _ in faults]})
    kept = "what could be read of it is kept" if store.path else "tiermix ingest keeps what can be read of it"
    hint = f"get a whole copy of it and read that; {kept}"
    # Of a column of Parquet that is damaged itself nothing can be had.
    tables = "nothing of it is kept: get a whole copy of it, or write it anew without what cannot be read"
    return [
        UnreadableFile(why, where=i.name, hint=tables if i.seen.container == "parquet" else hint) for i, why in faults
    ]


def _count(store: Store, table: str) -> int:
    return int(store.execute(f"SELECT count(*) FROM {sql.identifier(table)}")[0][0])


def _batches(inputs: Iterable[Input]) -> Iterable[list[Input]]:
    """Files that are read alike: of Parquet those of one schema, as DuckDB makes texts of columns that differ."""
    groups: dict[tuple[object, ...], list[list[Input]]] = {}
    filled: dict[tuple[object, ...], int] = {}  # bytes in the last batch of each group
    for item in inputs:
        alike = (item.dialect.name, item.dialect.projection, replace(item.seen, keys=()))
        batches = groups.setdefault(alike, [[]])
        size = item.unpacked
        full = filled.get(alike, 0) + size > _BATCH_BYTES or len(batches[-1]) >= _BATCH_FILES
        if batches[-1] and full:
            batches.append([])
            filled[alike] = 0
        batches[-1].append(item)
        filled[alike] = filled.get(alike, 0) + size
    return [batch for batches in groups.values() for batch in batches]


def _ingest_batch(job: Job, batch: Sequence[Input]) -> list[FileReceipt]:
    if not batch[0].seen.plain:
        return [r for item in batch for r in add_carefully(job, item)]
    try:
        done = add_directly(job, batch)
    except UnreadableFile:  # it is damaged; the careful way keeps what stands before the damage
        done = None
    if done is not None:
        return done
    if batch[0].dialect.fast and len(batch) > 1 and (large := [i for i in batch if i.size >= _ALONE_BYTES]):
        rest = [i for i in batch if i.size < _ALONE_BYTES]
        receipts = [r for item in large for r in _ingest_batch(job, [item])]
        return receipts + (_ingest_batch(job, rest) if rest else [])
    try:
        return add_staged(job, batch)
    except (StoreFull, StoreBusy):
        raise
    except StoreError as refused:
        # The engine could not read some file as a whole. Read each alone, and that one line by line.
        if len(batch) > 1:
            return [r for item in batch for r in _ingest_batch(job, [item])]
        if batch[0].seen.container == "parquet":
            if isinstance(refused, StoreStrained):
                raise
            return add_plainly(job, batch[0], refused.message)
        return add_carefully(job, batch[0])
