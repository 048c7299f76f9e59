"""The dialects that exist: those in the folders beside this file, and those a configuration maps by field paths."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal

from tiermix.config.settings import Source
from tiermix.sql import identifier, literal

Row = Literal["request", "attempt"]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How to read one kind of log.

    Attributes:
        name: what `--source` calls it.
        row: what one row of the log is.
        keys, any_keys: a record is of this dialect when it has all of the first and one of the second (if any).
        columns: the fields it reads and their DuckDB types.
        projection: SQL from the relation `records` to columns of `ingest/contract_requests` or
            `ingest/contract_attempts`; `skip` marks rows that are no requests, such as spans of other kinds.
        spans: where several records must be seen together to judge an attempt, SQL from `records` to what each says by
            itself; the projection then starts from that, as the relation `spans`. Columns are `file`, `line`, `trace`
            (of what belongs together), `id` (in it), `telling` and `leaf` (see `ingest/keep_spans`), texts and truth
            values. The store keeps spans, and judges them again when later ones of their trace arrive.
        explodes: a record can hold several rows, or the projection loses their order; `records` then has the number of
            the record as column `line`, which the projection passes on.
        fast: types of fields whose values are normally of that type, DOUBLE or BOOLEAN; a sound log is read as such,
            without going over text. A dialect without any goes the careful way.
        careful: lists of structs, as DuckDB's JSON functions write their type. Read as such, a value that is no list
            could not be told from one that is missing.
        refuse: why logs of this kind cannot be used; empty when they can.
    """

    name: str
    title: str
    row: Row
    keys: tuple[str, ...]
    any_keys: tuple[str, ...]
    columns: Mapping[str, str]
    projection: str
    spans: str = ""
    explodes: bool = False
    fast: Mapping[str, str] = field(default_factory=dict)
    careful: Mapping[str, str] = field(default_factory=dict)
    refuse: str = ""

    def claims(self, keys: frozenset[str]) -> int:
        """How many of its telling keys a record has; 0 when it is not of this dialect."""
        if not keys.issuperset(self.keys) or (self.any_keys and keys.isdisjoint(self.any_keys)):
            return 0
        return len(self.keys) + len(keys.intersection(self.any_keys))

    @property
    def typed(self) -> tuple[str, ...]:
        """The fields that can be read as the type that their values should have."""
        return (*self.fast, *self.careful)

    def as_if_typed(self, records: str, types: Mapping[str, str]) -> str:
        """SQL of records whose fields say what they would say when they were read as the type they should have.

        Args:
            records: the relation.
            types: those of its fields.
        """
        macro = {"DOUBLE": "as_number", "BOOLEAN": "as_truth"}
        said = {c: f"{macro[t]}({identifier(c)})" for c, t in self.fast.items() if types.get(c) == "VARCHAR"}
        for c, structure in self.careful.items():
            if types.get(c) == "JSON":
                said[c] = f"as_structs({identifier(c)}, {literal(structure)})"
        listed = ", ".join(f"{how} AS {identifier(c)}" for c, how in said.items())
        return f"SELECT * REPLACE ({listed}) FROM {records}" if said else f"SELECT * FROM {records}"


@cache
def dialects() -> Mapping[str, Dialect]:
    """All shipped dialects by name."""
    root = Path(__file__).parent
    return {p.parent.name: _read(p.parent) for p in sorted(root.glob("*/dialect.toml"))}


def _read(folder: Path) -> Dialect:
    data = tomllib.loads((folder / "dialect.toml").read_text(encoding="utf-8"))
    return Dialect(
        name=folder.name,
        title=data["title"],
        row=data.get("row", "request"),
        keys=tuple(data["sniff"]["keys"]),
        any_keys=tuple(data["sniff"].get("any", ())),
        columns=data.get("columns", {}),
        projection=(folder / "projection.sql").read_text(encoding="utf-8") if "refuse" not in data else "",
        spans=spans.read_text(encoding="utf-8") if (spans := folder / "spans.sql").exists() else "",
        explodes=data.get("explodes", False),
        fast=data.get("fast", {}),
        careful=data.get("careful", {}),
        refuse=data.get("refuse", ""),
    )


def mapped(source: Source, sample_keys: frozenset[str]) -> Dialect:
    """The dialect of a `[source.NAME]` table.

    A path such as `resp.model` is a key `model` inside `resp`, unless the records (`sample_keys`, their top-level keys)
    have a key of exactly that name; a part in double quotes may hold dots itself.
    """
    paths = {f: (p,) if p in sample_keys else split_path(p) for f, p in source.fields.items()}
    tree: dict[str, object] = {}
    for path in paths.values():
        _graft(tree, path)
    places = {f: ".".join(map(identifier, (column_name(p[0]), *p[1:]))) for f, p in paths.items()}
    fields = [f"    CAST({place} AS VARCHAR) AS {identifier(f)}" for f, place in places.items()]
    projection = "SELECT\n    file,\n" + ",\n".join(fields) + "\nFROM records\n"
    needed = tuple(dict.fromkeys(paths[f][0] for f in ("ts", "tier", "served_model") if f in paths))
    columns = {key: _type(node) for key, node in tree.items()}
    return Dialect(source.name, f"[source.{source.name}]", "request", needed[:1], needed[1:], columns, projection)


def column_name(key: str) -> str:
    """What a field of the log is called in the relation `records`, where `file` and `line` are ours."""
    return f"field {key}" if key.lower() in ("file", "line") else key


def split_path(path: str) -> tuple[str, ...]:
    """The keys of a dotted path: `a."b.c"` is `a`, then `b.c`."""
    return tuple(quoted or plain for quoted, plain in re.findall(r'"([^"]+)"|([^".]+)', path))


def _graft(tree: dict[str, object], path: tuple[str, ...]) -> None:
    node = tree
    for part in path[:-1]:
        below = node.setdefault(part, {})
        if not isinstance(below, dict):  # a leaf of another field: read it as a table, the leaf then comes as JSON text
            below = node[part] = {}
        node = below
    node.setdefault(path[-1], "VARCHAR")


def _type(node: object) -> str:
    if isinstance(node, dict):
        return "STRUCT(" + ", ".join(f"{identifier(k)} {_type(v)}" for k, v in node.items()) + ")"
    return "VARCHAR"
