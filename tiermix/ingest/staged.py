"""The careful way: files read in order into a temporary table, judged row by row, then made part of the store."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tiermix import sql
from tiermix.broken import locate, scrub
from tiermix.ingest.batch import Input, Job, Tally, cleaned, enter, next_batch, roll_up
from tiermix.model import FileReceipt
from tiermix.sources import Dialect, Sample
from tiermix.store import Store


def add_staged(job: Job, batch: Sequence[Input]) -> list[FileReceipt]:
    """Adds files that DuckDB can read.

    Raises:
        StoreError: it cannot.
    """
    _stage(job, [i.path for i in batch], batch[0], batch[0].seen)
    inputs = {str(i.path): i for i in batch}
    tallies: dict[str, Tally] = {}
    for path, (tally, ordinals) in _judge(job.store, batch[0].dialect).items():
        if ordinals:
            tally.bad = locate(Path(path), inputs[path].seen, ordinals, keep_excerpts=job.config.keep_excerpts)
        tallies[inputs[path].name] = tally
    return _commit(job, batch, tallies)


def add_scrubbed(job: Job, item: Input) -> FileReceipt:
    """Adds a file that DuckDB cannot read: Python copies its sound records, one a line, and those are added."""
    lines = Sample("lines", "none", ())
    keep_excerpts = job.config.keep_excerpts
    with tempfile.TemporaryDirectory(prefix="tiermix-") as folder:
        clean = Path(folder) / "clean.jsonl"
        found = scrub(item.path, item.seen, clean, keep_excerpts=keep_excerpts)
        if not found.kept:
            clean.write_text("{}\n")  # staged as one bad row, so that the tables exist; it is not accounted for
        _stage(job, [clean], item, lines)
        tally, ordinals = _judge(job.store, item.dialect)[str(clean)]
        if not found.kept:
            tally, ordinals = Tally(), []
        again = locate(clean, lines, ordinals, keep_excerpts=keep_excerpts)
        places = [found.places[n] for n, _ in ordinals]
        tally.bad = sorted(
            [*found.bad, *(replace(b, line=line, offset=at) for b, (line, at) in zip(again, places, strict=True))],
            key=lambda b: b.line,
        )
        if found.damage:
            item.damage.append(f"{found.damage}; what could be read is kept")
        tally.lines = found.kept + len(found.bad)
        tally.quarantined = len(tally.bad)
        return _commit(job, [item], {item.name: tally})[0]


def _stage(job: Job, paths: Sequence[Path], like: Input, seen: Sample) -> None:
    """Reads files into the temporary table `staged`, typed and with the reason why a row is bad."""
    source = cleaned(job, paths, like.dialect, seen)
    job.store.execute("DROP TABLE IF EXISTS staged")
    job.store.execute(f"CREATE TEMP TABLE staged AS {source.text}", source.params)


def _judge(store: Store, dialect: Dialect) -> dict[str, tuple[Tally, list[tuple[int, str]]]]:
    """Counts lines, duplicates and bad rows of each staged file, and lists the bad ones as (record in file, reason)."""
    store.execute("CREATE OR REPLACE TEMP TABLE dup (r BIGINT)")
    if dialect.row == "request":
        if store.execute("SELECT 1 FROM staged WHERE NOT has_id AND bad IS NULL AND NOT skip LIMIT 1"):
            store.ask("ingest/name_requests")
        store.ask("ingest/duplicate_requests")
    else:
        store.ask("ingest/duplicate_attempts")
    out: dict[str, tuple[Tally, list[tuple[int, str]]]] = {}
    position = "line" if dialect.explodes else "rowid"
    for file, lines, bad, duplicate, first in store.ask(f"ingest/receipt{'_of_lines' * dialect.explodes}"):
        ordinals: list[tuple[int, str]] = []
        if bad:
            ordinals = store.execute(
                f"SELECT {position} - $first AS nth, min(bad) FROM staged WHERE file = $file AND bad IS NOT NULL "
                "GROUP BY nth ORDER BY nth",
                {"first": first, "file": file},
            )
        out[file] = (Tally(lines, duplicate, bad), ordinals)
    return out


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
            _fold(store, dialect.name, batch_id)
        store.ask("ingest/new_outcomes")
        store.ask("ingest/insert_requests", {"batch_id": batch_id, "source": dialect.name})
        roll_up(store, batch_id)
        for item in batch:
            tally = tallies.get(item.name, Tally())
            receipts.append(enter(job, item, batch_id, tally))
    return receipts


def _fold(store: Store, source: str, batch_id: int) -> None:
    """Adds the new attempts and folds every request they belong to anew, taking its old self out of the rollups."""
    store.ask("ingest/fresh_attempts", {"source": source, "batch_id": batch_id})
    store.ask("ingest/touched_attempts", {"batch_id": batch_id})
    store.ask("ingest/replaced_requests")
    store.ask("ingest/roll_back_minutes")
    store.ask("ingest/roll_back_hours")
    store.ask("ingest/drop_replaced")
    store.execute(f"CREATE TEMP TABLE folded AS {sql.load('ingest/fold_attempts').text}")
    store.ask("ingest/drop_known")
    store.execute("CREATE TEMP VIEW incoming AS FROM folded")
