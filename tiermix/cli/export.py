"""What other systems read: metrics, alert rules, SLO specifications, a dashboard."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from tiermix import console
from tiermix.cli.common import (
    config_of,
    exact_target,
    open_desk,
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
    Since,
    SloNames,
    Target,
    Until,
    Wait,
    WhereOption,
    WindowOption,
    Zone,
)
from tiermix.errors import UsageError

Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="FILE", help="Write a file, whole or not at all; default: stdout."),
]
Service = Annotated[
    str, typer.Option("--service", metavar="NAME", help="The service that makes the promise, as others call it.")
]
DEFAULT_SERVICE = "ai-gateway"
LEAST_HISTORY = timedelta(days=30)


def openmetrics(
    history: Annotated[
        bool, typer.Option("--history", help="Every counter at every minute, to backfill Prometheus.")
    ] = False,
    fmt: Annotated[
        str,
        typer.Option("--format", metavar="FORMAT", help="textfile (for node_exporter) or openmetrics (strict)."),
    ] = "textfile",
    label: Annotated[
        list[str] | None,
        typer.Option("--label", metavar="NAME=VALUE", help="A label for every sample; repeatable."),
    ] = None,
    target: Target = None,
    window: WindowOption = None,
    slo: SloNames = None,
    where: WhereOption = None,
    days: Days = None,
    since: Since = None,
    until: Until = None,
    as_of: AsOf = None,
    tz: Zone = None,
    db: Db = DEFAULT_DB,
    config_path: ConfigFile = None,
    wait: Wait = DEFAULT_WAIT,
    out: Out = None,
) -> None:
    """All numbers as Prometheus metrics or OpenMetrics.

    By default for node_exporter's textfile collector. With --history the counters of the past, always as OpenMetrics:
    at least 30 days and the longest window of an SLO, or as --days, --since and --until say.
    """
    from tiermix import snapshot
    from tiermix.render.export import exposition, families

    if fmt not in exposition.FORMATS:
        raise UsageError(
            f"there is no format {fmt!r}", where="--format", hint=f"known: {', '.join(exposition.FORMATS)}"
        )
    if not history and (days or since or until):
        raise UsageError("--days, --since and --until go with --history", where="--history")
    extra = exposition.extra_labels(_pairs(label))
    with open_desk(db, config_path, wait=wait, as_of=as_of, tz=tz) as desk:
        only = where_of(where)
        slos = _slos(desk.config, slo, target, window, where)
        if history:
            span = _span(desk, slos, days, since, until)
            _write(exposition.history(snapshot.count(desk, slos, only, span), extra), out)
            return
        _write([exposition.text(families.families(snapshot.take(desk, slos, only)), fmt, extra)], out)


def _pairs(words: Sequence[str] | None) -> dict[str, str]:
    out = {}
    for word in words or ():
        name, equals, value = word.partition("=")
        if not equals:
            raise UsageError(f"{word!r} is not name=value", where="--label", hint="for example --label job=node")
        out[name.strip()] = value
    return out


def _span(desk: Any, slos: Sequence[Any], days: int | None, since: str | None, until: str | None) -> Any:
    from tiermix.timewin import Window

    if days is not None or since is not None or until is not None:
        return window_of(desk, days, since, until)
    back = max(LEAST_HISTORY, *(timedelta(seconds=s.window) for s in slos))
    return Window(desk.as_of - back, desk.as_of)


def prometheus_rules(
    target: Target = None,
    window: WindowOption = None,
    slo: SloNames = None,
    where: WhereOption = None,
    db: Db = DEFAULT_DB,
    config_path: ConfigFile = None,
    wait: Wait = DEFAULT_WAIT,
    out: Out = None,
) -> None:
    """Recording and alerting rules over the exported counters.

    Both windows of every row, strictly greater, with the least number of bad requests: the same alerts as tiermix burn.
    """
    from tiermix.render.export import rules

    settings = config_of(config_path)
    defined = _defined(settings, _slos(settings, slo, target, window, where), db, config_path, wait)
    _write([rules.text(defined, settings.owner, settings.freshness)], out)


def grafana(out: Out = None) -> None:
    """A dashboard to import into Grafana."""
    from tiermix.render.export import grafana as dashboard

    _write([dashboard.text()], out)


def openslo(
    service: Service = DEFAULT_SERVICE,
    target: Target = None,
    window: WindowOption = None,
    slo: SloNames = None,
    where: WhereOption = None,
    db: Db = DEFAULT_DB,
    config_path: ConfigFile = None,
    wait: Wait = DEFAULT_WAIT,
    out: Out = None,
) -> None:
    """The SLOs and their alert policies as OpenSLO v1."""
    from tiermix.render.export import openslo as specification

    settings = config_of(config_path)
    defined = _defined(settings, _slos(settings, slo, target, window, where), db, config_path, wait)
    _write([specification.text(defined, service, settings.timezone)], out)


def sloth(
    windows: Annotated[
        bool, typer.Option("--windows", help="The alert windows of the period instead, for sloth's catalogue.")
    ] = False,
    service: Service = DEFAULT_SERVICE,
    target: Target = None,
    window: WindowOption = None,
    slo: SloNames = None,
    where: WhereOption = None,
    db: Db = DEFAULT_DB,
    config_path: ConfigFile = None,
    wait: Wait = DEFAULT_WAIT,
    out: Out = None,
) -> None:
    """The SLOs as a specification for sloth."""
    from tiermix.render.export import sloth as specification

    settings = config_of(config_path)
    defined = _defined(settings, _slos(settings, slo, target, window, where), db, config_path, wait)
    _write([specification.windows(defined) if windows else specification.text(defined, service)], out)


def _slos(
    settings: Any, names: Sequence[str] | None, target: str | None, window: str | None, where: Sequence[str] | None
) -> Any:
    from tiermix import answers

    # A name given twice would be two series of one name.
    chosen = answers.slos_of(settings, tuple(dict.fromkeys(names or ())))
    return answers.narrowed(chosen, exact_target(target), slo_window_of(window), where_of(where))


def _defined(settings: Any, slos: Any, db: Path, config_path: Path | None, wait: float) -> Any:
    """The SLOs as they are to be defined elsewhere.

    The configuration alone is enough for that, unless the primary tier has to be seen in the logs; so rules can be made
    where there is no store, such as in a build.
    """
    from tiermix import snapshot
    from tiermix.tiers import tiering

    if settings.tiers or all(s.good for s in slos) or not db.exists():
        return snapshot.definitions(slos, tiering(settings, ()))
    with open_desk(db, config_path, wait=wait) as desk:
        return snapshot.definitions(slos, desk.tiering)


def _write(pieces: Iterable[str], out: Path | None) -> None:
    from tiermix.files import write_whole

    if out is not None:
        write_whole(out, pieces)
        return
    for piece in pieces:
        console.say(piece)
