"""The fast way: new requests of a file go into the store in a single pass, without a stop in a temporary table.

Whatever it meets that needs a second look (duplicates, requests without an id) makes it give up without a trace; the
careful way follows.
"""

from __future__ import annotations

from collections.abc import Sequence

from tiermix.broken import cut_off
from tiermix.ingest.around import add_around
from tiermix.ingest.batch import Input, Job, Tally, next_batch
from tiermix.ingest.counted import count_by_logged_tier, count_outcomes
from tiermix.ingest.onepass import Fault, account, check, put, sound, tried
from tiermix.model import FileReceipt


def add_directly(job: Job, batch: Sequence[Input]) -> list[FileReceipt] | None:
    """Adds files of new requests in a single pass each; None, and nothing done, when they are not that."""
    item = batch[0]
    if item.dialect.row != "request" or not item.dialect.fast or item.seen.container not in ("lines", "parquet"):
        return None
    if len(batch) > 1 and job.keep == "requests":
        return None
    broken = item.seen.container == "lines" and any(cut_off(i.path, i.seen) for i in batch)
    done: list[FileReceipt] | Fault = Fault.BROKEN_LINE if broken else Fault.LOOK_AGAIN
    if job.keep == "tiers" and not broken:
        done = tried(job, lambda: count_by_logged_tier(job, batch))
    if job.keep != "requests" and done in (Fault.LOOK_AGAIN, Fault.BAD_ROW):
        done = tried(job, lambda: count_outcomes(job, batch))
    if len(batch) == 1 and isinstance(done, Fault):
        done = _add(job, item, broken=done is Fault.BROKEN_LINE)
    return None if isinstance(done, Fault) else done


def _add(job: Job, item: Input, *, broken: bool) -> list[FileReceipt] | Fault:
    """Adds a file, around its bad lines if there are any; it may be known to be broken."""
    done: list[FileReceipt] | Fault = Fault.BROKEN_LINE
    if not broken:
        done = tried(job, lambda: [_add_sound(job, item)])
    if isinstance(done, Fault) and done is not Fault.LOOK_AGAIN and item.seen.container == "lines":
        return add_around(job, item)
    return done


def _add_sound(job: Job, item: Input) -> FileReceipt:
    """Adds a file in which every line is sound."""
    source = sound(job, [item])
    # A row that is bad or has no id of its own gets no time, which the table refuses: that ends the attempt at once.
    rows = "SELECT c.* REPLACE (CASE WHEN bad IS NULL AND has_id THEN ts END AS ts)"
    batch_id = next_batch(job.store)
    added = put(job.store, batch_id, source, rows, "NOT skip")
    check(job.store, batch_id)
    return account(job, item, source, batch_id, Tally(added))
