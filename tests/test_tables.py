"""CSV and Parquet: tables read beside others, under a title, or with objects in another notation than JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path
from typing import Any

import polars
import pytest

from tests.conftest import Program
from tests.corpus import good
from tests.test_sources import CASES
from tiermix.config import Config
from tiermix.ingest import ingest
from tiermix.inputs import find
from tiermix.store import Store

Write = Callable[[Path], Path]
COLUMNS = ("ts", "request_id", "tier", "tenant")


def table(tag: str, delimiter: str = ",", count: int = 30) -> str:
    """A native log as CSV."""
    out = io.StringIO()
    rows = [(f"2026-11-01T10:00:{n:02d}Z", f"{tag}-{n}", ("primary", "cache")[n % 2], "t") for n in range(count)]
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows([COLUMNS, *rows])
    return out.getvalue()


def stored(paths: Sequence[Path]) -> list[list[str]]:
    """What the ingest of these files puts into a store: requests, quarantine and ledger."""
    with Store.in_memory() as store:
        ingest(store, find(list(map(str, paths))), Config(), now=datetime(2026, 11, 20, tzinfo=UTC))
        questions = (
            "SELECT CAST(COLUMNS(*) AS VARCHAR) FROM requests",
            "SELECT path, line, reason, excerpt FROM quarantine",
            "SELECT path, lines, accepted, duplicate, quarantined FROM ledger",
        )
        return [sorted(map(repr, store.execute(q))) for q in questions]


def as_csv(tag: str, delimiter: str) -> Write:
    def write(folder: Path) -> Path:
        path = folder / f"{tag}.csv"
        path.write_text(table(tag, delimiter))
        return path

    return write


def as_parquet(tag: str, **columns: Any) -> Write:
    def write(folder: Path) -> Path:
        path = folder / f"{tag}.parquet"
        frame = polars.DataFrame([good(n, request_id=f"{tag}-{n}") for n in range(6)])
        frame.with_columns(polars.Series(c, [v] * 6) for c, v in columns.items()).write_parquet(path)
        return path

    return write


ATTEMPT = {"provider": "p", "model": "m", "status_code": 429}
CSV = {"commas": as_csv("c", ","), "semicolons": as_csv("s", ";"), "tabs": as_csv("t", "\t")}
PARQUET = {
    "attempts as text": as_parquet("text", attempts=json.dumps([ATTEMPT])),
    "attempts as words": as_parquet("words", attempts=["a", "b"]),
    "attempts as structs": as_parquet("structs", attempts=[ATTEMPT]),
    "tenant as number": as_parquet("number", tenant=7),
    "tenant as fraction": as_parquet("fraction", tenant=7.5),
    "tenant as truth": as_parquet("truth", tenant=True),
}


@pytest.mark.parametrize("names", [*permutations(CSV, 2), *permutations(PARQUET, 2)], ids=" and ".join)
def test_tables_that_are_read_together_are_read_as_each_alone(tmp_path: Path, names: tuple[str, str]) -> None:
    # Catches: all files of a batch split at the delimiter of the first, and columns of several Parquet files made one
    # type, in DuckDB's own notation, before anybody looks at them.
    paths = [(CSV | PARQUET)[name](tmp_path) for name in names]
    alone = [stored([path]) for path in paths]
    assert stored(paths) == [sorted(a + b) for a, b in zip(*alone, strict=True)]


ABOVE = "it stands above the header"
TITLES = {
    "what tells a spreadsheet the delimiter": ("sep=,\r\n", []),
    "a byte order mark and that": ("\ufeffsep=,\r\n", []),
    "a title and a blank line": ("Usage of the gateway\n\n", [(1, ABOVE)]),
    "a title with commas": ("Usage, of the gateway, 2026-11-01, all\n", [(1, ABOVE)]),
    "comments": ("# exported\n# by hand\n", [(1, ABOVE), (2, ABOVE)]),
    "a stray quote": ('He said "no\n', [(1, ABOVE)]),
    "a row": ("2026-11-01T09:00:00Z,x,cache,cache\n", [(1, ABOVE)]),
}


@pytest.mark.parametrize("kind", TITLES)
def test_what_stands_above_the_header_costs_only_itself(tiermix: Program, kind: str) -> None:
    # Catches: a file that is none of ours because of its first line, a header that is taken for a row and the other
    # way round, and lines that vanish without a word.
    title, bad = TITLES[kind]
    (tiermix.folder / "log.csv").write_text(title + table("r"))
    ran = tiermix("ingest", "log.csv", "--json", "--max-bad", "1")
    assert ran.code == 0, ran.err
    assert (ran.json["accepted"], ran.json["quarantined"]) == (30, len(bad))
    with Store.read(tiermix.folder / "tiermix.duckdb") as store:
        assert store.execute("SELECT line, reason FROM quarantine ORDER BY line") == bad


NOTATIONS: dict[str, Callable[[Any], str]] = {
    "of Python": str,
    "of DuckDB": lambda value: json.dumps(value).replace('"', "'"),
}


@pytest.mark.parametrize("how", NOTATIONS)
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_objects_in_another_notation_than_json_are_refused_with_the_cure(
    tiermix: Program, suffix: str, how: str
) -> None:
    # Catches: a table whose fallbacks are all missing, because the column that tells of them cannot be read.
    records, _ = CASES["databricks"]
    rows = [{k: NOTATIONS[how](v) if isinstance(v, dict) else v for k, v in r.items()} for r in records]
    frame = polars.DataFrame(rows, strict=False)
    path = tiermix.folder / f"log.{suffix}"
    frame.write_csv(path) if suffix == "csv" else frame.write_parquet(path)
    ran = tiermix("ingest", path)
    assert ran.code == 3
    assert "holds no JSON but: {'" in ran.err
    assert "json.dumps in Python" in " ".join(ran.err.split())


def test_one_cell_that_is_no_json_is_no_reason_to_refuse_a_table(tiermix: Program) -> None:
    # Catches: a file refused for the fault of one row.
    records, _ = CASES["databricks"]
    rows = [{k: json.dumps(v) if isinstance(v, dict) else v for k, v in r.items()} for r in records]
    rows[0]["request_tags"], rows[1]["request_tags"] = "{'team': 'search'}", '{"team": "search"}'
    polars.DataFrame(rows, strict=False).write_csv(tiermix.folder / "log.csv")
    assert tiermix("ingest", "log.csv").code == 0
