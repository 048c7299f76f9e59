"""Why the share changed: between two windows, or week by week."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tiermix.cli.common import format_of, open_desk, show, where_of, window_of
from tiermix.cli.options import (
    DEFAULT_DB,
    DEFAULT_WAIT,
    AsOf,
    ConfigFile,
    Db,
    Format,
    Json,
    Logs,
    Source,
    Wait,
    WhereOption,
    Zone,
)
from tiermix.errors import UsageError


def explain(
    logs: Logs = None,
    begin: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="Compare with the time before this day.")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="The last day compared; default: the last whole one.")
    ] = None,
    window: Annotated[str, typer.Option("--window", metavar="LENGTH", help="Days up to --to, at most.")] = "7d",
    baseline: Annotated[str, typer.Option("--baseline", metavar="LENGTH", help="Days before --from, at most.")] = "28d",
    by: Annotated[
        list[str] | None,
        typer.Option(
            "--by", metavar="DIM", help="intent, traffic_class, tenant, feature, model, user; intent,tenant nests."
        ),
    ] = None,
    weekly: Annotated[
        bool, typer.Option("--each-week", help="The history: what took how many points, week by week.")
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="Every row; small ones are not folded into one.")] = False,
    slo: Annotated[
        str | None, typer.Option("--slo", metavar="NAME", help="Whose good share; default: that of the first SLO.")
    ] = None,
    where: WhereOption = None,
    days: Annotated[
        int | None, typer.Option("--days", metavar="N", min=1, max=3660, help="With --each-week: so many days.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="With --each-week: from here on.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="With --each-week: up to here.")] = None,
    as_of: AsOf = None,
    tz: Zone = None,
    db: Db = DEFAULT_DB,
    config_path: ConfigFile = None,
    source: Source = "",
    wait: Wait = DEFAULT_WAIT,
    fmt: Format = "text",
    as_json: Json = False,
) -> None:
    """Why the share changed: routing or traffic, and which switch.

    The level before --from (up to four whole weeks) against the level at --to (the last week up to it). Without both:
    from before the latest lasting change of any reason to the last whole day; without such a change, the last week
    against the four before it. Whole days only.
    """
    from tiermix import answers
    from tiermix import explain as explaining
    from tiermix.render import change_tables

    chosen = format_of(fmt, as_json)
    only_weekly = {"--days": days, "--since": since, "--until": until}
    only_windows = {"--from": begin, "--to": end, "--by": by, "--all": everything or None}
    _refuse(only_windows if weekly else only_weekly, weekly)
    lengths = _days(window, "--window"), _days(baseline, "--baseline")
    dims = explaining.parse_by(by or ())
    with open_desk(db, config_path, logs, source=source, wait=wait, as_of=as_of, tz=tz) as desk:
        known = answers.slos_of(desk.config, [slo] if slo else ())[:1]
        asked = answers.narrowed(known, None, None, where_of(where))[0]
        if weekly:
            span = window_of(desk, days, since, until) if any(v is not None for v in only_weekly.values()) else None
            told = explaining.each_week(desk, asked, span)
            show("history", told, chosen, change_tables.week_causes(told.history))
            return
        question = explaining.Question(
            _day(desk, begin, "--from"), _day(desk, end, "--to"), *lengths, by=dims, fold=not everything
        )
        answer = explaining.explain(desk, asked, question)
    show("explain", answer, chosen, change_tables.parts(answer.change))


def _refuse(given: dict[str, Any], weekly: bool) -> None:
    name = next((n for n, v in given.items() if v is not None), None)
    if name is not None:
        text = f"{name} and --each-week exclude each other" if weekly else f"{name} chooses the weeks of --each-week"
        raise UsageError(text, where=name, hint="--days, --since, --until" if weekly else "--from and --to")


def _days(text: str, option: str) -> int:
    """A length in whole days.

    Raises:
        UsageError: it is no such length.
    """
    from tiermix.timewin import DAY, parse_duration

    seconds = parse_duration(text)
    if seconds % DAY:
        raise UsageError(f"{text!r} is not whole days", where=option, hint="write 7d or 4w")
    return seconds // DAY


def _day(desk: Any, text: str | None, option: str) -> Any:
    """A calendar day of the desk's zone; None when none is given."""
    from tiermix.timewin import parse_moment

    if text is None:
        return None
    try:
        return parse_moment(text, desk.zone, desk.now).astimezone(desk.zone).date()
    except UsageError as error:
        raise UsageError(error.message, where=option, hint="write 2026-09-22 or yesterday") from error
