"""The careful way: files read in order into a temporary table, judged row by row, then made part of the store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tiermix import sql
from tiermix.broken import locate, parts
from tiermix.errors import StoreBusy, StoreCorrupt, StoreError, StoreFull, StoreStrained, UnreadableFile
from tiermix.files import scratch
from tiermix.ingest import traces
from tiermix.ingest.batch import Input, Job, Tally, bad_rows, enter, next_batch, roll_up
from tiermix.ingest.cleaning import LINES, cleaned, spans
from tiermix.model import FileReceipt
from tiermix.sources import Dialect, Sample
from tiermix.sources.parquet import plain
from tiermix.store import Store


def add_staged(job: Job, batch: Sequence[Input]) -> list[FileReceipt]:
    """Adds files that DuckDB can read.

    Raises:
        StoreError: it cannot.
    """
    _stage(job, [i.path for i in batch], batch[0], batch[0].seen)
    return _finish(job, batch, {str(i.path): i for i in batch})


def add_carefully(job: Job, item: Input) -> list[FileReceipt]:
    """Adds a file that DuckDB cannot read as it is: Python rewrites it record by record, DuckDB judges the copy."""
    with scratch() as folder:
        copy = folder / "part.jsonl"
        copy.touch()
        _stage(job, [copy], item, LINES)  # empty, so that the table is there
        done = 0
        try:
            for part in parts(item.path, item.seen, item.dialect, copy):
                _stage(job, [part.path], item, LINES, behind=done, longest=part.longest)
                done += part.records
        except UnreadableFile as damaged:
            item.damage.append(damaged.message)
        except (StoreFull, StoreBusy, StoreCorrupt, StoreStrained):
            raise
        except StoreError as refused:
            item.damage.append(f"it cannot be read: {refused.message}")
            return []
        return _finish(job, [item], {str(copy): item})


def add_plainly(job: Job, item: Input, why: str) -> list[FileReceipt]:
    """Adds a Parquet file of which DuckDB refuses a value, as `why` says; only the row of that value is bad then."""
    with scratch() as folder:
        copy = folder / "part.parquet"
        try:
            changed = plain(item.path, copy)
            seen = replace(item.seen, types=tuple((dict(item.seen.types) | changed).items()))
            if changed:
                _stage(job, [copy], item, seen)
        except (StoreFull, StoreBusy, StoreCorrupt, StoreStrained):
            raise
        except (StoreError, ValueError):
            changed = {}
        if not changed:
            item.damage.append(f"the Parquet file cannot be read: {why}")
            return []
        return _finish(job, [item], {str(copy): replace(item, seen=seen)})


def _finish(job: Job, batch: Sequence[Input], staged: dict[str, Input]) -> list[FileReceipt]:
    """Accounts for what was staged and commits it; `staged` says which input each staged file is."""
    if batch[0].dialect.spans:
        source = traces.judge(job, batch[0].dialect)
        job.store.execute(f"CREATE OR REPLACE TEMP TABLE staged AS {source.text}", source.params)
    tallies: dict[str, Tally] = {}
    for path, (tally, bad) in _judge(job.store, batch[0].dialect).items():
        item = staged[path]
        tally.bad = locate(item.path, item.seen, bad, dialect=item.dialect, keep_excerpts=job.config.keep_excerpts)
        tallies[item.name] = tally
    return _commit(job, batch, tallies)


def _stage(
    job: Job, paths: Sequence[Path], like: Input, seen: Sample, *, behind: int | None = None, longest: int = 0
) -> None:
    """Reads files into the temporary table `staged`, typed and with the reason why a row is bad.

    Spans, which are judged only when all are there, go into `gathered` instead. With `behind` it adds to the table, in
    which so many records stand already.
    """
    read, table = (spans, "gathered") if like.dialect.spans else (cleaned, "staged")
    source = read(job, paths, like.dialect, seen, longest=longest)
    if behind is None:
        job.store.execute(f"DROP TABLE IF EXISTS {table}")
        job.store.execute(f"CREATE TEMP TABLE {table} AS {source.text}", source.params)
        return
    text = f"INSERT INTO {table} SELECT c.* REPLACE (line + $behind AS line) FROM ({source.text}) AS c"
    job.store.execute(text, {**source.params, "behind": behind})


def _judge(store: Store, dialect: Dialect) -> dict[str, tuple[Tally, Iterator[tuple[int, str]]]]:
    """Counts lines, duplicates and bad rows of each staged file, and lists the bad ones as (record in file, reason)."""
    store.execute("CREATE OR REPLACE TEMP TABLE dup (r BIGINT)")
    if dialect.row == "request":
        if store.execute("SELECT 1 FROM staged WHERE NOT has_id AND bad IS NULL AND NOT skip LIMIT 1"):
            store.ask("ingest/name_requests")
        store.ask("ingest/duplicate_requests")
    else:
        store.ask("ingest/duplicate_attempts")
    position = "line" if dialect.explodes else "rowid"
    staged = f"{position} - $first AS nth, bad FROM staged WHERE file = $file"
    return {
        file: (
            Tally(lines, duplicate, bad),
            bad_rows(store, staged, {"first": first, "file": file}) if bad else iter(()),
        )
        for file, lines, bad, duplicate, first in store.ask(f"ingest/receipt{'_of_lines' * dialect.explodes}")
    }


def _commit(job: Job, batch: Sequence[Input], tallies: dict[str, Tally]) -> list[FileReceipt]:
    """Makes the staged rows part of the store, with the rollups, the quarantine and the ledger, in one transaction."""
    dialect, store = batch[0].dialect, job.store
    receipts = []
    with store.transaction():
        batch_id = next_batch(store)
        store.execute("DROP VIEW IF EXISTS incoming")
        store.execute("DROP TABLE IF EXISTS folded")
        if dialect.row == "request":
            store.ask("ingest/fresh_requests")
        else:
            _fold(store, dialect, batch_id)
        store.ask("ingest/new_outcomes")
        store.ask("ingest/insert_requests", {"batch_id": batch_id})
        roll_up(store, batch_id)
        for item in batch:
            tally = tallies.get(item.name, Tally())
            receipts.append(enter(job, item, batch_id, tally))
    return receipts


def _fold(store: Store, dialect: Dialect, batch_id: int) -> None:
    """Adds the new attempts and folds every request they belong to anew, taking its old self out of the rollups."""
    if dialect.spans:
        store.ask("ingest/reread_attempts")
        store.ask("ingest/drop_reread")
        traces.keep(store, batch_id)
    store.ask("ingest/fresh_attempts", {"batch_id": batch_id})
    store.ask("ingest/touched_groups", {"batch_id": batch_id})
    if dialect.spans:
        store.ask("ingest/touched_again")
    store.ask("ingest/touched_rows")
    store.ask("ingest/touched_attempts")
    store.ask("ingest/replaced_requests")
    store.ask("ingest/roll_back_minutes")
    store.ask("ingest/roll_back_hours")
    store.ask("ingest/drop_replaced")
    folds = " UNION ALL ".join(f"({sql.load(f'ingest/{name}').text})" for name in ("fold_lone", "fold_attempts"))
    store.execute(f"CREATE TEMP TABLE folded AS {folds}")
    store.ask("ingest/drop_known")
    store.execute("CREATE TEMP VIEW incoming AS FROM folded")
