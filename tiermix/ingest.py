"""Brings log files into a store: every line accounted for, every request once, a batch as a whole or not at all."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

from tiermix import sql
from tiermix.broken import BadLine, locate, parts
from tiermix.config.settings import Config
from tiermix.engine.duck import Scan, records_sql
from tiermix.errors import InputError, NoInput, StoreBusy, StoreError, StoreFull, UnknownSource, UnreadableFile
from tiermix.files import scratch
from tiermix.inputs import Found
from tiermix.model import FileReceipt, Note, Receipt
from tiermix.sources import Dialect, Sample, detect, sample
from tiermix.sources.packing import damage
from tiermix.store import Store
from tiermix.tiers import tiering
from tiermix.timewin import rfc3339

DEFAULT_MAX_BAD = 0.01
# Files read alike go into one transaction up to this size, which bounds the temporary space of a batch.
_BATCH_BYTES = 2 << 30
_BATCH_FILES = 5000
_QUARANTINE_CHUNK = 10_000
_HEAD_ROWS = 200_000
# Bad rows are fetched so many at a time.
_BAD_ROWS = 50_000

Progress = Callable[[int, int, str], None]  # bytes done, bytes in all, what is being read


@dataclass(frozen=True, slots=True)
class _Input:
    path: Path
    name: str
    size: int
    modified_ns: int
    fingerprint: str
    seen: Sample
    dialect: Dialect
    damage: list[str] = field(default_factory=list)  # why it could not be read to its end; filled while it is read


@dataclass(slots=True)
class _Tally:
    lines: int = 0
    duplicate: int = 0
    quarantined: int = 0
    bad: Iterable[BadLine] = ()


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
    store.ask("ingest/macros")
    hash_key = hash_key if config.hash_users else None
    inputs, receipts, failures, notes = _inspect(store, found, config, source)
    total = sum(i.size for i in inputs)
    done = 0
    requests_before = _count(store, "request_log")
    with _looking_for_damage(inputs):
        for batch in _batches(inputs):
            progress(done, total, batch[0].name)
            receipts += _ingest_batch(store, batch, config, hash_key, now)
            done += sum(i.size for i in batch)
    progress(total, total, "")
    store.place(tiering(config, store.outcomes()).placements, keep=True)
    failures += _damaged(store, inputs)
    if failures and not (keep_going and any(r.lines for r in receipts)):
        raise failures[0]
    if not receipts or not any(r.lines for r in receipts):
        raise NoInput("there is not a single line in the files", where=", ".join(str(p) for p in found.paths[:3]))
    order = {found.labels.get(p, str(p)): i for i, p in enumerate(found.paths)}
    receipts.sort(key=lambda r: order[r.path])
    added = _count(store, "request_log") - requests_before
    return Receipt(tuple(receipts), added, time.monotonic() - started, max_bad, tuple(notes), tuple(failures))


@contextmanager
def _looking_for_damage(inputs: Sequence[_Input]) -> Iterator[None]:
    """Checks packed files while they are read, because DuckDB does not; their `damage` is complete at the end."""
    pool = ThreadPoolExecutor(1)
    try:
        checks: list[tuple[_Input, Future[str]]] = [
            (i, pool.submit(damage, i.path, i.seen.packing)) for i in inputs if i.seen.packing != "none"
        ]
        yield
        for item, check in checks:
            if not item.damage and (found := check.result()):
                item.damage.append(found)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _damaged(store: Store, inputs: Iterable[_Input]) -> list[UnreadableFile]:
    """What could not be read to its end. Such a file counts as unread next time, so that it is complained of again."""
    faults = [(i.name, why) for i in inputs for why in i.damage]
    if faults:
        store.ask("ingest/forget_files", {"paths": [name for name, _ in faults]})
    hint = "what could be read of it is kept; get a whole copy of it and ingest that"
    return [UnreadableFile(why, where=name, hint=hint) for name, why in faults]


def _count(store: Store, table: str) -> int:
    return int(store.execute(f"SELECT count(*) FROM {sql.identifier(table)}")[0][0])


def _inspect(
    store: Store, found: Found, config: Config, source: str
) -> tuple[list[_Input], list[FileReceipt], list[InputError], list[Note]]:
    """Tells known files from new ones and finds their dialects; what cannot be read is listed, not raised."""
    known = {
        (p, size, modified, mark): (lines, bad)
        for p, size, modified, mark, lines, bad in store.execute(
            "SELECT path, bytes, modified_ns, fingerprint, lines, quarantined FROM ledger"
        )
    }
    inputs: list[_Input] = []
    receipts: list[FileReceipt] = []
    failures: list[InputError] = []
    notes: list[Note] = []
    for path in found.paths:
        name = found.labels.get(path, str(path))
        try:
            stat = path.stat()
            seen = sample(path)
            if seen.container == "parquet":
                seen = Sample("parquet", "none", (_parquet_keys(store, path),))
            if seen.container == "empty":
                receipts.append(FileReceipt(name, "", 0, 0, 0, 0))
                continue
            if not any(seen.keys) and seen.container != "lines":
                raise UnreadableFile("there is no JSON object to be found in it", where=name)
            dialect = detect(path, seen, config.sources, source)
            mark = _fingerprint(path, stat.st_size, dialect)
            if (past := known.get((name, stat.st_size, stat.st_mtime_ns, mark))) is not None:
                lines, bad = past
                receipts.append(FileReceipt(name, dialect.name, lines, 0, lines - bad, bad, unchanged=True))
                continue
            inputs.append(_Input(path, name, stat.st_size, stat.st_mtime_ns, mark, seen, dialect))
        except OSError as error:
            failures.append(InputError(f"cannot read the file: {error.strerror}", where=name))
        except UnknownSource as error:
            if path in found.named:
                failures.append(error)
            else:
                notes.append(Note("skipped", f"{name} was left out: {error.message}; {error.hint}"))
        except InputError as error:
            failures.append(error)
    if not inputs and not receipts and notes and not failures:
        failures.append(UnknownSource("none of the files is a log of a known source", hint=notes[0].message))
    if unchanged := sum(r.unchanged for r in receipts):
        notes.append(Note("unchanged", f"{unchanged} of {len(found.paths)} files were ingested before"))
    return inputs, receipts, failures, notes


def _parquet_keys(store: Store, path: Path) -> frozenset[str]:
    try:
        return frozenset(store.columns_of(Scan((path,), "parquet", "none")))
    except StoreError as error:
        raise UnreadableFile(f"the Parquet file cannot be read: {error.message}", where=str(path)) from error


def _fingerprint(path: Path, size: int, dialect: Dialect) -> str:
    """A digest of the two ends of a file and of how it is read: whether there can be anything new in it."""
    digest = hashlib.sha256(f"{size} {dialect.name} {dialect.projection}".encode())
    with path.open("rb") as stream:
        digest.update(stream.read(1 << 16))
        if size > 1 << 17:
            stream.seek(-(1 << 16), 2)
        digest.update(stream.read(1 << 16))
    return digest.hexdigest()[:32]


def _batches(inputs: Iterable[_Input]) -> Iterable[list[_Input]]:
    groups: dict[tuple[object, ...], list[list[_Input]]] = {}
    filled: dict[tuple[object, ...], int] = {}  # bytes in the last batch of each group
    for item in inputs:
        alike = (item.dialect.name, item.dialect.projection, item.seen.container, item.seen.packing, item.seen.encoding)
        batches = groups.setdefault(alike, [[]])
        full = filled.get(alike, 0) + item.size > _BATCH_BYTES or len(batches[-1]) >= _BATCH_FILES
        if batches[-1] and full:
            batches.append([])
            filled[alike] = 0
        batches[-1].append(item)
        filled[alike] = filled.get(alike, 0) + item.size
    return [batch for batches in groups.values() for batch in batches]


def _ingest_batch(
    store: Store, batch: Sequence[_Input], config: Config, hash_key: str | None, now: datetime
) -> list[FileReceipt]:
    if not batch[0].seen.plain:
        return [_ingest_carefully(store, item, config, hash_key, now) for item in batch]
    if (done := _ingest_directly(store, batch, hash_key, now)) is not None:
        return done
    try:
        _stage(store, [i.path for i in batch], batch[0], batch[0].seen, hash_key)
    except (StoreFull, StoreBusy):
        raise
    except StoreError as refused:
        # The fast path could not read some file as a whole. Read each alone, and that one line by line.
        if len(batch) > 1:
            return [r for item in batch for r in _ingest_batch(store, [item], config, hash_key, now)]
        if batch[0].seen.container == "parquet":
            batch[0].damage.append(f"the Parquet file cannot be read: {refused.message}")
            return []
        return [_ingest_carefully(store, batch[0], config, hash_key, now)]
    return _finish(store, batch, {str(i.path): i for i in batch}, config, now)


class _SecondLook(Exception):
    """Something in the file keeps it from being added in one pass."""


def _ingest_directly(
    store: Store, batch: Sequence[_Input], hash_key: str | None, now: datetime
) -> list[FileReceipt] | None:
    """Adds one clean file of new requests in a single pass; None, and nothing done, when it is not that."""
    item, dialect = batch[0], batch[0].dialect
    if (
        len(batch) > 1
        or dialect.row != "request"
        or not dialect.fast
        or item.seen.container not in ("lines", "parquet")
    ):
        return None
    store.execute("SET preserve_insertion_order = false")
    try:
        with store.transaction():
            return [_add_directly(store, item, hash_key, now)]
    except (_SecondLook, StoreError) as reason:
        if isinstance(reason, (StoreFull, StoreBusy)):
            raise
        return None
    finally:
        store.execute("SET preserve_insertion_order = true")


def _add_directly(store: Store, item: _Input, hash_key: str | None, now: datetime) -> FileReceipt:
    cleaned, params = _cleaned(store, [item.path], item.dialect, item.seen, hash_key, fast=True)
    batch_id = _next_batch(store)
    # A row that is bad or has no id of its own gets no time, which the table refuses: the careful way follows.
    incoming = (
        "SELECT c.* REPLACE (CASE WHEN bad IS NULL AND has_id THEN ts END AS ts), CAST(NULL AS VARCHAR) AS group_key "
        f"FROM ({cleaned}) AS c WHERE NOT skip"
    )
    insert = sql.load("ingest/insert_requests").text
    store.execute(
        f"WITH incoming AS ({incoming}) {insert}", {**params, "batch_id": batch_id, "source": item.dialect.name}
    )
    added, twice, known = store.ask("ingest/added", {"batch_id": batch_id})[0]
    if twice or known:
        raise _SecondLook
    if store.ask("ingest/missing_outcomes", {"batch_id": batch_id})[0][0]:
        _name_outcomes(store, cleaned, params, batch_id)
    _roll_up(store, batch_id)
    return _enter(store, item, batch_id, _Tally(added), now)


def _name_outcomes(store: Store, cleaned: str, params: dict[str, object], batch_id: int) -> None:
    """Reads the few columns of outcomes again: first in the head of the file, which mostly has them all, then in all.

    Only the first files of a store, and now and then a later one, bring outcomes that are not known by their hash.
    """
    new = sql.load("ingest/new_outcomes").text
    for limit in (f" LIMIT {_HEAD_ROWS}", ""):
        store.execute(f"WITH incoming AS (SELECT * FROM ({cleaned}) AS c{limit}) {new}", params)
        if not store.ask("ingest/missing_outcomes", {"batch_id": batch_id})[0][0]:
            return
    raise _SecondLook  # the file has changed meanwhile


def _finish(
    store: Store, batch: Sequence[_Input], staged: Mapping[str, _Input], config: Config, now: datetime
) -> list[FileReceipt]:
    """Accounts for what was staged and commits it; `staged` says which input each staged file is."""
    tallies: dict[str, _Tally] = {}
    for path, (tally, bad) in _judge(store, batch[0].dialect).items():
        item = staged[path]
        tally.bad = locate(item.path, item.seen, item.dialect, bad, keep_excerpts=config.keep_excerpts)
        tallies[item.name] = tally
    return _commit(store, batch, tallies, now)


def _ingest_carefully(store: Store, item: _Input, config: Config, hash_key: str | None, now: datetime) -> FileReceipt:
    """Adds a file that DuckDB cannot read as it is: Python rewrites it record by record, DuckDB judges the copy."""
    lines = Sample("lines", "none", ())
    with scratch() as folder:
        copy = folder / "part.jsonl"
        copy.touch()
        _stage(store, [copy], item, lines, hash_key)  # empty, so that the table is there
        done = 0
        try:
            for part in parts(item.path, item.seen, item.dialect, copy):
                _stage(store, [part.path], item, lines, hash_key, behind=done, longest=part.longest)
                done += part.records
        except UnreadableFile as damaged:
            item.damage.append(damaged.message)
        return _finish(store, [item], {str(copy): item}, config, now)[0]


def _stage(
    store: Store,
    paths: Sequence[Path],
    like: _Input,
    seen: Sample,
    hash_key: str | None,
    *,
    behind: int | None = None,
    longest: int = 0,
) -> None:
    """Reads files into the temporary table `staged`, typed and with the reason why a row is bad.

    With `behind` it adds to the table, in which so many records stand already.
    """
    cleaned, params = _cleaned(store, paths, like.dialect, seen, hash_key, longest=longest)
    if behind is not None:
        text = f"INSERT INTO staged SELECT c.* REPLACE (line + $behind AS line) FROM ({cleaned}) AS c"
        store.execute(text, {**params, "behind": behind})
        return
    store.execute("DROP TABLE IF EXISTS staged")
    store.execute(f"CREATE TEMP TABLE staged AS {cleaned}", params)


def _cleaned(
    store: Store,
    paths: Sequence[Path],
    dialect: Dialect,
    seen: Sample,
    hash_key: str | None,
    *,
    fast: bool = False,
    longest: int = 0,
) -> tuple[str, dict[str, object]]:
    """SQL of the cleaned rows of files, and its parameters. `fast` reads typed fields as such, or raises."""
    scan = Scan(tuple(paths), seen.container, seen.packing, seen.delimiter, longest)
    present = store.columns_of(scan) if seen.container in ("parquet", "csv") else {}
    columns = dict(dialect.columns)
    if fast:
        columns |= {c: t for c, t in dialect.fast.items() if present.get(c) != "VARCHAR"}
    records, params = records_sql(scan, columns, present, numbered=dialect.explodes, strict=fast)
    contract = dict(_described(store, sql.load(f"ingest/contract_{dialect.row}s").text, {}))
    given = dict(_described(store, f"WITH records AS ({records}) SELECT * FROM ({dialect.projection}) AS p", params))
    missing = [f"CAST(NULL AS {t}) AS {sql.identifier(c)}" for c, t in contract.items() if c not in given]
    projected = f"SELECT {', '.join(['p.*', *missing])} FROM ({dialect.projection}) AS p"
    clean = sql.load(f"ingest/clean_{dialect.row}s").text
    text = f"WITH records AS ({records}), projected AS ({projected}) {clean}"
    return text, {**params, "hash_key": hash_key}


def _described(store: Store, text: str, params: dict[str, object]) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in store.execute(f"DESCRIBE {text}", params)]


def _judge(store: Store, dialect: Dialect) -> dict[str, tuple[_Tally, Iterator[tuple[int, str]]]]:
    """Counts lines, duplicates and bad rows of each staged file, and lists the bad ones as (record in file, reason)."""
    store.execute("CREATE OR REPLACE TEMP TABLE dup (r BIGINT)")
    if dialect.row == "request":
        if store.execute("SELECT 1 FROM staged WHERE NOT has_id AND bad IS NULL AND NOT skip LIMIT 1"):
            store.ask("ingest/name_requests")
        store.ask("ingest/duplicate_requests")
    else:
        store.ask("ingest/duplicate_attempts")
    return {
        file: (_Tally(lines, duplicate, bad), _bad_rows(store, file, first, dialect.explodes) if bad else iter(()))
        for file, lines, bad, duplicate, first in store.ask(f"ingest/receipt{'_of_lines' * dialect.explodes}")
    }


def _bad_rows(store: Store, file: str, first: int, explodes: bool) -> Iterator[tuple[int, str]]:
    """The bad records of a staged file in their order, a bounded number at a time."""
    position = "line" if explodes else "rowid"
    after = -1
    while rows := store.execute(
        f"SELECT {position} - $first AS nth, min(bad) FROM staged WHERE file = $file AND bad IS NOT NULL "
        f"AND {position} - $first > $after GROUP BY nth ORDER BY nth LIMIT {_BAD_ROWS}",
        {"first": first, "file": file, "after": after},
    ):
        yield from rows
        after = rows[-1][0]


def _commit(store: Store, batch: Sequence[_Input], tallies: dict[str, _Tally], now: datetime) -> list[FileReceipt]:
    """Makes the staged rows part of the store, with the rollups, the quarantine and the ledger, in one transaction."""
    dialect = batch[0].dialect
    receipts = []
    with store.transaction():
        batch_id = _next_batch(store)
        store.execute("DROP VIEW IF EXISTS incoming")
        store.execute("DROP TABLE IF EXISTS folded")
        if dialect.row == "request":
            store.ask("ingest/fresh_requests")
        else:
            _fold(store, dialect.name, batch_id)
        store.ask("ingest/new_outcomes")
        store.ask("ingest/insert_requests", {"batch_id": batch_id, "source": dialect.name})
        _roll_up(store, batch_id)
        for item in batch:
            tally = tallies.get(item.name, _Tally())
            receipts.append(_enter(store, item, batch_id, tally, now))
    return receipts


def _roll_up(store: Store, batch_id: int) -> None:
    store.ask("ingest/roll_up_minutes", {"batch_id": batch_id})
    store.ask("ingest/roll_up_hours", {"batch_id": batch_id})


def _next_batch(store: Store) -> int:
    return int(store.execute("SELECT coalesce(max(batch_id), 0) + 1 FROM ledger")[0][0])


def _enter(store: Store, item: _Input, batch_id: int, tally: _Tally, now: datetime) -> FileReceipt:
    """Writes down what became of a file."""
    accepted = tally.lines - tally.duplicate - tally.quarantined
    _quarantine(store, batch_id, item.name, tally.bad)
    store.ask(
        "ingest/enter_ledger",
        {
            "batch_id": batch_id, "path": item.name, "source": item.dialect.name, "bytes": item.size,
            "modified_ns": item.modified_ns, "fingerprint": item.fingerprint, "lines": tally.lines,
            "accepted": accepted, "duplicate": tally.duplicate, "quarantined": tally.quarantined,
            "now": rfc3339(now),
        },
    )  # fmt: skip
    return FileReceipt(item.name, item.dialect.name, tally.lines, accepted, tally.duplicate, tally.quarantined)


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


def _quarantine(store: Store, batch_id: int, path: str, bad: Iterable[BadLine]) -> None:
    """Keeps bad lines, a bounded number at a time."""
    rest = iter(bad)
    while chunk := list(islice(rest, _QUARANTINE_CHUNK)):
        store.ask(
            "ingest/keep_bad_lines",
            {
                "batch_id": batch_id, "path": path, "lines": [b.line for b in chunk],
                "offsets": [b.offset for b in chunk], "reasons": [b.reason for b in chunk],
                "excerpts": [b.excerpt for b in chunk], "digests": [b.digest for b in chunk],
            },
        )  # fmt: skip
