"""The questions of every day: mix and burn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from tiermix.cli.common import (
    exact_target,
    format_of,
    open_desk,
    show,
    slo_window_of,
    where_of,
    window_of,
)
from tiermix.cli.options import (
    DEFAULT_DB,
    DEFAULT_WAIT,
    AsOf,
    ConfigFile,
    Days,
    Db,
    Format,
    Json,
    Logs,
    Since,
    SloNames,
    Source,
    Target,
    Until,
    Wait,
    WhereOption,
    WindowOption,
    Zone,
)
from tiermix.errors import ExitCode, UsageError


def mix(
    logs: Logs = None,
    by: Annotated[
        str | None,
        typer.Option("--by", metavar="DIM", help="Group by intent, traffic_class, tenant, feature, reason ..."),
    ] = None,
    where: WhereOption = None,
    days: Days = None,
    since: Since = None,
    until: Until = None,
    as_of: AsOf = None,
    tz: Zone = None,
    db: Db = DEFAULT_DB,
    config_path: ConfigFile = None,
    source: Source = "",
    wait: Wait = DEFAULT_WAIT,
    fmt: Format = "text",
    as_json: Json = False,
) -> None:
    """What users got: served-tier shares by day.

    Beside them stands what the fallback metric says. Given LOGS, it reads those and needs no store, and of them only
    what it counts by.
    """
    from tiermix import answers
    from tiermix.model import OUTCOME_DIMENSIONS, Keep
    from tiermix.render import tables

    chosen = format_of(fmt, as_json)
    keep: Keep = "requests"
    if not (where or since or until or as_of):
        keep = "tiers" if by in (None, "tier") else "outcomes" if by in OUTCOME_DIMENSIONS else "requests"
    with open_desk(db, config_path, logs, source=source, wait=wait, as_of=as_of, tz=tz, keep=keep) as desk:
        answer = answers.mix(desk, window_of(desk, days, since, until), by=by, where=where_of(where))
    show("mix", answer, chosen, tables.mix_group_counts(answer) if by else tables.mix_day_counts(answer))


def burn(
    logs: Logs = None,
    target: Target = None,
    window: WindowOption = None,
    slo: SloNames = None,
    where: WhereOption = None,
    by: Annotated[
        str | None, typer.Option("--by", metavar="DIM", help="One burn table a group, the worst first.")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say why each alert fires or not.")] = False,
    replay: Annotated[
        str | None, typer.Option("--replay", metavar="LENGTH", help="When alerts would have fired in the last 90d.")
    ] = None,
    calendar: Annotated[bool, typer.Option("--calendar", help="How each month and quarter was kept.")] = False,
    fail: Annotated[bool, typer.Option("--fail", help="Exit 1 when an alert fires or a target is missed.")] = False,
    as_of: AsOf = None,
    tz: Zone = None,
    db: Db = DEFAULT_DB,
    config_path: ConfigFile = None,
    source: Source = "",
    wait: Wait = DEFAULT_WAIT,
    fmt: Format = "text",
    as_json: Json = False,
) -> int:
    """Is the promise kept: burn rates and budget.

    Without an SLO in the configuration: the primary's share against 0.97 over 7 days.
    """
    from tiermix import answers

    chosen, goal, length = format_of(fmt, as_json), exact_target(target), slo_window_of(window)
    back = _replay_length(replay, {"--by": by, "--calendar": calendar, "--explain": explain, "--fail": fail})
    with open_desk(db, config_path, logs, source=source, wait=wait, as_of=as_of, tz=tz) as desk:
        slos = answers.narrowed(answers.slos_of(desk.config, slo or ()), goal, length, where_of(where))
        view, answer, table = _burn_view(desk, slos, by, explain, back, calendar)
    show(view, answer, chosen, table)
    return ExitCode.BREACHED if fail and not answer.ok else ExitCode.OK


def _replay_length(text: str | None, others: Mapping[str, object]) -> int | None:
    """The length of a replay in seconds; None when none is asked for.

    Raises:
        UsageError: it is no length, or stands beside an option that means nothing to it.
    """
    from tiermix.timewin import parse_duration

    given = [name for name, value in others.items() if value]
    if text is not None and given:
        raise UsageError(f"--replay and {given[0]} exclude each other", where="--replay")
    if others["--calendar"] and len(given) > 1:
        other = next(n for n in given if n != "--calendar")
        raise UsageError(f"--calendar and {other} exclude each other", where="--calendar")
    if others["--by"] and others["--explain"]:
        raise UsageError("--by and --explain exclude each other", where="--by", hint="narrow it: --where DIM=VALUE")
    return parse_duration(text) if text is not None else None


def _burn_view(
    desk: Any, slos: Any, by: str | None, explain: bool, replay: int | None, calendar: bool
) -> tuple[str, Any, Any]:
    """The name of the view in every renderer, its answer, and its table."""
    from tiermix import answers, review
    from tiermix.render import tables

    if replay is not None:
        played = review.replay(desk, slos, replay)
        return "replay", played, tables.episodes(played)
    if calendar:
        kept = review.calendar(desk, slos)
        return "calendar", kept, tables.calendar(kept)
    if by is not None:
        grouped = review.by_group(desk, slos, by)
        return "by_group", grouped, tables.group_counts(grouped)
    answer = answers.burn(desk, slos)
    return "burn_explained" if explain else "burn", answer, tables.burn_counts(answer)
