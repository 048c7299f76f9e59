"""The first commands of a newcomer: demo and init."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tiermix import config, console
from tiermix.cli.common import (
    now,
    open_bare_desk,
    output_here,
)
from tiermix.cli.options import (
    DEFAULT_DB,
    Db,
    Logs,
)
from tiermix.cli.reports import write_report
from tiermix.errors import UsageError


def demo(
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="The folder for the report.")] = Path("reports"),
) -> None:
    """See it work on half a year of sample logs.

    Reads them into tiermix-demo.duckdb, prints the mix and the burn rates, and writes the report.
    """
    from tiermix import answers, report
    from tiermix.demo import STORE, open_demo
    from tiermix.render import text, words
    from tiermix.timewin import days_window

    output = output_here()
    style = text.Style(output.width, output.color)
    with console.progress(output) as progress:
        desk = open_demo(now(), progress)
    with desk.store:
        console.say(text.mix(answers.mix(desk, days_window(14, desk.as_of, desk.zone)), style))
        console.say(text.burn(answers.burn(desk, answers.slos_of(desk.config)), style))
        made = report.build(desk, days_window(180, desk.as_of, desk.zone), answers.slos_of(desk.config))
    path = write_report(made, [], out)
    console.say(f"{words.verdict(made.mix, made.burn)}\n\nThe report of all 180 days: {path}\n")
    console.say(f"Try next: tiermix mix --by reason --db {STORE}\n")
    console.say("Your own logs: tiermix ingest LOGS && tiermix report --days 30\n")


def init(
    logs: Logs = None,
    db: Db = DEFAULT_DB,
    force: Annotated[bool, typer.Option("--force", help="Replace a tiermix.toml that exists.")] = False,
    to_stdout: Annotated[bool, typer.Option("--print", help="Print it instead of writing it.")] = False,
) -> None:
    """Write a first tiermix.toml from the logs.

    Looks at the given logs, or at the store, and writes what it saw, commented, for you to correct.
    """
    from tiermix import setup
    from tiermix.files import write_whole

    target = Path(config.FILE_NAME)
    if target.exists() and not (force or to_stdout):
        raise UsageError("there is a configuration already", where=str(target), hint="--force replaces it")
    if logs or db.exists():
        with open_bare_desk(db, logs) as desk:
            made = setup.proposal(desk)
    else:
        made = setup.example()
    if to_stdout:
        console.say(made)
        return
    write_whole(target, made)
    console.say(f"wrote {target}\nCheck it: tiermix config check\n")
