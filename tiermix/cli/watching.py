"""The drift meter: what moves slowly."""

from __future__ import annotations

import shlex
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from tiermix import console
from tiermix.cli.common import (
    config_of,
    exact_target,
    format_of,
    now,
    open_desk,
    output_here,
    show,
    where_of,
)
from tiermix.cli.options import (
    DEFAULT_DB,
    DEFAULT_WAIT,
    AsOf,
    ConfigFile,
    Db,
    Format,
    Json,
    Logs,
    SloNames,
    Source,
    Target,
    Wait,
    WhereOption,
    Zone,
)
from tiermix.errors import ExitCode, UsageError


def drift(
    logs: Logs = None,
    by: Annotated[
        str | None, typer.Option("--by", metavar="DIM", help="Watch each intent, traffic_class, tenant ... of an SLO.")
    ] = None,
    false_alarm_every: Annotated[
        str, typer.Option("--false-alarm-every", metavar="LENGTH", help="At most one in so long, over all series.")
    ] = "2y",
    min_drop: Annotated[
        float | None, typer.Option("--min-drop", metavar="POINTS", min=0, help="Smaller changes do not matter.")
    ] = None,
    replay: Annotated[bool, typer.Option("--replay", help="When it would have given alarms.")] = False,
    counts: Annotated[
        list[str] | None,
        typer.Option("--counts", metavar="FILE", help="With --replay: daily counts in CSV files or folders of them."),
    ] = None,
    self_check: Annotated[
        bool, typer.Option("--self-check", help="How often it would cry wolf on the noise of these logs.")
    ] = False,
    years: Annotated[
        int, typer.Option("--years", metavar="N", min=10, max=10_000, help="Made-up years of a self-check.")
    ] = 100,
    ack: Annotated[
        str | None, typer.Option("--ack", metavar="DATE", help="Accept the level from this day on (with --reason).")
    ] = None,
    unack: Annotated[str | None, typer.Option("--unack", metavar="DATE", help="Take an --ack back.")] = None,
    reason: Annotated[str | None, typer.Option("--reason", metavar="WHY", help="Why a level is accepted.")] = None,
    fail: Annotated[bool, typer.Option("--fail", help="Exit 1 when something falls.")] = False,
    target: Target = None,
    slo: SloNames = None,
    where: WhereOption = None,
    as_of: AsOf = None,
    tz: Zone = None,
    db: Db = DEFAULT_DB,
    config_path: ConfigFile = None,
    source: Source = "",
    wait: Wait = DEFAULT_WAIT,
    fmt: Format = "text",
    as_json: Json = False,
) -> int:
    """Is the share sliding: since when, how fast, until when.

    Judges whole days, every night anew from the counts in the store. It needs 28 days before its first verdict.
    """
    from tiermix import answers
    from tiermix import drift as meter
    from tiermix.render import drift_tables as tables
    from tiermix.timewin import DAY, parse_duration

    chosen, goal, every = format_of(fmt, as_json), exact_target(target), parse_duration(false_alarm_every)
    if every < 30 * DAY:
        raise UsageError("a meter that may cry wolf every month is no meter", where="--false-alarm-every", hint="2y")
    if ack or unack:
        others = {"LOGS": logs, "--by": by, "--where": where, "--replay": replay, "--counts": counts, "--as-of": as_of,
                  "--self-check": self_check, "--target": target}  # fmt: skip
        for name, value in others.items():
            if value:
                raise UsageError(f"{name} means nothing to --ack", where=name, hint="a level is accepted for an SLO")
        return _acknowledge(db, config_path, wait, slo, ack, unack, reason)
    if by and (replay or self_check):
        raise UsageError("--by is for the verdict of a night", where="--by", hint="narrow it: --where DIM=VALUE")
    if reason:
        raise UsageError("--reason belongs to --ack", where="--reason")
    if counts is not None:
        return _counts(counts, logs, replay, every // DAY, chosen)
    with open_desk(db, config_path, logs, source=source, wait=wait, as_of=as_of, tz=tz) as desk:
        slos = answers.narrowed(answers.slos_of(desk.config, slo or ()), goal, None, where_of(where))
        if replay:
            played = meter.replay(desk, slos, every=every)
            show("drift_replay", played, chosen, tables.drift_replay(played))
            return ExitCode.OK
        if self_check:
            with console.progress(output_here(), "replaying") as progress:
                checked = meter.self_check(desk, slos, years=years, every=every, progress=progress)
            show("drift_self_check", checked, chosen, tables.drift_self_check(checked))
            return ExitCode.OK
        answer = meter.drift(desk, slos, by=by, every=every, min_drop=min_drop)
    answer = replace(answer, again=again(db, config_path, as_of, logs))
    show("drift", answer, chosen, tables.drift(answer))
    return ExitCode.BREACHED if fail and not answer.ok else ExitCode.OK


def again(db: Path, config_path: Path | None, as_of: str | None, logs: list[str] | None) -> str:
    """The options and logs that a further command needs to look at the same data."""
    given = [
        ("--db", str(db) if db != DEFAULT_DB and not logs else None),
        ("--config", config_path),
        ("--as-of", as_of),
    ]
    options = "".join(f" {name} {shlex.quote(str(value))}" for name, value in given if value)
    return options + "".join(f" {shlex.quote(word)}" for word in logs or ())


def _counts(words: list[str], more: list[str] | None, replay: bool, nights: int, chosen: str) -> int:
    from tiermix import dayfiles
    from tiermix.render import drift_tables as tables

    if not replay:
        raise UsageError("daily counts are only replayed", where="--counts", hint="add --replay")
    # A shell expands `--counts *.csv` to one value and arguments.
    played = dayfiles.replay(dayfiles.found([*words, *(more or ())]), every_nights=nights)
    show("drift_replay", played, chosen, tables.drift_replay(played))
    return ExitCode.OK


def _acknowledge(
    db: Path, config_path: Path | None, wait: float, names: list[str] | None, ack: str | None, unack: str | None,
    reason: str | None,
) -> int:  # fmt: skip
    from tiermix import acknowledgements, answers
    from tiermix.acknowledgements import Acknowledgement
    from tiermix.answers import Desk
    from tiermix.store import Store

    if ack and unack:
        raise UsageError("--ack and --unack exclude each other", where="--unack")
    if ack and not (reason or "").strip():
        raise UsageError("an accepted level needs a reason", where="--ack", hint='--reason "the new router is meant"')
    settings = config_of(config_path)
    slos = answers.slos_of(settings, names or ())
    day = _day(ack or unack or "")
    with Store.read(db, wait=wait) as existing:  # writing would make a store where there is none
        newest = Desk(existing, settings, now()).as_of.date()
    if ack and day > newest:
        raise UsageError(f"the data ends on {newest}", where="--ack", hint="a level is accepted once it was seen")
    with Store.write(db, wait=wait) as store:
        for s in slos:
            if ack:
                acknowledgements.enter(store, Acknowledgement(s.name, day, (reason or "").strip(), now()))
            elif not acknowledgements.forget(store, s.name, day):
                raise UsageError(f"nothing of {s.name} is accepted from {day} on", where="--unack")
    for s in slos:
        done = "accepted" if ack else "no longer accepted"
        console.say(f"{s.name}: the level from {day} on is {done}\n")
    return ExitCode.OK


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is not a day", where="--ack", hint="write 2026-11-20") from error
