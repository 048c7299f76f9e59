"""Looks at files before they are read: which are new, whose they are, and which cannot be read and why."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from tiermix import broken
from tiermix.config.settings import Config
from tiermix.engine.duck import Scan, records_sql
from tiermix.errors import InputError, StoreError, UnknownSource, UnreadableFile
from tiermix.ingest.batch import Input
from tiermix.inputs import Found
from tiermix.model import FileReceipt, Note
from tiermix.sources import Dialect, Sample, no_record, recognise, sample
from tiermix.sources.detect import SAMPLE_RECORDS
from tiermix.sources.packing import ends, unreadable
from tiermix.store import Store


@dataclass(slots=True)
class Inspection:
    """What a look at files showed.

    Attributes:
        inputs: those to be read.
        receipts: of those that are known, or hold nothing.
        failures: why others cannot be read.
        notes: what else there is to say.
    """

    inputs: list[Input] = field(default_factory=list)
    receipts: list[FileReceipt] = field(default_factory=list)
    failures: list[InputError] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def inspect(store: Store, found: Found, config: Config, source: str) -> Inspection:
    """Tells known files from new ones and finds their dialects; what cannot be read is listed, not raised."""
    known = {
        (p, size, modified, mark): (lines, bad)
        for p, size, modified, mark, lines, bad in store.execute(
            "SELECT path, bytes, modified_ns, fingerprint, lines, quarantined FROM ledger"
        )
    }
    out = Inspection()
    for path in found.paths:
        name = found.labels.get(path, str(path))
        try:
            item = _input(store, path, name, config, source)
            if item is None:
                out.receipts.append(FileReceipt(name, "", 0, 0, 0, 0))
            elif (past := known.get((name, item.size, item.modified_ns, item.fingerprint))) is not None:
                lines, bad = past
                receipt = FileReceipt(name, item.dialect.name, lines, 0, lines - bad, bad, unchanged=True)
                out.receipts.append(receipt)
            else:
                _refuse_other_notations(store, item)
                out.inputs.append(item)
        except OSError as error:
            if path.is_symlink() and path not in found.named:
                why = f"{name} was left out: a link that leads nowhere ({error.strerror})"
                out.notes.append(Note("skipped", why))
            else:
                out.failures.append(unreadable(error, name))
        except UnknownSource as error:
            if path in found.named:
                out.failures.append(error)
            else:
                out.notes.append(Note("skipped", f"{name} was left out: {error.message}; {error.hint}"))
        except InputError as error:
            out.failures.append(error)
    if not out.inputs and not out.receipts and out.notes and not out.failures:
        hint = out.notes[0].message
        out.failures.append(UnknownSource("none of the files is a log of a known source", hint=hint))
    if unchanged := sum(r.unchanged for r in out.receipts):
        out.notes.append(Note("unchanged", f"{unchanged} of {len(found.paths)} files were ingested before"))
    return out


def _input(store: Store, path: Path, name: str, config: Config, source: str) -> Input | None:
    """What the head of a file shows; None when it holds nothing."""
    stat = path.stat()
    seen = sample(path)
    if seen.container == "empty":
        return None
    if seen.container == "parquet":
        columns = _parquet_columns(store, path)
        seen = Sample("parquet", "none", (frozenset(columns),), types=tuple(columns.items()))
    dialect, seen = recognise(path, seen, config.sources, source)
    if not any(seen.keys) and seen.container != "lines":
        raise no_record(name, cut=seen.cut)
    mark = _fingerprint(path, stat.st_size, dialect)
    return Input(path, name, stat.st_size, stat.st_mtime_ns, mark, seen, dialect)


def _parquet_columns(store: Store, path: Path) -> dict[str, str]:
    try:
        return store.columns_of(Scan((path,), "parquet", "none"))
    except StoreError as error:
        raise UnreadableFile(
            f"the Parquet file cannot be read: {error.message}",
            where=str(path),
            hint="get a whole copy of it: how it is read stands at its end",
        ) from error


def _fingerprint(path: Path, size: int, dialect: Dialect) -> str:
    """A digest of the two ends of a file and of how it is read: whether there can be anything new in it."""
    digest = hashlib.sha256(f"{size} {dialect.name} {dialect.spans}{dialect.projection}".encode())
    digest.update(ends(path))
    return digest.hexdigest()[:32]


def _refuse_other_notations(store: Store, item: Input) -> None:
    """Makes sure that the objects and lists in the cells of a table are written as JSON.

    Python and DuckDB write them in notations of their own when they are not told otherwise. What they say would be
    missing from all rows, and an answer that hides it would be wrong.

    Raises:
        UnreadableFile: none of the texts in a column that look like objects or lists is JSON.
    """
    if item.seen.container not in ("csv", "parquet"):
        return
    types = dict(item.seen.types)
    columns = [c for c, t in item.dialect.columns.items() if t != "VARCHAR" and c not in item.dialect.careful]
    texts = [c for c in columns if types.get(c, "VARCHAR") == "VARCHAR"]
    rows = list(_first_rows(store, item, texts)) if texts else []
    for nth, column in enumerate(texts):
        said = [text for row in rows if (text := row[nth]) and text.lstrip()[:1] in ("{", "[")]
        if said and not any(map(_is_json, said)):
            raise UnreadableFile(
                f"its column {column} holds no JSON but: {broken.excerpt(said[0].encode())}",
                where=item.name,
                hint="write it as JSON (json.dumps in Python, to_json in SQL), or leave the column out",
            )


def _first_rows(store: Store, item: Input, columns: list[str]) -> Iterator[tuple[str | None, ...]]:
    """The texts in some columns of the first rows of a table."""
    try:
        if item.seen.container == "parquet":
            scan = Scan((item.path,), "parquet", "none")
            text, params = records_sql(scan, dict.fromkeys(columns, "VARCHAR"), dict(item.seen.types))
            for _, *values in store.execute(f"SELECT * FROM ({text}) AS r LIMIT {SAMPLE_RECORDS}", params):
                yield tuple(values)
            return
        for record in islice(broken.read(item.path, item.seen, item.dialect), SAMPLE_RECORDS):
            if not record.fault:
                cells = json.loads(record.data)
                yield tuple(_text(cells.get(c)) for c in columns)
    except (UnreadableFile, StoreError):
        return  # ingest itself tells where it broke


def _text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
