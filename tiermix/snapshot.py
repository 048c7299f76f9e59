"""What other systems are told: the SLOs as they are defined, how they stand, and the counters behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tiermix import answers, counters, drift
from tiermix.analysis import burn as burning
from tiermix.analysis.drift.verdict import Drifts
from tiermix.answers import Desk, Where, nothing_stored
from tiermix.config.settings import Slo
from tiermix.counters import Track
from tiermix.errors import NoData
from tiermix.model import AlertRow, Burn, Mix
from tiermix.tiers import Tiering
from tiermix.timewin import DAY, Window

RECENT = (DAY, 7 * DAY)  # the windows of exported shares, seconds


@dataclass(frozen=True, slots=True)
class Definition:
    """An SLO with everything resolved that its configuration may leave open.

    Attributes:
        slo: name, target, window, filter, floor, owner, runbook.
        good_tiers: the tiers that count as good.
        rows: its alert rows, each once.
        windows: every rolling window (seconds) of the rows and of the budget, ascending.
    """

    slo: Slo
    good_tiers: tuple[str, ...]
    rows: tuple[AlertRow, ...]
    windows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SloCounters:
    """The bad and all requests of an SLO, as counters."""

    name: str
    bad: Track
    total: Track


@dataclass(frozen=True, slots=True)
class Counters:
    """Every counter of a store over the minutes from `first` to `last`, both since 1970."""

    first: int
    last: int
    tiers: Mapping[str, Track]
    slos: tuple[SloCounters, ...]


@dataclass(frozen=True, slots=True)
class Ingested:
    """What all ingests of one source brought; accepted + duplicate + quarantined = lines."""

    source: str
    files: int
    accepted: int
    duplicate: int
    quarantined: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that is exported of a store at one moment.

    Attributes:
        now: the clock of the export.
        newest: the end of the minute of the newest request.
        freshness: how old that may be, seconds.
        tiers_assumed: no tier is declared or logged.
        counters: at as_of alone.
        burn: all SLOs at as_of.
        recent: window (seconds) to its mix by reason; windows without requests are left out.
        ingested: by source.
        drift: of all SLOs, on the evening of the last whole day.
    """

    now: datetime
    newest: datetime
    freshness: int
    tiers_assumed: bool
    counters: Counters
    burn: Burn
    recent: Mapping[int, Mix]
    ingested: tuple[Ingested, ...]
    drift: Drifts


def definitions(slos: Sequence[Slo], made: Tiering) -> tuple[Definition, ...]:
    """The SLOs as other systems must be told them.

    Raises:
        InfeasibleAlert: a row can never fire at its target.
    """
    return tuple(_definition(s, made) for s in slos)


def _definition(slo: Slo, made: Tiering) -> Definition:
    own = () if slo.calendar else (slo.window,)  # the window of a calendar period has no fixed length
    windows = tuple(sorted({*burning.windows_of(slo), *own}))
    return Definition(slo, answers.good_tiers(slo, made), tuple(dict.fromkeys(burning.rows_of(slo))), windows)


def take(desk: Desk, slos: Sequence[Slo], where: Where) -> Snapshot:
    """How everything stands at the desk's moment.

    Args:
        desk: where to ask.
        slos: already narrowed by `where`.
        where: the filter of the counts by tier.

    Raises:
        NoData: the store is empty.
        InfeasibleAlert: a row can never fire at its target.
    """
    as_of = desk.as_of
    if desk.extent is None:
        raise nothing_stored(desk)
    recent = {n: m for n in RECENT if (m := _recent(desk, n, where)) is not None}
    ledger = desk.store.ask("trust/ledger")
    return Snapshot(
        now=desk.now,
        newest=desk.extent[1],
        freshness=desk.config.freshness,
        tiers_assumed=desk.tiering.assumed,
        counters=count(desk, slos, where, Window(as_of, as_of)),
        burn=answers.burn_even_if_empty(desk, slos),
        recent=recent,
        ingested=tuple(Ingested(r[0], r[1], *map(int, r[3:6])) for r in ledger),
        drift=drift.drift_even_if_empty(desk, slos, history=False),
    )


def _recent(desk: Desk, seconds: int, where: Where) -> Mix | None:
    window = Window(desk.as_of - timedelta(seconds=seconds), desk.as_of)
    try:
        return answers.mix(desk, window, by="reason", where=where)
    except NoData:
        return None  # a share of nothing is not exported; the age of the newest request says why


def count(desk: Desk, slos: Sequence[Slo], where: Where, window: Window) -> Counters:
    """Every counter at each whole minute of a window, from the beginning of the store on.

    A window that starts before the store is cut to the minute of its first request, at which all counters are 0.
    """
    start = window.start if desk.extent is None else max(window.start, desk.extent[0])
    first, last = counters.minutes_in(Window(start, window.end))
    asked = {_key(w): w for w in (where, *(s.where for s in slos))}
    tracks = {key: counters.by_tier(desk, w, first, last) for key, w in asked.items()}
    made = tuple(_slo_counters(s.name, answers.good_tiers(s, desk.tiering), tracks[_key(s.where)]) for s in slos)
    return Counters(first, last, tracks[_key(where)], made)


def _key(where: Where) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple(sorted(where.items()))


def _slo_counters(name: str, good: Sequence[str], tiers: Mapping[str, Track]) -> SloCounters:
    bad = counters.added(track for tier, track in tiers.items() if tier not in good)
    return SloCounters(name, bad, counters.added(tiers.values()))
