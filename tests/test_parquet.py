"""Parquet with values that DuckDB refuses: the copy that it reads, and what becomes of the rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import Program
from tests.corpus import good
from tests.test_sources import CASES
from tiermix.config import Config
from tiermix.ingest import ingest
from tiermix.inputs import find
from tiermix.sources.parquet import BYTES, MILLISECONDS, plain
from tiermix.store import Store

START = datetime(2026, 11, 12, 10, tzinfo=UTC)
ROWS = 5000


def times(unit: Any) -> polars.Series:
    return polars.Series("ts", [START + timedelta(seconds=n) for n in range(ROWS)]).dt.cast_time_unit(unit)


def frame(**columns: Any) -> polars.DataFrame:
    rows = [good(n, request_id=f"r-{n:05d}", tenant=f"café{n % 7}", tier="primary") for n in range(ROWS)]
    return polars.DataFrame(rows).with_columns(**columns)


def spoil(path: Path, old: bytes, new: bytes) -> None:
    """Overwrites the only place in a file where some bytes stand."""
    content = path.read_bytes()
    assert content.count(old) == 1
    assert len(old) == len(new)
    path.write_bytes(content.replace(old, new))


def by_duckdb(path: Path) -> None:
    duckdb.execute(f"""
        COPY (SELECT 'naïve ' || i AS text, i AS number, {{'text': 'x', 'list': ['y', NULL]}} AS struct,
            ['a', 'é'] AS list, MAP {{'k': 'v'}} AS map, CAST(make_timestamp(i) AS TIMESTAMP_MS) AS ms,
            make_timestamp(i) AS us, make_timestamptz(i) AS tz, CAST('{{"a": 1}}' AS JSON) AS json,
            CAST('low' AS ENUM ('low')) AS enum,
            CAST('raw' AS BLOB) AS raw, NULL AS nothing, 'last' AS last FROM range(5) AS t(i))
        TO '{path}' (FORMAT parquet)""")


def by_polars(path: Path) -> None:
    nested = {"struct": polars.struct(text=polars.lit("x")), "list": polars.concat_list(polars.lit("é"))}
    frame(ts=times("ms"), us=times("us"), **nested).head(9).write_parquet(path)


CHANGED: dict[Callable[[Path], None], dict[str, str]] = {
    by_duckdb: {"text": BYTES, "ms": MILLISECONDS, "json": BYTES, "enum": BYTES, "last": BYTES},
    by_polars: dict.fromkeys(("request_id", "tier", "tenant"), BYTES) | {"ts": MILLISECONDS},
}


@pytest.mark.parametrize("write", CHANGED)
def test_a_copy_has_bytes_for_texts_and_numbers_for_milliseconds_and_all_else_as_it_was(
    tmp_path: Path, write: Callable[[Path], None]
) -> None:
    # Catches: a column within another one taken for one of the row, numbers of fields that no longer fit what is
    # written behind them, and any value that the copy lost.
    path, copy = tmp_path / "log.parquet", tmp_path / "copy.parquet"
    write(path)
    changed = plain(path, copy)
    assert changed.items() >= CHANGED[write].items()

    def types(of: Path) -> dict[str, str]:
        return {row[0]: row[1] for row in duckdb.execute(f"DESCRIBE FROM '{of}'").fetchall()}

    was, now = types(path), types(copy)
    assert now == was | {c: "BLOB" if to == BYTES else "BIGINT" for c, to in changed.items()}
    back = {BYTES: "decode({0}) AS {0}", MILLISECONDS: "epoch_ms({0}) AS {0}"}
    now_text, was_text = (
        ", ".join(how[to].format(f'"{c}"') for c, to in changed.items())
        for how in (back, {BYTES: "CAST({0} AS VARCHAR) AS {0}", MILLISECONDS: "CAST({0} AS TIMESTAMP) AS {0}"})
    )
    read, there = (
        duckdb.execute(f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (SELECT * REPLACE ({text}) FROM '{of}')").fetchall()
        for text, of in ((now_text, copy), (was_text, path))
    )
    assert read == there


@given(data=st.data())
def test_no_footer_makes_the_copy_fail_in_another_way_than_it_says(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    # Catches: an index beyond the end, and a loop as long as a broken length says.
    path = tmp_path_factory.mktemp("footer") / "log.parquet"
    by_duckdb(path)
    content = bytearray(path.read_bytes())
    footer = int.from_bytes(content[-8:-4], "little") + 8
    for at in data.draw(st.lists(st.integers(1, footer), max_size=5)):
        content[-at] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: len(content) - data.draw(st.integers(0, 3))])
    with suppress(ValueError):
        plain(path, path.with_name("copy.parquet"))


def quarantined(program: Program) -> list[tuple[int, str]]:
    with Store.read(program.folder / "tiermix.duckdb") as store:
        return [(line, why) for line, why in store.execute("SELECT line, reason FROM quarantine ORDER BY line")]


def test_a_text_that_is_not_utf8_and_a_time_beyond_all_years_cost_only_their_rows(tiermix: Program) -> None:
    # DuckDB refuses a whole file for one such value. Catches: that being the end of it, a row that is kept without its
    # tenant, and a time or a text with letters beyond ASCII that changes on this way.
    path = tiermix.folder / "log.parquet"
    ts = times("ms").to_physical().scatter(41, 2**62).cast(polars.Datetime("ms", "UTC"))
    frame(ts=ts).write_parquet(path, compression="uncompressed")
    spoil(path, b"r-00123", b"r-\xff\xfe123")
    spoil(path, "café3".encode(), b"caf\xc3\xc33")  # of a dictionary: a seventh of all rows
    asked = tiermix("mix", path, "--by", "tenant", "--json")
    ran = tiermix("ingest", path, "--max-bad", "1", "--json")
    assert ran.code == 0, ran.err
    lost = {n: "a text in it is not UTF-8" for n in range(ROWS) if n % 7 == 3 or n == 123} | {41: "ts is not a time"}
    assert quarantined(tiermix) == [(n + 1, why) for n, why in sorted(lost.items())]
    with Store.read(tiermix.folder / "tiermix.duckdb") as store:
        kept = store.execute("SELECT request_id, CAST(ts AS VARCHAR), tenant FROM requests ORDER BY request_id")
    assert kept == [
        (f"r-{n:05d}", f"{START + timedelta(seconds=n):%Y-%m-%d %H:%M:%S}+00", f"café{n % 7}")
        for n in range(ROWS)
        if n not in lost
    ]
    assert asked.json == tiermix("mix", "--by", "tenant", "--json").json
    assert tiermix("ingest", path, "--max-bad", "1", "--json").json["files"][0]["unchanged"]


def test_what_is_bad_in_a_field_that_the_source_does_not_have_costs_nothing(tiermix: Program) -> None:
    path = tiermix.folder / "log.parquet"
    frame(prompt=polars.format("p-{}", polars.col("request_id"))).write_parquet(path, compression="uncompressed")
    spoil(path, b"p-r-00123", b"p-r-\xff0123")
    ran = tiermix("ingest", path, "--json")
    assert (ran.code, ran.json["accepted"], ran.json["quarantined"]) == (0, ROWS, 0)


def test_bytes_for_text_and_bad_ones_of_them_are_read_in_columns_of_objects_too(tiermix: Program) -> None:
    # Impala and old Hive write texts as bytes. Catches: DuckDB's notation of bytes for a text, and an ingest that ends
    # where it looks at the first rows of such a column.
    records, _ = CASES["databricks"]
    rows = [{k: json.dumps(v) if isinstance(v, dict) else v for k, v in r.items()} for r in records * 5]
    rows = [r | {"request_id": f"é{n}", "request_tags": json.dumps({"team": f"team-{n}"})} for n, r in enumerate(rows)]
    texts = polars.DataFrame(rows, strict=False)
    texts.write_parquet(tiermix.folder / "texts.parquet", compression="uncompressed", statistics=False)
    texts.with_columns(polars.col(polars.String).cast(polars.Binary)).write_parquet(tiermix.folder / "bytes.parquet")

    def requests(name: str) -> list[tuple[Any, ...]]:
        with Store.in_memory() as store:
            ingest(store, find([str(tiermix.folder / name)]), Config(), now=START)
            assert store.execute("SELECT line FROM quarantine") == [(3,)] * name.startswith("spoilt")
            return store.execute("SELECT CAST(COLUMNS(*) AS VARCHAR) FROM requests ORDER BY request_id")

    whole = requests("texts.parquet")
    assert len(whole) == 10
    assert requests("bytes.parquet") == whole
    (tiermix.folder / "spoilt.parquet").write_bytes((tiermix.folder / "texts.parquet").read_bytes())
    spoil(tiermix.folder / "spoilt.parquet", b"team-2", b"team\xff2")
    assert requests("spoilt.parquet") == [r for r in whole if "é2" not in r]
