"""The options of the command line, each described once: its spelling, its value and its help."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

Db = Annotated[Path, typer.Option("--db", metavar="FILE", envvar="TIERMIX_DB", help="The store.")]
ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        envvar="TIERMIX_CONFIG",
        help="The configuration; default: the nearest tiermix.toml upward.",
    ),
]
Wait = Annotated[
    float, typer.Option("--wait", metavar="SECONDS", min=0, help="Seconds to wait for a store that is in use.")
]
Format = Annotated[str, typer.Option("--format", metavar="FORMAT", help="text, json, csv or markdown.")]
Json = Annotated[bool, typer.Option("--json", help="The same as --format json.")]
AsOf = Annotated[
    str | None, typer.Option("--as-of", metavar="TIME", help="Answer as of this moment; default: the end of the data.")
]
Days = Annotated[
    int | None,
    typer.Option(
        "--days", metavar="N", min=1, max=3660, help="Calendar days, ending with that of --as-of; default 30."
    ),
]
Since = Annotated[
    str | None, typer.Option("--since", metavar="TIME", help="Start of the window: a date, a time, yesterday, 7d.")
]
Until = Annotated[str | None, typer.Option("--until", metavar="TIME", help="End of the window, not included.")]
Zone = Annotated[
    str | None, typer.Option("--tz", metavar="ZONE", help="Time zone that groups days; default from the configuration.")
]
WhereOption = Annotated[
    list[str] | None,
    typer.Option(
        "--where", metavar="DIM=VALUE", help="Count only requests with dim=value; repeat a dim for either value."
    ),
]
SloNames = Annotated[
    list[str] | None, typer.Option("--slo", metavar="NAME", help="Only this SLO of the configuration; repeatable.")
]
Logs = Annotated[list[str] | None, typer.Argument(metavar="LOGS", help="Ask these logs directly, without a store.")]
Source = Annotated[
    str, typer.Option("--source", metavar="NAME", help="The dialect of the logs; default: found from their content.")
]
Target = Annotated[
    str | None,
    typer.Option("--target", metavar="SHARE", help="The share promised, such as 0.97, instead of the SLO's own."),
]
WindowOption = Annotated[
    str | None,
    typer.Option("--window", metavar="LENGTH", help="The SLO's window: 7d, 28d, week, month, quarter ..."),
]

DEFAULT_DB = Path("tiermix.duckdb")
DEFAULT_WAIT = 5.0  # long enough for a reader to finish, short enough to be told who holds the store


@dataclass(slots=True)
class Session:
    """What the options before the command ask for."""

    quiet: bool = False
    debug: bool = False


session = Session()
