"""Spark: every dialect and every rollup travels there, and gives what the store gives, to the last integer."""

from __future__ import annotations

import dataclasses
import gzip
import json
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from tests.conftest import HERE, ROOT, missing, small_records, write_lines
from tests.odd import LINES, TEXTS, TIMES, odd_records
from tests.test_otel import LOGS, RAN
from tests.test_shapes import SHAPES
from tests.test_sources import CASES
from tiermix import sql
from tiermix.config.settings import Config
from tiermix.engine import spark as on_spark
from tiermix.engine.spark.fit import as_text, spark_type
from tiermix.engine.spark.read import Container, ask
from tiermix.engine.spark.statements import receipt_sql, requests_sql, rollup_sql
from tiermix.engine.spark.translate import parsed, translated
from tiermix.errors import UsageError
from tiermix.ingest import ingest
from tiermix.inputs import find
from tiermix.sources import Dialect, dialects
from tiermix.store import Store

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

NOW = datetime(2026, 11, 21, tzinfo=UTC)
USABLE = {name: d for name, d in dialects().items() if not d.refuse}
ROLLUPS = [name for name in sql.names() if name.startswith("ingest/roll_")]
# Functions of Spark that sqlglot passes on by name. Any other would be one of DuckDB that nobody translated.
SPARK_ONLY = {
    "ARRAY_COMPACT", "ARRAY_SIZE", "MONOTONICALLY_INCREASING_ID", "OCTET_LENGTH", "RINT", "TIMESTAMP_MICROS",
    "TRY_ELEMENT_AT", "UNIX_MICROS", "JSON_ARRAY_LENGTH", "NAMED_STRUCT", "TO_JSON", "COLLECT_LIST",
}  # fmt: skip

# Without Spark.


def reads_as_spark(text: str) -> exp.Expr:
    """The text as a tree of Spark SQL, all of whose functions Spark has."""
    tree = sqlglot.parse_one(text, read="spark", error_level=sqlglot.ErrorLevel.RAISE)
    assert not list(tree.find_all(exp.Command))
    assert {f.name.upper() for f in tree.find_all(exp.Anonymous)} <= SPARK_ONLY
    return tree


@pytest.mark.parametrize("name", USABLE)
def test_every_dialect_becomes_spark_sql(name: str, caplog: pytest.LogCaptureFixture) -> None:
    # Catches a projection with a function or cast that has no rule, and any rule or macro taken away.
    dialect = USABLE[name]
    for question in (requests_sql(dialect), receipt_sql(dialect)):
        tree = reads_as_spark(question)
        assert {t.name for t in tree.find_all(exp.Table)} - {c.alias for c in tree.find_all(exp.CTE)} == {"records"}
        assert {p.name for p in tree.find_all(exp.Placeholder)} <= {"hash_key", "batch_id"}
    assert not caplog.records  # sqlglot warns of what it leaves out


@pytest.mark.parametrize("name", USABLE)
def test_every_field_of_a_dialect_has_a_type_in_spark(name: str) -> None:
    for kind in USABLE[name].columns.values():
        back = exp.DataType.build(spark_type(kind), dialect="spark").sql("duckdb", identify=True)
        assert back == exp.DataType.build(kind, dialect="duckdb").sql("duckdb", identify=True)


@pytest.mark.parametrize("name", ROLLUPS)
def test_every_rollup_becomes_spark_sql(name: str) -> None:
    asked = reads_as_spark(rollup_sql(name))
    assert isinstance(asked, exp.Query)
    table = re.search(r"INSERT INTO (\w+)", sql.load(name).text)
    assert table
    columns = duckdb.connect().execute(sql.load("schema/001_store").text + f"; DESCRIBE {table[1]}").fetchall()
    assert asked.named_selects == [c[0] for c in columns]


def test_text_is_read_for_every_leaf_of_json() -> None:
    assert as_text({"a": 'STRUCT(b INTEGER, "c-d" DOUBLE[])[]'}) == (
        "STRUCT<`a`: ARRAY<STRUCT<`b`: STRING, `c-d`: ARRAY<STRING>>>>"
    )


TABLE = {"t": {"a": "VARCHAR", "b": "BIGINT", "c": "INTEGER[]", "ok": "BOOLEAN"}}


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("SELECT list(a ORDER BY b) AS x FROM t", "ARRAY_SORT(COLLECT_LIST("),  # sqlglot alone forgets the order
        ("SELECT arg_min(a, b) AS x FROM t", "FILTER(WHERE NOT `t`.`a` IS NULL)"),  # Spark would take a null
        ("SELECT c[1] AS x, c[-1] AS y FROM t", "TRY_ELEMENT_AT(`t`.`c`, 1) AS `x`, TRY_ELEMENT_AT(`t`.`c`, -1)"),
        ("SELECT len(c) AS x FROM t", "ARRAY_SIZE(`t`.`c`)"),
        ("SELECT len(a) AS x FROM t", "LENGTH(`t`.`a`)"),
        ("SELECT hash(a, b) AS x FROM t", "STRUCT(`t`.`a` AS `a`, `t`.`b` AS `b`)"),
        ("SELECT a FROM t ORDER BY a", "NULLS LAST"),
        ("SELECT b // 2 AS x FROM t", "`t`.`b` DIV 2"),
        ("SELECT strlen(a) AS x FROM t WHERE b = $b", ":b"),
        ("SELECT bounded(a) AS x FROM t", "OCTET_LENGTH(`t`.`a`) > 256"),
    ],
)  # fmt: skip
def test_what_means_something_else_in_spark_is_said_anew(question: str, said: str) -> None:
    assert said in translated(parsed(question), TABLE)


@pytest.mark.parametrize(
    "question",
    [
        "SELECT bar(a, 3) AS x FROM t",
        "SELECT list(a) AS x FROM t",
        "SELECT list(a ORDER BY b) FILTER (ok) AS x FROM t",
        "SELECT list(a ORDER BY b DESC) AS x FROM t",
        "SELECT arg_min(a, b) FILTER (ok) AS x FROM t",
        "SELECT CAST(a AS DATE) AS x FROM t",
        "SELECT CAST($unknown AS BIGINT) AS x FROM t",
        "SELECT len($unknown) AS x FROM t",
        "SELECT nowhere FROM t",
        "DELETE FROM t",
    ],
)
def test_what_has_no_equal_is_refused(question: str) -> None:
    with pytest.raises(on_spark.Untranslatable):
        translated(parsed(question), TABLE)


# With Spark.


def lacking() -> str | None:
    """What keeps Spark from starting here."""
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        return "Java"
    try:
        import pyspark  # noqa: F401
    except ImportError:
        return "pyspark (pip install 'tiermix[spark]')"
    java = Path(os.environ["JAVA_HOME"]) / "bin" / "java" if "JAVA_HOME" in os.environ else "java"
    shown = subprocess.run([java, "-version"], capture_output=True, text=True).stderr
    version = re.search(r'version "(\d+)', shown)
    return None if version and int(version[1]) >= 17 else "Java 17"


# To compile a query takes most of the time where there are only a few rows.
COMPILING = {"spark.sql.codegen.wholeStage": "true", "spark.sql.codegen.factoryMode": "FALLBACK"}
INTERPRETING = {"spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN"}


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """A small Spark in this process, whose zone is not UTC, so that nothing may depend on it."""
    if lacks := lacking():
        missing(lacks)
    from pyspark.sql import SparkSession

    folder = tmp_path_factory.mktemp("spark")
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    settings: dict[str, bool | float | int | str | None] = {
        "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1", "spark.driver.memory": "1g",
        "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.log.level": "OFF",
        "spark.local.dir": str(folder), "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.sql.shuffle.partitions": "2", "spark.sql.adaptive.enabled": "false",
        "spark.sql.session.timeZone": "America/New_York", **INTERPRETING,
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",  # it lives too briefly for the second compiler
    }  # fmt: skip
    session = SparkSession.builder.master("local[2]").appName("tiermix").config(map=settings).getOrCreate()
    yield session
    session.stop()


@pytest.fixture
def compiling(spark: SparkSession) -> Iterator[SparkSession]:
    """The same, which compiles its queries, as it does by itself."""
    for name, value in COMPILING.items():
        spark.conf.set(name, value)
    yield spark
    for name, value in INTERPRETING.items():
        spark.conf.set(name, value)


Counts = tuple[dict[tuple[Any, ...], int], dict[tuple[Any, ...], int]]


def summed(
    rows: Sequence[tuple[Any, ...]], named: Mapping[int, tuple[Any, ...]], at: int
) -> dict[tuple[Any, ...], int]:
    """Rows of a rollup, the columns of the outcome in the place of its id; the last column is the count."""
    counts: Counter[tuple[Any, ...]] = Counter()
    for row in rows:
        counts[*row[:at], *named[row[at]]] += row[-1]
    return {k: n for k, n in counts.items() if n}


def of_store(paths: Sequence[Path], hash_key: str | None = None) -> tuple[Counts, tuple[int, int]]:
    """What an ingest makes of the logs: the two rollups, and how many lines there were and how many of them bad."""
    config = Config(hash_users=hash_key is not None)
    with Store.in_memory() as store:
        made = ingest(store, find([str(p) for p in paths]), config, now=NOW, max_bad=1.0, hash_key=hash_key)
        named = {o.outcome_id: dataclasses.astuple(o)[1:] for o in store.outcomes()}
        minutes = store.execute("SELECT minute, outcome_id, requests FROM mix_minute")
        hours = store.execute("SELECT hour, dim, value, outcome_id, requests FROM mix_hour")
        return (summed(minutes, named, 1), summed(hours, named, 3)), (made.lines, made.quarantined)


def of_spark(
    spark: SparkSession,
    dialect: Dialect,
    paths: Sequence[Path],
    container: Container = "lines",
    hash_key: str | None = None,
) -> tuple[Counts, tuple[int, int]]:
    """What Spark makes of them."""
    records = on_spark.read(spark, dialect, [str(p) for p in paths], container)
    found = on_spark.rollups(records, dialect, hash_key=hash_key)
    named = {o.outcome_id: dataclasses.astuple(o)[1:] for o in found.outcomes}
    minutes = summed([dataclasses.astuple(m) for m in found.minutes], named, 1)
    hours = summed([dataclasses.astuple(h) for h in found.hours], named, 3)
    return (minutes, hours), (found.reading.rows, sum(n for _, n in found.reading.bad))


@pytest.mark.parametrize(
    ("kind", "texts"),
    [("BIGINT", TEXTS), ("INTEGER", TEXTS), ("DOUBLE", TEXTS), ("BOOLEAN", TEXTS), ("TIMESTAMPTZ", TIMES)],
)
def test_text_is_read_as_duckdb_reads_it(spark: SparkSession, kind: str, texts: list[str]) -> None:
    # Catches Spark's own casts (1.5 is 1 or nothing, "1d" is a number, " true" is true) and the zone of the session.
    shown = f"TRY_CAST(s AS {kind})"
    question = f"SELECT s, {f'epoch_us({shown})' if kind == 'TIMESTAMPTZ' else shown} AS x FROM t"
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        table = "(SELECT unnest($texts) AS s) AS t"
        wanted = db.execute(question.replace("FROM t", f"FROM {table}"), {"texts": texts}).fetchall()
    frame = spark.createDataFrame([(t,) for t in texts], "s string")
    got = ask(spark, translated(parsed(question), {"t": {"s": "VARCHAR"}}), {}, t=frame).collect()
    assert {r.s: repr(r.x) for r in got} == {s: repr(x) for s, x in wanted}


def of_lines(spark: SparkSession, path: Path, columns: Mapping[str, str]) -> list[tuple[Any, ...]]:
    """The records of a file as Spark reads them, in their order."""
    dialect = dataclasses.replace(dialects()["native"], columns=columns)
    return [tuple(r)[2:] for r in on_spark.read(spark, dialect, str(path)).orderBy("file", "line").collect()]


def test_lines_are_read_as_duckdb_reads_them(spark: SparkSession, tmp_path: Path) -> None:
    # Catches a record with junk behind it, half surrogates, single quotes and broken UTF-8 being taken, "429" not being
    # a number, and a value of another type costing its whole record.
    columns = {
        "id": "VARCHAR",
        "a": "VARCHAR",
        "s": "STRUCT(x VARCHAR)",
        "l": "STRUCT(n INTEGER, d DOUBLE)[]",
        "t": "VARCHAR[]",
    }
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"\n".join(LINES))
    typed = ", ".join(f"{c}: '{t}'" for c, t in columns.items())
    with duckdb.connect() as db:
        # DuckDB makes an empty struct where Spark makes none, which no projection can tell apart.
        reader = f"read_json($path, format = 'newline_delimited', ignore_errors = true, columns = {{{typed}}})"
        wanted = db.execute(f"SELECT id, a, s.x, l, t FROM {reader}", {"path": str(path)}).fetchall()
    got = [
        (i, a, s and s.x, li if li is None else [e and e.asDict() for e in li], t)
        for i, a, s, li, t in of_lines(spark, path, columns)
    ]
    assert got == wanted


def test_files_of_several_blocks_keep_their_order(spark: SparkSession, tmp_path: Path) -> None:
    # Which of two records of one id counts depends on it. Catches an order by anything that starts anew in every block.
    path = write_lines(tmp_path / "log.jsonl", [{"ts": str(i), "tier": "x" * 400} for i in range(3000)])
    spark.conf.set("spark.sql.files.maxPartitionBytes", "200k")
    try:
        rows = of_lines(spark, path, {"ts": "VARCHAR"})
    finally:
        spark.conf.unset("spark.sql.files.maxPartitionBytes")
    assert [int(r[0]) for r in rows] == list(range(3000))


@pytest.fixture(scope="module")
def odd_logs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two files of native records and broken lines that overlap in part."""
    folder = tmp_path_factory.mktemp("odd")
    lines = [json.dumps(r).encode() for r in odd_records()]
    broken = [x.replace(b'"id"', b'"tier"') for x in LINES]
    (folder / "a.jsonl").write_bytes(b"\n".join([*lines, *broken]))
    again = [x.replace(b"primary", b"secondary") if b'"twice"' in x else x for x in lines[-40:]]
    more = [json.dumps(r).encode() for r in small_records(count=200)]
    (folder / "b.jsonl.gz").write_bytes(gzip.compress(b"\n".join([*again, *again[-9:], *more])))
    return [folder / "a.jsonl", folder / "b.jsonl.gz"]


def test_broken_and_doubled_native_records_give_the_rollups_of_the_store(
    compiling: SparkSession, odd_logs: list[Path]
) -> None:
    # Catches any change of what is bad, a drill that is counted, the last of two records of an id being taken, and
    # lines without an id being counted once, or once in every file.
    wanted, (lines, bad) = of_store(odd_logs)
    assert bad > 100
    assert of_spark(compiling, dialects()["native"], odd_logs) == (wanted, (lines, bad))


@pytest.mark.parametrize(
    "setting",
    [
        {"spark.sql.ansi.enabled": "false", "spark.sql.session.timeZone": "Asia/Kolkata"},
        {"spark.sql.caseSensitive": "true"},
    ],
)
def test_the_settings_of_the_session_do_not_matter(
    spark: SparkSession, odd_logs: list[Path], setting: dict[str, str]
) -> None:
    before = {name: spark.conf.get(name) for name in setting}
    for name, value in setting.items():
        spark.conf.set(name, value)
    try:
        found = of_spark(spark, dialects()["native"], odd_logs[:1])
        assert {name: spark.conf.get(name) for name in setting} == setting
    finally:
        for name, old in before.items():
            spark.conf.set(name, str(old))
    assert found == of_store(odd_logs[:1])


def test_hashed_tenants_are_those_of_the_store(spark: SparkSession, odd_logs: list[Path]) -> None:
    key = "0123456789abcdef"
    hashed = of_spark(spark, dialects()["native"], odd_logs, hash_key=key)
    assert hashed == of_store(odd_logs, hash_key=key)
    assert "acme" not in {k[2] for k in hashed[0][1] if k[1] == "tenant"}


def test_the_sample_logs_give_the_rollups_of_the_store(compiling: SparkSession) -> None:
    logs = sorted((ROOT / "sample_logs").glob("2026-05.jsonl.gz"))
    assert of_spark(compiling, dialects()["native"], logs) == of_store(logs)


def test_parquet_gives_the_rollups_of_the_store(compiling: SparkSession) -> None:
    logs = [ROOT / "sample_logs" / "2026-11.parquet"]
    assert of_spark(compiling, dialects()["native"], logs, "parquet") == of_store(logs)


REAL = {
    "router": ("router_sdk/payloads.jsonl.gz", "lines"),
    "proxy": ("proxy_1.106.2/s3_standard_logging_payload.jsonl.gz", "lines"),
    "webhook": ("proxy_1.106.2/generic_api_webhook_batches.jsonl.gz", "arrays"),
    "object": ("proxy_1.106.2/one_s3_object_example.json", "values"),
}


@pytest.mark.parametrize("name", REAL)
def test_real_litellm_logs_give_the_rollups_of_the_store(
    request: pytest.FixtureRequest, shared: Path, name: str
) -> None:
    # Catches attempts counted as requests, and any other order or fold of the attempts of a request.
    path, container = REAL[name]
    spark = request.getfixturevalue("compiling" if name == "router" else "spark")
    found, read = of_spark(spark, dialects()["litellm"], [shared / "litellm" / path], container)  # type: ignore[arg-type]
    wanted, _ = of_store([shared / "litellm" / path])
    assert found == wanted
    assert read[1] == 0
    assert sum(found[0].values()) == {"router": 1200, "proxy": 40, "webhook": 40, "object": 1}[name]


def test_a_session_of_interleaved_attempts_is_folded_as_in_the_store(spark: SparkSession, tmp_path: Path) -> None:
    # One trace over all requests of the router, so that only times and routes tell them apart. Catches another order of
    # equal times, and any change to where one request ends.
    rows = [
        json.loads(x) for x in gzip.decompress((HERE / "data" / "litellm_router.jsonl.gz").read_bytes()).splitlines()
    ]
    for i, row in enumerate(rows):
        row |= {
            "trace_id": f"session-{i % 3}",
            "startTime": round(row["startTime"], 1),
            "endTime": round(row["endTime"], 1),
        }
    log = write_lines(tmp_path / "log.jsonl", rows)
    assert of_spark(spark, dialects()["litellm"], [log]) == of_store([log])


ROW = """epoch_us(ts) AS ts, request_id, tenant, "user", feature, intent, traffic_class, attempts, latency_ms,
    fallback_latency_ms, input_tokens, output_tokens, cost_usd, error, tool_calls, tool_ok, agent_override,
    schema_valid, cache_age_s, prompt_version, drill, has_id, group_key"""
OUTCOME = """requested_model, served_model, provider, route, intended_model, logged_tier, logged_intended, cached,
    reason, status, fallback"""


def plain(value: Any) -> Any:
    """A value of either engine as plain Python, sums of floats without their last digits."""
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, list):
        return [plain(v) for v in value]
    fields = value.asDict() if hasattr(value, "asDict") else value
    return {k: plain(v) for k, v in fields.items()} if isinstance(fields, dict) else value


def same_requests(spark: SparkSession, name: str, paths: Sequence[Path], container: Container = "lines") -> int:
    """Checks that both engines make the same requests of logs, in all their columns; returns how many."""
    dialect = dialects()[name]
    with Store.in_memory() as store:
        ingest(store, find([str(p) for p in paths]), Config(), now=NOW, source=name, max_bad=1.0)
        wanted = store.execute(f"SELECT {ROW}, {OUTCOME} FROM request_log AS l JOIN outcomes AS o USING (outcome_id)")
    table = on_spark.requests(on_spark.read(spark, dialect, [str(p) for p in paths], container), dialect)
    row = ROW.replace("epoch_us", "unix_micros").replace('"', "`").split(",")
    got = table.selectExpr(*row, *(f"outcome_id.{c.strip()}" for c in OUTCOME.split(","))).collect()

    def ordered(rows: Any) -> list[str]:
        return sorted(repr([plain(v) for v in r]) for r in rows)

    assert ordered(got) == ordered(wanted)
    return len(got)


# All that is known of a gateway is one job: Spark takes longer to plan one than to run it.
KNOWN = {
    name: [*([CASES[name]] if name in CASES else []), *(case for source, *case in SHAPES.values() if source == name)]
    for name in {*CASES, *(source for source, *_ in SHAPES.values())}
}


def with_own_ids(value: Any, n: int) -> Any:
    """A record whose ids no record of another number has."""
    if isinstance(value, dict):
        ids = {k for k, v in value.items() if k.lower().endswith("id") and isinstance(v, str) and v}
        return {k: f"{v}-{n}" if k in ids else with_own_ids(v, n) for k, v in value.items()}
    return [with_own_ids(v, n) for v in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_every_gateway_has_the_same_requests_in_spark(spark: SparkSession, tmp_path: Path, name: str) -> None:
    # Catches any projection that means something else in Spark, in any column of a request.
    records = [with_own_ids(record, n) for n, (some, _) in enumerate(KNOWN[name]) for record in some]
    expected = sum(len(wanted) for _, wanted in KNOWN[name])
    logs = [write_lines(tmp_path / "log.jsonl", records)]
    if name == "otel":
        logs += [LOGS / f"{ran}.jsonl" for ran in RAN]
        expected += sum(map(len, RAN.values()))
    assert same_requests(spark, name, logs) == expected


@pytest.mark.parametrize(
    ("name", "container", "paths"),
    [
        ("otel", "lines", ["litellm/proxy_1.106.2/proxy_otlp_traces.jsonl.gz", "otlp/openllmetry_openai_otlp.jsonl"]),
        ("langfuse_api", "values", ["langfuse/agno-2025-06-11.json"]),
        ("litellm_spend", "lines", ["litellm/proxy_1.106.2/spendlogs.jsonl.gz"]),
        ("litellm", "lines", ["litellm/proxy_1.106.2/s3_standard_logging_payload.jsonl.gz"]),
    ],
)
def test_real_logs_have_the_same_requests_in_spark(
    spark: SparkSession, shared: Path, name: str, container: Container, paths: list[str]
) -> None:
    assert same_requests(spark, name, [shared / p for p in paths], container) > 0


def test_csv_has_the_same_requests_in_spark(spark: SparkSession, tmp_path: Path) -> None:
    log = tmp_path / "activity.csv"
    log.write_text(
        "generation_id,created_at,cost_total,tokens_prompt,tokens_completion,model_permaslug,provider_name,user,"
        "finish_reason_normalized,generation_time_ms,api_key_name,app_name\n"
        'gen-1,2026-06-28 03:46:57.713,0.0044,285,236,anthropic/claude,"Bedrock, EU",u7,stop,1460,search,chat\n'
        "gen-2,2026-06-28 03:47:57.713,0.001,28,23,openai/gpt-4o,OpenAI,,error,1460,search,\n"
    )
    assert same_requests(spark, "openrouter_activity", [log], "csv") == 2


def test_a_table_is_read_like_a_file(spark: SparkSession, tmp_path: Path) -> None:
    # Types as a table has them: times, numbers, truths, structs with other fields and in another order.
    table = spark.sql(
        "SELECT TIMESTAMP '2026-11-12 10:15:04 UTC' AS event_time, 'q1' AS request_id, "
        "'gpt-4o' AS destination_model, "
        "200 AS status_code, 1.5D AS latency_ms, 12 AS input_tokens, "
        "STRUCT('x' AS more, 'acme' AS tenant) AS request_tags"
    )
    databricks = dialects()["databricks"]
    found = on_spark.rollups(on_spark.from_frame(table, databricks), databricks)
    assert [(m.minute * 60, m.requests) for m in found.minutes] == [(1794478500, 1)]
    assert found.outcomes[0].served_model == "gpt-4o"
    assert [h.value for h in found.hours if h.dim == "tenant"] == ["acme"]
    assert found.reading == on_spark.Reading(rows=1, skipped=0, bad=())


def test_logs_that_cannot_be_used_are_refused(spark: SparkSession) -> None:
    refused = next(d for d in dialects().values() if d.refuse)
    with pytest.raises(UsageError, match="cannot be used"):
        on_spark.rollups(spark.createDataFrame([("x",)], "a string"), refused)
