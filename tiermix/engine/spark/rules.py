"""What means something else in Spark than in DuckDB, and how Spark says it: one rule a node."""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import exp

from tiermix.engine.spark.macros import SPARK, call, macros
from tiermix.errors import UsageError

Rule = Callable[[exp.Expr], exp.Expr]

_LISTS = {exp.DType.ARRAY, exp.DType.LIST}
_NAMES = {"strlen": "OCTET_LENGTH"}
# Casts that Spark does otherwise, by kind of operand and target: the function of spark/casts that does it as DuckDB.
_CASTS = {
    ("text", exp.DType.DOUBLE): "text_to_double",
    ("text", exp.DType.BIGINT): "text_to_bigint",
    ("text", exp.DType.INT): "text_to_int",
    ("text", exp.DType.BOOLEAN): "text_to_boolean",
    ("text", exp.DType.TIMESTAMPTZ): "text_to_timestamp",
    ("text", exp.DType.JSON): "text_to_json",
    ("real", exp.DType.BIGINT): "double_to_bigint",
    ("real", exp.DType.INT): "double_to_int",
}
# Casts that mean the same in both.
_ALIKE = {
    ("whole", "text"), ("truth", "text"), ("whole", "whole"), ("whole", "real"), ("real", "real"),
    ("truth", "truth"), ("time", "time"),
}  # fmt: skip
_KIND_OF = {
    **dict.fromkeys(exp.DataType.TEXT_TYPES, "text"),
    **dict.fromkeys(exp.DataType.INTEGER_TYPES, "whole"),
    **dict.fromkeys(exp.DataType.REAL_TYPES, "real"),
    exp.DType.BOOLEAN: "truth",
    exp.DType.TIMESTAMPTZ: "time",
    exp.DType.STRUCT: "record",
}


class Untranslatable(UsageError):
    """A statement says something that has no equal in Spark SQL."""

    code = "untranslatable"


def renamed(node: exp.Expr) -> exp.Expr:
    """Gives a function that sqlglot does not know its Spark name, before types are looked for."""
    if not isinstance(node, exp.Anonymous):
        return node
    name = node.name.lower()
    if name == "epoch_us":
        return exp.UnixMicros(this=node.expressions[0])
    if name == "make_timestamptz":
        return exp.UnixToTime(this=node.expressions[0], scale=exp.UnixToTime.MICROS)
    if name == "hash":
        return _outcome(node)
    if name not in _NAMES:
        raise Untranslatable(f"the function {name} has no equal in Spark SQL")
    return exp.Anonymous(this=_NAMES[name], expressions=node.expressions)


def rule(node: exp.Expr) -> Rule | None:
    """The rule for a node whose type and parts are known; None when Spark means the same."""
    match node:
        case exp.Cast():
            return _cast_rule(node)
        case exp.Length() if _kind(node.this) != "text":  # DuckDB's len also counts elements
            if not node.this.is_type(*_LISTS):
                raise Untranslatable("the length of something of unknown type", where=node.sql()[:80])
            return lambda n: exp.Anonymous(this="ARRAY_SIZE", expressions=[n.this])
        case exp.Bracket():
            return _element
        case exp.RegexpReplace():
            return _groups_by_dollar
        case exp.ArgMin() | exp.ArgMax() if not isinstance(node.this, exp.Struct):
            return _at_known
        case exp.ArrayAgg():
            return _in_order
        case exp.ArrayDistinct():
            return lambda n: exp.Anonymous(this="ARRAY_COMPACT", expressions=[n.copy()])
        case exp.Window() if isinstance(node.this, exp.RowNumber) and not node.args.get("order"):
            return lambda _: exp.Anonymous(this="MONOTONICALLY_INCREASING_ID")
    return None


def _outcome(node: exp.Anonymous) -> exp.Expr:
    """A hash of columns becomes the columns as one value, by which Spark groups as well, and nothing can collide."""
    fields = [exp.PropertyEQ(this=exp.to_identifier(c.name, quoted=True), expression=c) for c in node.expressions]
    return exp.Struct(expressions=fields)


def _groups_by_dollar(node: exp.Expr) -> exp.Expr:
    r"""What a group matched is `\\1` in DuckDB and `$1` in Spark."""
    made = node.copy()
    text = made.args["replacement"].name
    made.set("replacement", exp.Literal.string(re.sub(r"\\(\d)", r"$\1", text)))
    return made


def _cast_rule(node: exp.Cast) -> Rule | None:
    if isinstance(node.this, exp.Null):
        return None
    if node.to.is_type(*_LISTS) and node.this.is_type(*_LISTS):  # records are read with the types that they should have
        return lambda n: n.this
    kind, target = _kind(node.this), node.to
    cast_of(node.this, kind, target)  # refuses now what it would refuse when the types are no longer known
    return lambda n: cast_of(n.this, kind, target)


def cast_of(value: exp.Expr, kind: str, target: exp.DataType) -> exp.Expr:
    """A value as another type, as DuckDB's TRY_CAST gives it.

    Args:
        value: an expression of Spark.
        kind: what it is: text, whole, real, truth, time or record.
        target: a type of DuckDB.

    Raises:
        Untranslatable: there is no rule for such a cast.
    """
    wanted = _KIND_OF.get(target.this)
    if kind == "text" and wanted == "text":
        return value
    if kind == "record" and wanted == "text":
        return exp.func("TO_JSON", value)
    if kind == "real" and wanted == "text":
        return in_spark("number_in_full", exp.cast(value, "string", dialect=SPARK))
    if (name := _CASTS.get((kind, target.this))) is not None:
        return in_spark(name, value)
    if wanted is None or (kind, wanted) not in _ALIKE:
        raise Untranslatable(f"a cast of {kind} to {target.sql()} has no equal in Spark SQL", where=value.sql()[:80])
    return exp.TryCast(this=value, to=target.copy())


def in_spark(name: str, value: exp.Expr) -> exp.Expr:
    """A function of spark/casts, written out for a value."""
    return call(macros("spark/casts", SPARK), name, value)


def _kind(node: exp.Expr) -> str:
    if isinstance(node, exp.Struct):
        return "record"
    known = _type_in_lambda(node) if node.find_ancestor(exp.Lambda) else node.type
    return _KIND_OF.get(known.this, "an unknown type") if known is not None else "an unknown type"


def _type_in_lambda(node: exp.Expr) -> exp.DataType | None:
    """The type of a field of the element that a lambda is given, which sqlglot does not look for."""
    inside = node.find_ancestor(exp.Lambda)
    elements = inside.parent.this.type if inside is not None and inside.parent is not None else None
    if not isinstance(node, exp.Dot) or elements is None or not elements.expressions:
        return node.type
    fields = {f.name: f.args["kind"] for f in elements.expressions[0].expressions if isinstance(f, exp.ColumnDef)}
    return fields.get(node.expression.name)


def _element(node: exp.Expr) -> exp.Expr:
    """An element of a list, null where there is none. sqlglot counts from 0, DuckDB and this function from 1."""
    at = exp.Literal.number(int(node.expressions[0].to_py()) + 1)
    return exp.Anonymous(this="TRY_ELEMENT_AT", expressions=[node.this, at])


def _at_known(node: exp.Expr) -> exp.Expr:
    """DuckDB takes the value at the least or greatest key among those that are not null; Spark takes a null as well."""
    known = exp.Not(this=exp.Is(this=node.this.copy(), expression=exp.Null()))
    if isinstance(node.parent, exp.Filter):
        raise Untranslatable(
            "arg_min and arg_max of a bare value cannot have a FILTER here", hint="pack it: struct_pack(...)"
        )
    return exp.Filter(this=node.copy(), expression=exp.Where(this=known))


def _in_order(node: exp.Expr) -> exp.Expr:
    """A list in the order of a key: collected with its keys, sorted, and the keys taken off again."""
    keys = node.this.expressions if isinstance(node.this, exp.Order) else []
    if len(keys) != 1 or keys[0].args.get("desc") or isinstance(node.parent, exp.Filter):
        raise Untranslatable("a list needs one rising key to be ordered by, and no FILTER", where=node.sql()[:80])
    text, name = exp.Literal.string, exp.to_identifier
    pair = exp.func("NAMED_STRUCT", text("k"), keys[0].this, text("v"), node.this.this)
    taken = exp.Lambda(this=exp.Dot(this=name("p"), expression=name("v")), expressions=[name("p")])
    collected = exp.func("COLLECT_LIST", pair, dialect=SPARK)
    return exp.Transform(this=exp.func("ARRAY_SORT", collected, dialect=SPARK), expression=taken)
