"""What every way of ingesting shares: the job, the files of a batch, the SQL that cleans them, and the books."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

from tiermix import sql
from tiermix.broken import BadLine
from tiermix.config.settings import Config
from tiermix.engine.duck import Scan, records_sql
from tiermix.model import FileReceipt, Keep
from tiermix.sources import Dialect, Sample
from tiermix.sql import identifier
from tiermix.store import Store
from tiermix.timewin import rfc3339

_QUARANTINE_CHUNK = 10_000
_BAD_ROWS = 50_000
# How many times its size a packed log is taken to be, before it is read.
_UNPACKED = 10
# A field of which a larger share of rows has no value, or one that is not of its type, is read as text.
_SELDOM = 1 / 256
_NUMBERS = (
    "FLOAT",
    "DECIMAL",
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINY",
    "USMALL",
    "UINT",
    "UBIG",
)


@dataclass(frozen=True, slots=True)
class Job:
    """One call of ingest.

    Attributes:
        store: where to; open for writing.
        config: tiers, mapped sources and privacy.
        hash_key: the key under which tenants and users are hashed; None when they are not.
        now: the time to put into the ledger.
        keep: what the store is for. Where it is faster, "outcomes" keeps the minute rollup alone and no request, and
            "tiers" of an outcome only what decides the served tier.
    """

    store: Store
    config: Config
    hash_key: str | None
    now: datetime
    keep: Keep = "requests"


@dataclass(frozen=True, slots=True)
class Input:
    """A log file that is not in the store yet, and what its head showed."""

    path: Path
    name: str
    size: int
    modified_ns: int
    fingerprint: str
    seen: Sample
    dialect: Dialect
    damage: list[str] = field(default_factory=list)  # why it could not be read to its end; filled while it is read

    @property
    def unpacked(self) -> int:
        """About how many bytes it unpacks to."""
        return self.size * (_UNPACKED if self.seen.packing != "none" else 1)


@dataclass(slots=True)
class Tally:
    """What became of the lines of a file."""

    lines: int = 0
    duplicate: int = 0
    quarantined: int = 0
    bad: Iterable[BadLine] = ()


@dataclass(frozen=True, slots=True)
class Cleaned:
    """SQL of the cleaned rows of files, and its parameters."""

    text: str
    params: dict[str, object]


def cleaned(
    job: Job,
    paths: Sequence[Path],
    dialect: Dialect,
    seen: Sample,
    *,
    typed: Collection[str] = (),
    strict: bool = False,
    longest: int = 0,
) -> Cleaned:
    """The rows of files as a relation of typed columns, with the reason why a row is bad.

    Args:
        job: the store and the key.
        paths: files that are read alike.
        dialect: what their records mean.
        seen: how they are packed.
        typed: of the `typed` fields of the dialect, those that are read so. A row in which one of them has no value
            is left out, as it may have been lost.
        strict: raise at the first value that is not of its type, and at the first line that is no JSON; no row is left
            out then.
        longest: the size of the longest record, where it is known to be beyond what DuckDB reads by itself.
    """
    records, params = _records(job, paths, dialect, seen, typed=typed, strict=strict, longest=longest)
    return judged(job, dialect, "records", records, params)


def spans(job: Job, paths: Sequence[Path], dialect: Dialect, seen: Sample, *, longest: int = 0) -> Cleaned:
    """What the records of files say each by itself, as a relation, with tenants and users as they are stored.

    Args:
        job: the store and the key.
        paths: files that are read alike.
        dialect: one with `spans`.
        seen: how they are packed.
        longest: as of `cleaned`.
    """
    records, params = _records(job, paths, dialect, seen, longest=longest)
    said = f"WITH records AS ({records}) SELECT * FROM ({dialect.spans}) AS s"
    known = {c for c, _ in _described(job.store, said, params)}
    people = {"tenant": "identity(tenant, $hash_key)", "user": 'identity(person("user"), $hash_key)'}
    hashed = ", ".join(f"{how} AS {identifier(c)}" for c, how in people.items() if c in known)
    text = f"SELECT * REPLACE ({hashed}) FROM ({said}) AS said" if hashed else said
    return Cleaned(text, {**params, "hash_key": job.hash_key} if hashed else params)


def judged(
    job: Job, dialect: Dialect, name: str, relation: str, params: dict[str, object], *, hashed: bool = False
) -> Cleaned:
    """The rows that the projection of a dialect makes of a relation, as `cleaned` returns them.

    Args:
        job: the store and the key.
        dialect: whose projection.
        name: what the projection calls the relation.
        relation: its SQL.
        params: of that.
        hashed: whether its tenants and users are hashed already, if they are to be.
    """
    contract = dict(_described(job.store, sql.load(f"ingest/contract_{dialect.row}s").text, {}))
    given = dict(
        _described(job.store, f"WITH {name} AS ({relation}) SELECT * FROM ({dialect.projection}) AS p", params)
    )
    missing = [f"CAST(NULL AS {t}) AS {identifier(c)}" for c, t in contract.items() if c not in given]
    projected = f"SELECT {', '.join(['p.*', *missing])} FROM ({dialect.projection}) AS p"
    clean = sql.load(f"ingest/clean_{dialect.row}s").text
    text = f"WITH {name} AS ({relation}), projected AS ({projected}) {clean}"
    return Cleaned(text, {**params, "hash_key": None if hashed else job.hash_key})


def _records(
    job: Job,
    paths: Sequence[Path],
    dialect: Dialect,
    seen: Sample,
    *,
    typed: Collection[str] = (),
    strict: bool = False,
    longest: int = 0,
) -> tuple[str, dict[str, object]]:
    """SQL of the relation `records` of a dialect, and its parameters; see `cleaned`."""
    scan = Scan(tuple(paths), seen.container, seen.packing, seen.delimiter, longest)
    present = job.store.columns_of(scan) if seen.container == "csv" else dict(seen.types)
    columns = dict(dialect.columns)
    for c in dialect.careful:
        if c not in typed or not _holds_structs(present.get(c, columns[c])):
            columns[c] = "JSON"
    columns |= {c: t for c, t in dialect.fast.items() if c in typed and (not present or _is(present.get(c, ""), t))}
    records, params = records_sql(scan, columns, present, numbered=dialect.explodes, strict=strict)
    records = f"WITH read AS ({records}) {dialect.as_if_typed('read', columns)}"
    if typed and not strict:
        records = f"SELECT * FROM ({records}) AS r WHERE {' AND '.join(f'{identifier(c)} IS NOT NULL' for c in typed)}"
    return records, params


def seldom_lost(job: Job, item: Input, rows: int) -> list[str]:
    """The fields that can be read as a type, and lose nothing by that in almost all of the first rows of a file."""
    dialect = item.dialect
    columns = {**dialect.columns, **dialect.fast}
    records, params = records_sql(Scan((item.path,), item.seen.container, item.seen.packing), columns, {})
    read = " OR ".join(f"{identifier(c)} IS NOT NULL" for c in columns)
    kept = ", ".join(f"count({identifier(c)})" for c in dialect.typed)
    head = f"SELECT * FROM ({records}) AS r LIMIT {rows}"
    all_, *counts = job.store.execute(f"SELECT count(*), {kept} FROM ({head}) AS head WHERE {read}", params)[0]
    return [c for c, n in zip(dialect.typed, counts, strict=True) if all_ and n >= all_ * (1 - _SELDOM)]


def _is(column: str, wanted: str) -> bool:
    """Whether a column of Parquet has such values already: numbers or truth values."""
    return column == wanted or (wanted == "DOUBLE" and column.startswith(_NUMBERS))


def _holds_structs(column: str) -> bool:
    """Whether a column holds lists of structs already."""
    return column.startswith("STRUCT") and column.endswith("[]")


def _described(store: Store, text: str, params: dict[str, object]) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in store.execute(f"DESCRIBE {text}", params)]


def bad_rows(store: Store, rows: str, params: dict[str, object]) -> Iterator[tuple[int, str]]:
    """Record in its file and reason, of bad rows in their order, a bounded number at a time.

    Args:
        store: where they stand.
        rows: SELECT list and source of `nth`, ascending with the records, and `bad`.
        params: of it.
    """
    text = (
        f"SELECT nth, min(bad) FROM (SELECT {rows}) AS r WHERE bad IS NOT NULL AND nth > $after "
        f"GROUP BY nth ORDER BY nth LIMIT {_BAD_ROWS}"
    )
    after = -1
    while found := store.execute(text, {**params, "after": after}):
        yield from found
        after = found[-1][0]


def note_ids(store: Store, table: str, source: Cleaned) -> None:
    """Makes a table of the hashes of the ids of rows, in their order; null where one has none."""
    ids = f"SELECT CASE WHEN has_id THEN hash(request_id) END AS request FROM ({source.text}) AS c"
    store.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {ids}", source.params)


def next_batch(store: Store) -> int:
    """The number of the batch at hand."""
    return int(store.execute("SELECT coalesce(max(batch_id), 0) + 1 FROM ledger")[0][0])


def roll_up(store: Store, batch_id: int) -> None:
    """Adds what the batch brought to the rollups."""
    store.ask("ingest/roll_up_minutes", {"batch_id": batch_id})
    store.ask("ingest/roll_up_hours", {"batch_id": batch_id})


def enter(job: Job, item: Input, batch_id: int, tally: Tally) -> FileReceipt:
    """Writes down what became of a file."""
    accepted = tally.lines - tally.duplicate - tally.quarantined
    quarantine(job.store, batch_id, item.name, tally.bad)
    job.store.ask(
        "ingest/enter_ledger",
        {
            "batch_id": batch_id, "path": item.name, "source": item.dialect.name, "bytes": item.size,
            "modified_ns": item.modified_ns, "fingerprint": item.fingerprint, "lines": tally.lines,
            "accepted": accepted, "duplicate": tally.duplicate, "quarantined": tally.quarantined,
            "now": rfc3339(job.now),
        },
    )  # fmt: skip
    return FileReceipt(item.name, item.dialect.name, tally.lines, accepted, tally.duplicate, tally.quarantined)


def quarantine(store: Store, batch_id: int, path: str, bad: Iterable[BadLine]) -> int:
    """Keeps bad lines, a bounded number at a time; how many they were."""
    rest, count = iter(bad), 0
    while chunk := list(islice(rest, _QUARANTINE_CHUNK)):
        store.ask(
            "ingest/keep_bad_lines",
            {
                "batch_id": batch_id, "path": path, "lines": [b.line for b in chunk],
                "offsets": [b.offset for b in chunk], "reasons": [b.reason for b in chunk],
                "excerpts": [b.excerpt for b in chunk], "digests": [b.digest for b in chunk],
            },
        )  # fmt: skip
        count += len(chunk)
    return count
