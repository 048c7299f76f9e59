"""Logs as Spark sees them: text, files of columns and tables become the records that a dialect expects, typed.

JSON is read with text in every leaf and typed after that, as DuckDB types it: Spark alone would make a null of "429"
where a number is wanted. Nothing but the fields of the dialect is parsed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import sqlglot
from sqlglot import exp

from tiermix import sql
from tiermix.engine.spark.fit import as_text, fitted
from tiermix.engine.spark.macros import SPARK, macros, written_out
from tiermix.engine.spark.statements import PLACE
from tiermix.sources import Dialect

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Container = Literal["lines", "arrays", "array", "values", "csv", "parquet"]

_WHOLE_FILES = ("array", "values")
_BATCHES = ("arrays", "array")


def read(
    spark: SparkSession, dialect: Dialect, paths: str | Sequence[str], container: Container = "lines"
) -> DataFrame:
    """The records of log files, wherever this Spark can read: file:, hdfs:, s3a:, gs:, abfss:.

    Args:
        spark: a session; none of its settings is changed.
        dialect: whose logs they are.
        paths: files, folders or globs; packed files are known by their names (.gz, .zst).
        container: one JSON object a line (`lines`) or a file (`values`), one array of objects a line (`arrays`) or a
            file (`array`), `csv` with a header, or `parquet`. A file that is one value is read by one task as a whole.
    """
    listed = [paths] if isinstance(paths, str) else list(paths)
    if container == "parquet":
        return from_frame(spark.read.option("mergeSchema", "true").parquet(*listed).select("*", "_metadata"), dialect)
    if container == "csv":
        return from_frame(
            spark.read.csv(listed, header=True, multiLine=True, escape='"').select("*", "_metadata"), dialect
        )
    texts = spark.read.text(listed, wholetext=container in _WHOLE_FILES, lineSep="\n").selectExpr(
        "_metadata.file_path AS file",
        "_metadata.file_block_start AS block",
        "MONOTONICALLY_INCREASING_ID() AS row",
        "value",
    )
    question = _ours("spark/json_batches" if container in _BATCHES else "spark/json_records")
    parsed = ask(spark, question, {"schema": f"ARRAY<{as_text(dialect.columns)}>"}, texts=texts)
    return fitted(parsed.select(*PLACE, "record.*"), dialect, from_json=True)


def from_frame(frame: DataFrame, dialect: Dialect) -> DataFrame:
    """The records of a table, or of any data frame whose columns are named as the fields of the dialect."""
    from_files = "_metadata" in frame.columns and "_metadata" not in dialect.columns
    file, block = ("_metadata.file_path", "_metadata.file_block_start") if from_files else ("''", "0L")
    line = f"NAMED_STRUCT('block', {block}, 'row', MONOTONICALLY_INCREASING_ID(), 'nth', 0) AS line"
    kept = [exp.column(c, quoted=True).sql(SPARK) for c in dialect.columns if c in frame.columns]
    return fitted(frame.selectExpr(f"{file} AS file", line, *kept), dialect)


def ask(spark: SparkSession, question: str, params: Mapping[str, object], **tables: DataFrame) -> DataFrame:
    """Puts Spark SQL over data frames, which have the names of tables in it; values are bound."""
    text = question.replace("{", "{{").replace("}", "}}")
    for name in tables:
        text = re.sub(rf"\bFROM `{name}`", f"FROM {{{name}}}", text)
    return spark.sql(text, args=dict(params), **tables)


def _ours(name: str) -> str:
    """A query that is written for Spark, its functions written out."""
    tree = written_out(sqlglot.parse_one(sql.load(name).text, read=SPARK), macros("spark/casts", SPARK))
    return tree.sql(SPARK, identify=True, comments=False)
