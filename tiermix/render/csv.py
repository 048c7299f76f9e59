"""A table as CSV: raw values, the names for machines as header."""

from __future__ import annotations

from tiermix.render.safe import no_formula
from tiermix.render.tables import Table, Value


def table(t: Table) -> str:
    """CSV text of the rows, without the total; a text that a spreadsheet would run as a formula gets an apostrophe."""
    import polars

    columns = {c.name: [_cell(row[i]) for row in t.rows] for i, c in enumerate(t.columns)}
    frame = polars.DataFrame(columns, strict=False)
    frame.columns = [no_formula(c.name) for c in t.columns]
    return frame.write_csv()


def _cell(value: Value) -> Value:
    return no_formula(value) if isinstance(value, str) else value
