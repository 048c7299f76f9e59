"""What files say, as SQL: their records projected by the dialect, typed, and judged row by row."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from tiermix import sql
from tiermix.engine.duck import Scan, records_sql
from tiermix.ingest.batch import Input, Job
from tiermix.sources import Dialect, Sample
from tiermix.sql import identifier
from tiermix.store import Store

# How copies of single lines are packed, which DuckDB reads again.
LINES = Sample("lines", "none", ())
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
class Relation:
    """SQL of a relation, such as the cleaned rows of files, and its parameters."""

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
) -> Relation:
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


def spans(job: Job, paths: Sequence[Path], dialect: Dialect, seen: Sample, *, longest: int = 0) -> Relation:
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
    return Relation(text, {**params, "hash_key": job.hash_key} if hashed else params)


def judged(
    job: Job, dialect: Dialect, name: str, relation: str, params: dict[str, object], *, hashed: bool = False
) -> Relation:
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
    return Relation(text, {**params, "hash_key": None if hashed else job.hash_key})


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


def note_ids(store: Store, table: str, source: Relation) -> None:
    """Makes a table of the hashes of the ids of rows, in their order; null where one has none."""
    ids = f"SELECT CASE WHEN has_id THEN hash(request_id) END AS request FROM ({source.text}) AS c"
    store.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {ids}", source.params)
