"""Logs in, and what the store holds of them: ingest and status."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from tiermix import config, console
from tiermix.cli.common import (
    config_of,
    format_of,
    hash_key_of,
    now,
    open_desk,
    output_here,
)
from tiermix.cli.options import (
    DEFAULT_DB,
    DEFAULT_WAIT,
    ConfigFile,
    Db,
    Format,
    Json,
    Source,
    Wait,
    Zone,
    session,
)
from tiermix.errors import ExitCode, InputError, NoInput, UnknownSource, UsageError


def ingest(
    logs: Annotated[list[str], typer.Argument(metavar="PATH", help="Files, folders, quoted globs, or - for stdin.")],
    db: Db = DEFAULT_DB,
    config_path: ConfigFile = None,
    source: Source = "",
    max_bad: Annotated[
        float, typer.Option("--max-bad", metavar="SHARE", min=0, max=1, help="Share of lines that may be bad.")
    ] = 0.01,
    explain: Annotated[
        bool, typer.Option("--explain", help="Store nothing: show what would become of the first records.")
    ] = False,
    wait: Wait = DEFAULT_WAIT,
    fmt: Format = "text",
    as_json: Json = False,
) -> int:
    """Read routing logs into the store.

    Every line is accounted for and every request counted once, however often a file is read.
    """
    from tiermix import ingest, inputs
    from tiermix.render import document, text
    from tiermix.store import Store

    chosen = format_of(fmt, as_json)
    if chosen not in ("text", "json"):
        raise UsageError(f"a receipt has no {chosen} form", where="--format", hint="text or json")
    output, settings = output_here(), config_of(config_path)
    hash_key = hash_key_of(settings)
    if explain:
        return _explain(logs, settings, source, hash_key)
    with inputs.with_stdin(logs) as found, Store.write(db, wait=wait) as store, console.progress(output) as progress:
        done = ingest.ingest(
            store, found, settings, now=now(), source=source, max_bad=max_bad, hash_key=hash_key, progress=progress,
            keep_going=True,
        )  # fmt: skip
    for note in () if session.quiet else done.warnings:
        console.tell(f"tiermix: {note.message}")
    if chosen == "json":
        console.say(document.dumps(document.receipt(done)) + "\n")
    else:
        console.say(text.receipt(done, text.Style(output.width, output.color)))
    for fault in done.failures:
        console.complain(fault)
    if done.too_bad:
        console.tell(
            f"tiermix: error: {done.quarantined:,} of {done.lines:,} lines could not be used, more than --max-bad "
            f"{max_bad:g}\n  fix: see why with: tiermix status --db {db}"
        )
    if done.too_bad or done.failures:
        return ExitCode.DATA
    if not session.quiet and chosen == "text" and sys.stderr.isatty():
        console.tell("Next: tiermix mix, or tiermix report --days 30")
    return ExitCode.OK


def _explain(logs: Sequence[str], settings: config.Config, source: str, hash_key: str | None) -> int:
    from tiermix import inputs
    from tiermix.preview import preview
    from tiermix.render import text

    output, code = output_here(), ExitCode.OK
    with inputs.with_stdin(logs) as found:
        for path in found.paths:
            try:
                made = preview(path, settings, source, now(), hash_key)
            except InputError as fault:
                if len(found.paths) == 1:
                    raise
                console.complain(fault)
                if path in found.named or not isinstance(fault, (NoInput, UnknownSource)):
                    code = ExitCode.DATA  # of a folder, not all files need to be logs
                continue
            console.say(text.preview(found.labels.get(path, str(path)), made, text.Style(output.width, output.color)))
    return code


def status(
    db: Db = DEFAULT_DB,
    config_path: ConfigFile = None,
    tz: Zone = None,
    wait: Wait = DEFAULT_WAIT,
    fmt: Format = "text",
    as_json: Json = False,
) -> None:
    """What the store holds, how far to trust it.

    Coverage, freshness, duplicates, and why lines are in the quarantine.
    """
    from tiermix import answers
    from tiermix.render import csv, document, markdown, tables, text

    chosen, output = format_of(fmt, as_json), output_here()
    with open_desk(db, config_path, wait=wait, tz=tz) as desk:
        frame, trusted, bad = answers.status(desk)
    table = tables.quarantine(bad)
    if chosen == "json":
        console.say(document.dumps(document.status(frame, trusted, bad)) + "\n")
    elif chosen == "csv":
        console.say(csv.table(tables.trust(trusted)))
    elif chosen == "markdown":
        console.say(markdown.table(tables.trust(trusted)) + "\n" + markdown.table(table))
    else:
        console.say(text.status(frame, trusted, table, text.Style(output.width, output.color)))
