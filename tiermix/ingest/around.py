"""The fast way around bad lines: the good ones go into the store in one pass, and the others are found out apart."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from tiermix.errors import StoreBusy, StoreError, StoreFull
from tiermix.files import scratch
from tiermix.ingest.batch import Cleaned, Input, Job, Tally, misfits
from tiermix.ingest.onepass import HEAD_ROWS, Fault, LookAgain, account, as_text, insert, sound, tried
from tiermix.ingest.survey import Survey, survey
from tiermix.ingest.unstored import unstored
from tiermix.model import FileReceipt


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
        but = misfits(job, item, HEAD_ROWS)
    except (StoreFull, StoreBusy):
        raise
    except StoreError:  # not even that can be read
        return Fault.LOOK_AGAIN
    with scratch() as folder:
        firsts = folder / "firsts.jsonl"
        look = survey(item.path, item.seen, item.unpacked, firsts, keep_excerpts=job.config.keep_excerpts)
        done = _add_typed(job, item, but, look, folder)
        if done is Fault.BROKEN_LINE:
            done = tried(job, lambda: [_add(job, item, as_text(job, item), look, folder)])
    return done


def _add_typed(job: Job, item: Input, but: Sequence[str], look: Survey, folder: Path) -> list[FileReceipt] | Fault:
    """Adds a file read as the types its values should have, save some fields, and as if its odd lines were blank."""
    if look.places is None or (look.places and item.seen.packing != "none"):
        return Fault.BROKEN_LINE
    with job.store.blanked(item.path, look.size, look.places) if look.places else nullcontext("") as instead:
        return tried(job, lambda: [_add(job, item, sound(job, [item], but=but, instead=instead), look, folder)])


def _nameless(job: Job, item: Input) -> bool:
    """Whether good requests in the head of a file have no id. No way around bad lines can do without ids."""
    source = as_text(job, item)
    head = f"SELECT * FROM ({source.text}) AS c LIMIT {HEAD_ROWS}"
    found = job.store.execute(f"SELECT 1 FROM ({head}) AS head WHERE bad IS NULL AND NOT has_id LIMIT 1", source.params)
    return bool(found)


def _add(job: Job, item: Input, source: Cleaned, look: Survey, folder: Path) -> FileReceipt:
    """Adds the good rows of a file, and finds out which lines the others were; mostly the odd ones are all."""
    batch_id, added = insert(job, source, "SELECT c.*", "bad IS NULL AND has_id AND NOT skip")
    bad = look.odd
    if bad.lines - bad.count != added:
        bad = unstored(job, item, look, batch_id, folder)
    if bad.lines - bad.count != added:
        raise LookAgain
    return account(job, item, source, batch_id, Tally(bad.lines, 0, bad.count, bad.found))
