"""The nightly commands: check is the gate, notify tells people what it found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from tiermix import console
from tiermix.cli.common import config_of, format_of, now, open_desk, output_here, show
from tiermix.cli.options import (
    DEFAULT_DB,
    DEFAULT_WAIT,
    AsOf,
    ConfigFile,
    Db,
    Json,
    SloNames,
    Wait,
    Zone,
    session,
)
from tiermix.errors import ExitCode, StoreBusy, TiermixError, UsageError

Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="KIND", help="Only this kind of check: drift, freshness, slo; repeatable."),
]
AllowNoData = Annotated[
    bool, typer.Option("--allow-no-data", help="A check without data does not fail; stale data does all the same.")
]
ChannelNames = Annotated[
    list[str] | None,
    typer.Option("--channel", metavar="NAME", help="Only this channel of the configuration; repeatable."),
]


def check(
    only: Only = None,
    slo: SloNames = None,
    allow_no_data: AllowNoData = False,
    junit: Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Also write JUnit XML.")] = None,
    notify: Annotated[bool, typer.Option("--notify", help="Also tell the channels, as tiermix notify does.")] = False,
    as_of: AsOf = None,
    tz: Zone = None,
    db: Db = DEFAULT_DB,
    config_path: ConfigFile = None,
    wait: Wait = DEFAULT_WAIT,
    fmt: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="text, json, csv, markdown or github (annotations).")
    ] = "text",
    as_json: Json = False,
) -> int:
    """One gate for cron and CI: SLOs, alerts, drift, freshness.

    Exit 0 when everything is ok, 1 when something is breached, 3 when data is stale or missing and nothing is breached.
    tiermix -q check prints only what is not ok.
    """
    from tiermix.render import github, tables, text

    chosen = format_of(fmt, as_json, more=("github",))
    with open_desk(db, config_path, wait=wait, as_of=as_of, tz=tz) as desk:
        made = _gate(desk, only, slo, allow_no_data)
        run = _run(desk, made, db, wait) if notify else None
    if run is not None:
        _check_ready(run)
    if chosen == "github":
        console.say(github.check(made))
    elif chosen == "text" and session.quiet:
        output = output_here()
        console.say(text.check(made, text.Style(output.width, output.color), only_failing=True))
    else:
        show("check", made, chosen, tables.checks(made))
    if junit is not None:
        _write_junit(junit, made)
    return _tell(run, made.exit_code) if run else int(made.exit_code)


def _gate(desk: Any, only: Sequence[str] | None, slo: Sequence[str] | None, allow_no_data: bool) -> Any:
    from tiermix import gate

    return gate.check(desk, only=only or (), slos=slo or (), allow_no_data=allow_no_data)


def _write_junit(path: Path, made: Any) -> None:
    from tiermix.files import write_whole
    from tiermix.render import junit

    write_whole(path, junit.check(made))


def _run(desk: Any, made: Any, db: Path, wait: float) -> Any:
    """What notify starts from, read while the store is open; it opens it again to write."""
    from tiermix.notify import memory
    from tiermix.notify.tell import Run
    from tiermix.store import Store

    return Run(
        gate=made,
        config=desk.config,
        known=memory.load(desk.store),
        now=desk.now,
        moment=desk.asked_as_of or desk.now,
        write=lambda least: Store.write(db, wait=max(wait, least)),
    )


def _check_ready(run: Any) -> None:
    from tiermix.notify.tell import check_ready

    check_ready(run)


def _tell(run: Any, code: int) -> int:
    """Notifies beside a check, whose own answer has stdout; a breach is 1 whoever could be told."""
    from tiermix.notify.tell import tell
    from tiermix.render import text

    faults: Sequence[TiermixError]
    try:
        outcome, faults = tell(run)
        if not session.quiet:
            output = output_here()
            console.tell(text.notify(outcome, text.Style(output.width, False)).rstrip("\n"))
    except StoreBusy as fault:
        faults = (fault,)
    failed = _complain(faults)
    return code if code == ExitCode.BREACHED else failed or code


def _complain(faults: Sequence[TiermixError]) -> int:
    """Says what failed; 75 when another run may do better, since nothing else would make anybody try again."""
    for fault in faults:
        console.complain(fault)
    codes = [fault.exit_code for fault in faults]
    return ExitCode.BUSY if ExitCode.BUSY in codes else next(iter(codes), ExitCode.OK)


def notify(
    channel: ChannelNames = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be sent, and send nothing.")] = False,
    test: Annotated[
        bool, typer.Option("--test", help="Send a test message to every channel, and nothing else.")
    ] = False,
    only: Only = None,
    slo: SloNames = None,
    allow_no_data: AllowNoData = False,
    as_of: AsOf = None,
    db: Db = DEFAULT_DB,
    config_path: ConfigFile = None,
    wait: Wait = DEFAULT_WAIT,
    fmt: Annotated[str, typer.Option("--format", metavar="FORMAT", help="text or json.")] = "text",
    as_json: Json = False,
) -> int:
    """Tell people what check found: new, worse, resolved.

    One message an incident and channel; repeated nights stay silent until it gets worse, has lasted, or has passed.
    """
    from tiermix.notify.probe import probe
    from tiermix.notify.tell import tell
    from tiermix.render import document, text

    chosen = format_of(fmt, as_json)
    if chosen not in ("text", "json"):
        raise UsageError(f"what was sent has no {chosen} form", where="--format", hint="text or json")
    if test and dry_run:
        raise UsageError("--test and --dry-run exclude each other", where="--test")
    if test:
        outcome, faults = probe(config_of(config_path), now(), channel or ())
    else:
        with open_desk(db, config_path, wait=wait, as_of=as_of) as desk:
            run = _run(desk, _gate(desk, only, slo, allow_no_data), db, wait)
        outcome, faults = tell(run, only=channel or (), dry=dry_run)
    output = output_here()
    if chosen == "json":
        console.say(document.dumps(document.notify(outcome)) + "\n")
    else:
        console.say(text.notify(outcome, text.Style(output.width, output.color)))
    return _complain(faults)
