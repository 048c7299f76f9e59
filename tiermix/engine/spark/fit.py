"""Columns of whatever types they have, made those that a dialect declares, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlglot import exp

from tiermix.engine.spark.macros import DUCKDB, SPARK
from tiermix.engine.spark.rules import cast_of, in_spark
from tiermix.engine.spark.statements import PLACE
from tiermix.sources import Dialect

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.types import DataType

_KINDS = {
    "string": "text", "char": "text", "varchar": "text", "date": "text", "timestamp_ntz": "text",
    "byte": "whole", "short": "whole", "integer": "whole", "long": "whole",
    "float": "real", "double": "real", "decimal": "real", "boolean": "truth", "timestamp": "time",
    "struct": "record", "array": "record", "map": "record",
}  # fmt: skip


def declared(duckdb_type: str) -> exp.DataType:
    """The type that a dialect declares for a field."""
    return exp.DataType.build(duckdb_type, dialect=DUCKDB)


def spark_type(duckdb_type: str) -> str:
    """A DuckDB type as Spark writes it: `STRUCT(a VARCHAR)[]` is ``ARRAY<STRUCT<`a`: STRING>>``."""
    return declared(duckdb_type).sql(SPARK, identify=True)


def as_text(columns: Mapping[str, str]) -> str:
    """The columns as one Spark type with text in every leaf."""

    def leaf_as_text(node: exp.Expr) -> exp.Expr:
        leaf = isinstance(node, exp.DataType) and not node.expressions
        return exp.DataType.build("VARCHAR", dialect=DUCKDB) if leaf else node

    types = {exp.to_identifier(c, quoted=True): declared(t).transform(leaf_as_text) for c, t in columns.items()}
    fields = ", ".join(f"{name.sql(SPARK)}: {kind.sql(SPARK, identify=True)}" for name, kind in types.items())
    return f"STRUCT<{fields}>"


def fitted(frame: DataFrame, dialect: Dialect, *, from_json: bool = False) -> DataFrame:
    """The place of each record and exactly the columns of the dialect, of its types; null where one is not there.

    Args:
        frame: has `file` and `line`, and columns named as the fields of the dialect.
        dialect: says which columns and types.
        from_json: text may be a number as Spark writes it; it is then written in full, in fields of the record itself.
    """
    have = {f.name: f.dataType for f in frame.schema.fields}
    columns = []
    for name, kind in dialect.columns.items():
        value, want = exp.column(name, quoted=True), declared(kind)
        made = _fit(value, have[name], want) if name in have else _none(want)
        if from_json and made is value and want.this in exp.DataType.TEXT_TYPES:
            made = in_spark("number_in_full", value)
        columns.append(exp.alias_(made, name, quoted=True).sql(SPARK, identify=True))
    return frame.selectExpr(*PLACE, *columns)


def _none(want: exp.DataType) -> exp.Expr:
    return exp.cast(exp.null(), want)


def _fit(value: exp.Expr, have: DataType, want: exp.DataType, depth: int = 0) -> exp.Expr:
    """The value as the wanted type; the very same expression where it is that already."""
    from pyspark.sql.types import ArrayType, StructType

    if want.is_type(exp.DType.STRUCT):
        return _fit_fields(value, have, want, depth) if isinstance(have, StructType) else _none(want)
    if want.is_type(exp.DType.ARRAY, exp.DType.LIST):
        return _fit_elements(value, have.elementType, want, depth) if isinstance(have, ArrayType) else _none(want)
    name = have.typeName()
    kind = _KINDS.get(name)
    if kind is None:
        return _none(want)
    if kind == "text" and name not in ("string", "char", "varchar"):
        value = exp.cast(value, "string", dialect=SPARK)
    if kind == "time" and want.this in exp.DataType.TEXT_TYPES:  # as text it would depend on the zone of the session
        return exp.cast(exp.UnixMicros(this=value), "string", dialect=SPARK)
    return cast_of(value, kind, want)


def _fit_fields(value: exp.Expr, have: DataType, want: exp.DataType, depth: int) -> exp.Expr:
    found = {f.name: f.dataType for f in have.fields}
    same, parts = list(found) == [f.name for f in want.expressions], []
    for field in want.expressions:
        name, kind = field.name, field.args["kind"]
        part = exp.Dot(this=value.copy(), expression=exp.to_identifier(name, quoted=True))
        made = _fit(part, found[name], kind, depth) if name in found else _none(kind)
        same = same and made is part
        parts.append(exp.PropertyEQ(this=exp.to_identifier(name, quoted=True), expression=made))
    given = exp.Not(this=exp.Is(this=value.copy(), expression=exp.null()))
    return value if same else exp.case().when(given, exp.Struct(expressions=parts))


def _fit_elements(value: exp.Expr, have: DataType, want: exp.DataType, depth: int) -> exp.Expr:
    element = exp.to_identifier(f"e{depth}")
    made = _fit(element, have, want.expressions[0], depth + 1)
    return (
        value
        if made is element
        else exp.Transform(this=value, expression=exp.Lambda(this=made, expressions=[element.copy()]))
    )
