"""The questions of every day: mix and burn."""

from __future__ import annotations

from typing import Annotated

import typer

from tiermix.cli.common import (
    exact_target,
    format_of,
    open_desk,
    show,
    where_of,
    whole_minutes,
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
from tiermix.errors import ExitCode


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

    Beside them stands what the fallback metric says. Given LOGS, it reads those and needs no store.
    """
    from tiermix import answers
    from tiermix.model import OUTCOME_DIMENSIONS
    from tiermix.render import tables

    chosen = format_of(fmt, as_json)
    counts_only = by in (None, *OUTCOME_DIMENSIONS) and not (where or since or until or as_of)
    with open_desk(
        db, config_path, logs, source=source, wait=wait, as_of=as_of, tz=tz, counts_only=counts_only
    ) as desk:
        answer = answers.mix(desk, window_of(desk, days, since, until), by=by, where=where_of(where))
    show("mix", answer, chosen, tables.mix_group_counts(answer) if by else tables.mix_day_counts(answer))


def burn(
    logs: Logs = None,
    target: Target = None,
    window: WindowOption = None,
    slo: SloNames = None,
    where: WhereOption = None,
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
    from tiermix.render import tables

    chosen, goal = format_of(fmt, as_json), exact_target(target)
    with open_desk(db, config_path, logs, source=source, wait=wait, as_of=as_of, tz=tz) as desk:
        slos = answers.narrowed(answers.slos_of(desk.config, slo or ()), goal, whole_minutes(window), where_of(where))
        answer = answers.burn(desk, slos)
    show("burn", answer, chosen, tables.burn_counts(answer))
    return ExitCode.BREACHED if fail and not answer.ok else ExitCode.OK
