"""Where the questions live: finds `.sql` files, reads their headers, and makes the few splices SQL cannot bind.

A query is a file `queries/AREA/NAME.sql` that opens with header lines:

    -- name: mix/days
    -- params: start timestamptz, end timestamptz
    -- grain: day, tier
    -- returns: day, tier, requests

Values are always bound. What cannot be bound (a column name, a type) goes through `identifier` and `literal`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tiermix.errors import UsageError


@dataclass(frozen=True, slots=True)
class Query:
    """One `.sql` file: its name (`area/name`), text and header fields."""

    name: str
    text: str
    header: dict[str, str]

    @property
    def sha256(self) -> str:
        """SHA-256 of the text, hex."""
        import hashlib  # costs more to load than a question to ask

        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def params(self) -> tuple[tuple[str, str], ...]:
        """Names and DuckDB types of the bound parameters, in the order of the header."""
        listed = self.header.get("params", "")
        return tuple((p.split()[0], " ".join(p.split()[1:])) for p in listed.split(",") if p.strip())


def shipped(name: str) -> Path:
    """The folder `name` as shipped in the wheel, or at the top of a source checkout.

    The checkout is accepted only when a pyproject.toml lies beside it: an installed copy must never pick up a folder of
    that name which belongs to somebody else.
    """
    packaged = Path(__file__).parent / name
    if packaged.is_dir():
        return packaged
    checkout = Path(__file__).parent.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / name).is_dir():
        return checkout / name
    raise FileNotFoundError(f"tiermix is installed without its folder {name}/")


@cache
def names() -> tuple[str, ...]:
    """All query names, sorted."""
    root = shipped("queries")
    return tuple(sorted(p.relative_to(root).with_suffix("").as_posix() for p in root.rglob("*.sql")))


def parse(name: str, text: str) -> Query:
    """Reads the header of a query; the name is the caller's, so that a file cannot pose as another."""
    header = {}
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        key, colon, value = line[2:].partition(":")
        if colon:
            header[key.strip()] = value.strip()
    return Query(name, text, header)


@cache
def load(name: str) -> Query:
    """The query of that name.

    Raises:
        UsageError: there is none; the nearest name is given.
    """
    if name not in names():
        import difflib

        near = difflib.get_close_matches(name, names(), n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}? " if near else ""
        raise UsageError(f"there is no query {name!r}", hint=f"{hint}`tiermix sql` lists all of them")
    return parse(name, (shipped("queries") / f"{name}.sql").read_text(encoding="utf-8"))


def identifier(name: str) -> str:
    """`name` as a quoted SQL identifier, whatever it contains."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """`text` as a quoted SQL string, whatever it contains."""
    return "'" + text.replace("'", "''") + "'"


def pasteable(query: Query, params: Mapping[str, object]) -> str:
    """The query with its parameters as variables of the duckdb shell, which cannot bind any."""
    types = dict(query.params)
    lines = [f"SET VARIABLE {identifier(name)} = CAST({_value(params[name])} AS {types[name]});" for name in types]
    text = re.sub(r"\$(\w+)", r"getvariable('\1')", query.text)
    return "\n".join([*lines, text.rstrip() + ";"]) + "\n"


def _value(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_value(v) for v in value) + "]"
    return literal(value) if isinstance(value, str) else repr(value)
