"""Functions defined in files of `queries/`, put in the place of their calls: one definition for both engines."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import sqlglot
from sqlglot import exp

from tiermix import sql

# Names are kept as they are written: a JSON key startTime is not starttime.
DUCKDB = "duckdb, normalization_strategy = case_sensitive"
SPARK = "spark"

Macros = Mapping[str, tuple[tuple[str, ...], exp.Expr]]


@cache
def macros(name: str, dialect: str) -> Macros:
    """What the query file of that name defines: the parameters of each function, and the expression it stands for."""
    out = {}
    for made in sqlglot.parse(sql.load(name).text, read=dialect):
        if isinstance(made, exp.Create):
            body = made.expression.this if isinstance(made.expression, exp.Return) else made.expression
            out[made.this.this.name] = (tuple(p.name for p in made.this.expressions), body)
    return out


def written_out(tree: exp.Expr, known: Macros) -> exp.Expr:
    """The tree with what they stand for in the place of all calls of known functions."""

    def written(node: exp.Expr) -> exp.Expr:
        called = isinstance(node, exp.Anonymous) and node.name in known
        return call(known, node.name, *node.expressions) if called else node

    return tree.transform(written)


def call(known: Macros, name: str, *arguments: exp.Expr) -> exp.Expr:
    """What the function of that name stands for when it is given these arguments."""
    parameters, body = known[name]
    given = dict(zip(parameters, arguments, strict=True))

    def filled(node: exp.Expr) -> exp.Expr:
        return given[node.name].copy() if isinstance(node, exp.Column) and node.name in given else node

    return exp.paren(written_out(body.transform(filled), known), copy=False)
