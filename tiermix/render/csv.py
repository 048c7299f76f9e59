"""A table as CSV: raw values, but a line a row and nothing that a terminal obeys; the names for machines as header."""

from __future__ import annotations

from tiermix.render.safe import escaped, no_formula
from tiermix.render.tables import Table, Value


def table(t: Table) -> str:
    """CSV text of the rows, without the total; a text that a spreadsheet would run as a formula gets an apostrophe."""
    import polars

    columns = {c.name: [_cell(row[i]) for row in t.rows] for i, c in enumerate(t.columns)}
    frame = polars.DataFrame(columns, strict=False)
    frame.columns = [_harmless(c.name) for c in t.columns]
    return frame.write_csv()


def _cell(value: Value) -> Value:
    return _harmless(value) if isinstance(value, str) else value


def _harmless(text: str) -> str:
    return no_formula(escaped(text))
