"""DuckDB SQL as Spark SQL that gives the same rows.

sqlglot carries the grammar over and finds the type of every expression; what then means something else in Spark is said
anew by the rules beside this file. What neither knows is refused by name: nothing is passed on in the hope of the best.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

import sqlglot
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify

from tiermix import sql
from tiermix.engine.spark.macros import DUCKDB, SPARK, macros, written_out
from tiermix.engine.spark.rules import Untranslatable, renamed, rule

# Types of what sqlglot leaves open.
_TYPES = {
    **Dialect.get_or_raise(DUCKDB).EXPRESSION_METADATA,
    exp.ArrayDistinct: {"returns": exp.DType.ARRAY},
    exp.ArrayFilter: {"returns": exp.DType.ARRAY},
    exp.JSONExtractScalar: {"returns": exp.DType.VARCHAR},
    exp.Left: {"returns": exp.DType.VARCHAR},
    exp.Nullif: {"annotator": lambda typing, node: typing._annotate_by_args(node, "this")},
    exp.RegexpExtract: {"returns": exp.DType.VARCHAR},
    exp.RegexpReplace: {"returns": exp.DType.VARCHAR},
    exp.Transform: {"returns": exp.DType.ARRAY},
    exp.Trim: {"returns": exp.DType.VARCHAR},
    exp.Upper: {"returns": exp.DType.VARCHAR},
}

_PACKED = " USING COMPRESSION zstd"

Columns = Mapping[str, str]  # names and DuckDB types
Tables = Mapping[str, Columns]


def parsed(text: str) -> exp.Query:
    """A DuckDB query as a tree, our macros written out.

    Of an `INSERT ... SELECT` into a table of the store it is the query, its columns named as those of the table.
    """
    tree = sqlglot.parse_one(text, read=DUCKDB)
    if isinstance(tree, exp.Insert):
        columns = store_tables()[tree.this.name]
        tree = tree.expression
        aliased = [exp.alias_(e.unalias(), c, quoted=True) for e, c in zip(tree.selects, columns, strict=True)]
        tree.set("expressions", aliased)
    tree = written_out(tree, macros("ingest/macros", DUCKDB))
    if not isinstance(tree, exp.Query):
        raise Untranslatable("only a question can be put to Spark", where=text[:60])
    return tree


def translated(query: exp.Query, tables: Tables) -> str:
    """A DuckDB query over tables of known columns as Spark SQL that gives the same rows.

    Parameters keep their names: `$batch_id` is `:batch_id`.

    Raises:
        Untranslatable: something in it has no equal in Spark SQL.
    """
    schema: dict[str, object] = {name: dict(columns) for name, columns in tables.items()}
    try:
        named = qualify(query.transform(renamed), schema=schema, dialect=DUCKDB)
        typed = annotate_types(named, schema, dialect=DUCKDB, expression_metadata=_TYPES)
        return _said_anew(typed).sql(SPARK, identify=True, unsupported_level=sqlglot.ErrorLevel.RAISE, comments=False)
    except SqlglotError as error:
        raise Untranslatable(f"there is no Spark SQL for it: {error}") from error


def _said_anew(tree: exp.Expr) -> exp.Expr:
    """Applies the rules from the leaves up; which ones is settled before, while all types are known."""
    plan = [(node, change) for node in tree.walk() if (change := rule(node)) is not None]
    for node, change in reversed(plan):
        node.replace(change(node))
    return tree


@cache
def store_tables() -> Tables:
    """The columns of the store's tables, as all steps of its schema leave them."""
    tables: dict[str, dict[str, str]] = {}
    for name in (n for n in sql.names() if n.startswith("schema/")):
        text = sql.load(name).text.replace(_PACKED, "")  # which is nothing to Spark, and unknown to the parser
        for made in sqlglot.parse(text, read=DUCKDB):
            if isinstance(made, exp.Create) and made.kind == "TABLE":
                tables[made.this.this.name] = _columns(made.this.expressions)
            elif isinstance(made, exp.Alter):
                actions = made.args["actions"]
                tables[made.this.name] |= _columns(a for a in actions if isinstance(a, exp.ColumnDef))
                for dropped in (c.name for a in actions if isinstance(a, exp.Drop) for c in a.args["tables"]):
                    del tables[made.this.name][dropped]
    return tables


def _columns(defined: Iterable[exp.Expr]) -> dict[str, str]:
    return {c.name: c.args["kind"].sql(DUCKDB) for c in defined}
