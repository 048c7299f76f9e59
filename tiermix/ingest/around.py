"""The fast way around bad lines: the good ones go into the store in one pass, and the others are found out apart."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from tiermix.errors import StoreBusy, StoreError, StoreFull
from tiermix.files import scratch
from tiermix.ingest.batch import Input, Job, Tally, next_batch
from tiermix.ingest.cleaning import seldom_lost
from tiermix.ingest.naming import HEAD_ROWS
from tiermix.ingest.onepass import Fault, LookAgain, account, check, lenient, put, tried
from tiermix.ingest.survey import Survey, survey
from tiermix.ingest.unstored import settle
from tiermix.model import FileReceipt

# So many rows show whether requests have ids; where only later ones have none, that is found at the end.
_NAMELESS_ROWS = 2048


def add_around(job: Job, item: Input) -> list[FileReceipt] | Fault:
    """Adds the good lines of a file with bad ones, one record a line, and quarantines the others.

    Args:
        job: the store and the key.
        item: the file.

    Raises:
        UnreadableFile: the file is damaged.
    """
    try:
        if _nameless(job, item):
            return Fault.LOOK_AGAIN
        typed = seldom_lost(job, item, HEAD_ROWS)
    except (StoreFull, StoreBusy):
        raise
    except StoreError:  # not even that can be read
        return Fault.LOOK_AGAIN
    with scratch() as folder, ThreadPoolExecutor(1) as aside:
        look = aside.submit(survey, item.path, item.seen, item.unpacked, folder / "firsts.jsonl")
        done = tried(job, lambda: [_add(job, item, typed, look, folder)])
        if done is Fault.TOO_FEW:
            done = tried(job, lambda: [_add(job, item, (), look, folder)])
    return done


def _nameless(job: Job, item: Input) -> bool:
    """Whether good requests in the head of a file have no id. No way around bad lines can do without ids."""
    source = lenient(job, item)
    head = f"SELECT * FROM ({source.text}) AS c LIMIT {_NAMELESS_ROWS}"
    found = job.store.execute(f"SELECT 1 FROM ({head}) AS head WHERE bad IS NULL AND NOT has_id LIMIT 1", source.params)
    return bool(found)


def _add(job: Job, item: Input, typed: Sequence[str], look: Future[Survey], folder: Path) -> FileReceipt:
    """Adds the good rows of a file, and finds out which lines the others were."""
    source, batch_id = lenient(job, item, typed), next_batch(job.store)
    added = put(job.store, batch_id, source, "SELECT c.*", "bad IS NULL AND has_id AND NOT skip")
    check(job.store, batch_id)
    rest = settle(job, item, look.result(), batch_id, folder, left_out=bool(typed))
    if rest.late:
        check(job.store, batch_id)
    if rest.lines - rest.bad != added + rest.late:
        raise LookAgain
    return account(job, item, source, batch_id, Tally(rest.lines, 0, rest.bad))
