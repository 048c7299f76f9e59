"""Looking back at promises: when alerts would have fired, how months were kept, and which groups are let down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from tiermix.analysis import burn as burning
from tiermix.analysis.compliance import Calendar, Group, GroupedBurn, SloCalendar, SloGroups, terms, worst_first
from tiermix.analysis.replay import Minutes, Replay, SloReplay
from tiermix.analysis.replay import replay as replayed
from tiermix.answers import Desk, Where, filters, good_tiers, no_requests, nothing_stored, slo_span, window_counts
from tiermix.config.settings import Slo
from tiermix.errors import UsageError
from tiermix.model import DIMENSIONS, NO_VALUE, OUTCOME_DIMENSIONS, Counts
from tiermix.timewin import MINUTE, Window, ceil_to, epoch_us, floor_to, from_epoch_us, split_days, start_of_day

_MINUTE_US = MINUTE * 1_000_000


def replay(desk: Desk, slos: Sequence[Slo], seconds: int) -> Replay:
    """When every alert row would have fired at the whole minutes of the last `seconds` before as_of.

    Raises:
        NoData: the store is empty.
        InfeasibleAlert: a row can never fire at its target.
    """
    if desk.extent is None:
        raise nothing_stored(desk)
    end = floor_to(desk.as_of, MINUTE)
    start = max(ceil_to(end - timedelta(seconds=seconds), MINUTE), min(floor_to(desk.extent[0], MINUTE), end))
    return Replay(desk.frame(Window(start, end)), tuple(_slo_replay(desk, slo, start, end) for slo in slos))


def _slo_replay(desk: Desk, slo: Slo, start: datetime, end: datetime) -> SloReplay:
    longest = max((r.long for r in burning.rows_of(slo)), default=0)
    known = min(start - timedelta(seconds=longest), slo_span(desk, slo, start)[0].start)
    first, last = _minute(known), _minute(end)
    minutes = Minutes(first, last, _minute_rows(desk, slo, first, last))
    return replayed(slo, minutes, _minute(start), last, _window_start(desk, slo))


def _window_start(desk: Desk, slo: Slo) -> Callable[[int], int]:
    return lambda minute: _minute(slo_span(desk, slo, from_epoch_us(minute * _MINUTE_US))[0].start)


def _minute(moment: datetime) -> int:
    return epoch_us(moment) // _MINUTE_US


def _minute_rows(desk: Desk, slo: Slo, first: int, last: int) -> list[tuple[Any, ...]]:
    skip_from, skip_to = desk.skip
    params: dict[str, object] = {
        "first_minute": first, "last_minute": last, "good": list(good_tiers(slo, desk.tiering)),
        "skip_from": [t // _MINUTE_US for t in skip_from], "skip_to": [t // _MINUTE_US for t in skip_to],
    }  # fmt: skip
    if not slo.where:
        return desk.store.ask("burn/minutes", params)
    return desk.store.ask("burn/minutes_by_request", params | filters(slo.where))


def calendar(desk: Desk, slos: Sequence[Slo]) -> Calendar:
    """Every SLO by month and quarter of the desk's time zone, over all data up to as_of.

    Raises:
        NoData: the store is empty, or holds nothing before as_of.
    """
    if desk.extent is None or desk.extent[0] >= desk.as_of:
        raise no_requests(desk, f"before {desk.as_of:%Y-%m-%d %H:%M} UTC")
    first = desk.extent[0].astimezone(desk.zone).date()
    window = Window(start_of_day(first, desk.zone), desk.as_of)
    days = split_days(window, desk.zone)
    out = []
    for slo in slos:
        counts = window_counts(desk, slo, [Window(d.start, d.end) for d in days])
        out.append(SloCalendar(slo.name, float(slo.target), slo.owner, terms(days, counts, slo.target)))
    return Calendar(desk.frame(window), tuple(out))


def by_group(desk: Desk, slos: Sequence[Slo], by: str) -> GroupedBurn:
    """The burn of every SLO among the requests of each value of a dimension, worst group first.

    Raises:
        UsageError: there is no such dimension.
        NoData: no request was counted in any SLO's window.
        InfeasibleAlert: a row can never fire at its target.
    """
    if by not in DIMENSIONS:
        raise UsageError(f"cannot group by {by!r}", hint=f"known: {', '.join(DIMENSIONS)}")
    made = tuple(SloGroups(slo.name, worst_first(_groups(desk, slo, by))) for slo in slos)
    start = min(slo_span(desk, slo, desk.as_of)[0].start for slo in slos)
    if not any(s.groups for s in made):
        raise no_requests(desk, f"between {start:%Y-%m-%d %H:%M} and {desk.as_of:%Y-%m-%d %H:%M} UTC")
    return GroupedBurn(desk.frame(Window(start, desk.as_of)), by, made)


def _groups(desk: Desk, slo: Slo, by: str) -> list[Group]:
    lengths = burning.windows_of(slo)
    span, left = slo_span(desk, slo, desk.as_of)
    spans = [span, *(Window(desk.as_of - timedelta(seconds=n), desk.as_of) for n in lengths)]
    counts: dict[str, dict[int, Counts]] = {}
    for key, nth, good, total in _group_rows(desk, slo, by, spans, slo.where):
        counts.setdefault(NO_VALUE if key is None else key, {})[nth] = Counts(good, total)
    none = Counts(0, 0)
    tiers = good_tiers(slo, desk.tiering)
    out = []
    for value, held in counts.items():
        by_length = {n: held.get(i, none) for i, n in enumerate(lengths, start=2)}
        out.append(Group(value, burning.status(slo, tiers, span, held.get(1, none), by_length, left)))
    return out


def _group_rows(desk: Desk, slo: Slo, by: str, spans: Sequence[Window], where: Where) -> list[tuple[Any, ...]]:
    edges = [epoch_us(t) for s in spans for t in (s.start, s.end)]
    rolled = by in OUTCOME_DIMENSIONS and not where and all(t % _MINUTE_US == 0 for t in edges)
    unit = _MINUTE_US if rolled else 1
    skip_from, skip_to = desk.skip
    params: dict[str, object] = {
        "by": by,
        "starts": [epoch_us(s.start) // unit for s in spans], "ends": [epoch_us(s.end) // unit for s in spans],
        "good": list(good_tiers(slo, desk.tiering)),
        "skip_from": [t // unit for t in skip_from], "skip_to": [t // unit for t in skip_to],
    }  # fmt: skip
    if rolled:
        return desk.store.ask("burn/groups_by_minute", params)
    return desk.store.ask("burn/groups_by_request", params | filters(where))
