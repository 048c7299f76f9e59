"""Which lines of a file are not in the store, and why: DuckDB does not say which line a row came from.

It takes rows in the order of the file only slowly. So they are stored in any order, and the lines whose ids are not
among them are looked for afterwards; only these are judged again, by all rules.
"""

from __future__ import annotations

from tiermix.broken import BadLines, locate, named, pick, rewrite
from tiermix.files import scratch
from tiermix.ingest.batch import Cleaned, Input, Job, bad_rows, cleaned
from tiermix.sources import Sample

# More lines than that are not picked out: all of the file is judged over again.
_FEW = 50_000


def unstored(job: Job, item: Input, source: Cleaned, batch_id: int) -> BadLines:
    """The bad lines of a file whose other lines a batch has put into the store.

    A line that is not in the store and yet not bad (it has no id, say) is not among them, and neither is a bad one with
    the id of a good one: then they and the stored ones do not add up to the lines of the file.

    Args:
        job: the store and the key.
        item: the file, one record a line.
        source: its rows, as they were put into the store.
        batch_id: the batch.
    """
    store = job.store
    store.execute("SET preserve_insertion_order = true")
    ids = f"SELECT hash(request_id) AS request FROM ({source.text}) AS c"
    store.execute(f"CREATE OR REPLACE TEMP TABLE read_ids AS {ids}", source.params)
    lines, first = store.execute("SELECT count(*), min(rowid) FROM read_ids")[0]
    params = {"batch_id": batch_id, "first": first, "most": _FEW + 1}
    numbers = [int(row[0]) for row in store.ask("ingest/unstored", params)]
    store.execute("DROP TABLE read_ids")
    records = pick(item.path, item.seen, numbers, lines) if len(numbers) <= _FEW else None
    if records is None:
        return _judged(job, item)
    lines_only = Sample("lines", "none", ())
    with scratch() as folder:
        part = rewrite(records, item.dialect, folder / "part.jsonl")
        again = cleaned(job, [part.path], item.dialect, lines_only, longest=part.longest)
        store.execute(f"CREATE OR REPLACE TEMP TABLE judged AS SELECT bad FROM ({again.text}) AS c", again.params)
    reasons = [row[0] for row in store.execute("SELECT bad FROM judged ORDER BY rowid")]
    found = [(r, why) for r, why in zip(records, reasons, strict=True) if why is not None]
    return BadLines(lines, len(found), named(found, keep_excerpts=job.config.keep_excerpts))


def _judged(job: Job, item: Input) -> BadLines:
    """The bad lines of a file, all of which is read and judged in its order."""
    source = cleaned(job, [item.path], item.dialect, item.seen)
    job.store.execute(f"CREATE OR REPLACE TEMP TABLE judged AS SELECT bad FROM ({source.text}) AS c", source.params)
    lines, count, first = job.store.execute("SELECT count(*), count(bad), min(rowid) FROM judged")[0]
    found = bad_rows(job.store, "rowid - $first AS nth, bad FROM judged", {"first": first})
    return BadLines(lines, count, locate(item.path, item.seen, found, keep_excerpts=job.config.keep_excerpts))
