"""What can be looked up: queries and schemas."""

from __future__ import annotations

from typing import Annotated

import typer

from tiermix import console, sql
from tiermix.cli.common import (
    open_desk,
)
from tiermix.cli.options import (
    DEFAULT_DB,
    ConfigFile,
    Db,
)


def query(
    name: Annotated[
        str | None, typer.Argument(help="A query, such as mix/by_minute; without one, all are listed.")
    ] = None,
    db: Db = DEFAULT_DB,
    config_path: ConfigFile = None,
) -> None:
    """Print a query, ready for the duckdb shell.

    With a store at hand, the values of a plain question over the last 30 days are filled in.
    """
    if name is None:
        console.say("".join(f"{n:28} {sql.load(n).header.get('what', '')}\n" for n in sql.names()))
        return
    found = sql.load(name)
    if not found.params or not db.exists():
        console.say(found.text)
        return
    from tiermix import usual

    with open_desk(db, config_path) as desk:
        params = usual.params(desk, name)
    console.say(found.text if params is None else f"-- duckdb -readonly {db}\n{sql.pasteable(found, params)}")


def schema(
    name: Annotated[
        str | None, typer.Argument(help="request, or the document of a command; without one, all are listed.")
    ] = None,
) -> None:
    """Print a JSON Schema of a log or an answer.

    request is the native log record; the others are what the command of that name prints.
    """
    from tiermix import schemas

    console.say(schemas.load(name) if name else "".join(f"{n}\n" for n in schemas.names()))
