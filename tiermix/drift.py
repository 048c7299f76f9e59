"""The drift meter put to a store: daily counts of every SLO, judged night by night."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tiermix import dailies
from tiermix.acknowledgements import Acknowledgement, load
from tiermix.analysis.drift.verdict import Alarm, ChangePoint, DriftReplay, Drifts, SelfCheck, SelfChecked, SeriesDrift
from tiermix.answers import Desk, filters, good_tiers, no_requests
from tiermix.config.settings import Slo
from tiermix.errors import NoData, UsageError
from tiermix.model import DIMENSIONS, OUTCOME_DIMENSIONS, Note
from tiermix.timewin import DAY, HOUR, MINUTE, Day, Window, epoch_us

if TYPE_CHECKING:
    from tiermix.analysis.drift.judge import Rules
    from tiermix.analysis.drift.series import Plain, Standardised

DEFAULT_FALSE_ALARM = 730 * DAY
MOST_GROUPS = 50  # a meter a group; the false-alarm budget of more is so small that each finds nothing
_SEGMENTS = 20  # of a standard composition; the rest is one more
_DECIDING = ("reason", "tier", "served_model", "provider")  # what a request was served by
_STANDARD = ("intent", "traffic_class", "feature", "tenant")
_US = 1_000_000
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Counted:
    """Good and total requests by day and key, as the store counts them.

    `keys` are the largest values in order; cells hold (day index, place, good, total), place 0 being all smaller ones.
    """

    keys: tuple[str | None, ...]
    cells: tuple[tuple[int, int, int, int], ...]


def drift(
    desk: Desk,
    slos: Sequence[Slo],
    *,
    by: str | None = None,
    every: int = DEFAULT_FALSE_ALARM,
    min_drop: float | None = None,
    history: bool = True,
) -> Drifts:
    """The verdict on every SLO, or on every group of it, on the evening of the last complete day.

    Before the first complete day all are learning.

    Args:
        desk: where to ask.
        slos: what was promised.
        by: a dimension whose values are watched one by one.
        every: seconds between false alarms of all series together.
        min_drop: points below which a change does not matter; None for the usual.
        history: whether to look for all lasting changes of the past as well; never done for groups.

    Raises:
        NoData: there is no request up to as_of.
        UsageError: there is no such dimension.
    """
    if by in _DECIDING:
        raise UsageError(f"{by} decides what is good, so no group of it can drift", where="--by", hint="try: intent")
    days = dailies.whole_days(desk)
    if not days:
        return _nothing_yet(desk, slos, every // DAY)
    asked, segments, rules = _asked(desk, slos, days, by, every, min_drop)
    if not any(c.cells for _, c in asked):
        raise no_requests(desk, f"between {days[0].day} and {days[-1].day} match")
    accepted = acknowledged(desk)
    out = [s for slo, counted in asked for s in _judged(slo, counted, days, by, rules, accepted.get(slo.name))]
    if history and by is None:
        out = [replace(s, change_points=_change_points(desk, slo, days)) for s, slo in zip(out, slos, strict=True)]
    unjudged = sum(any(c[1] == 0 for c in counted.cells) for _, counted in asked) if by else 0
    frame = desk.frame(Window(days[0].start, days[-1].end))
    if unjudged:
        note = Note("unjudged", f"only the {MOST_GROUPS} largest groups are watched; --where looks at another")
        frame = replace(frame, warnings=(*frame.warnings, note))
    return Drifts(frame, tuple(out), rules.false_alarm_every, rules.monitored, segments, unjudged)


def replay(desk: Desk, slos: Sequence[Slo], *, every: int = DEFAULT_FALSE_ALARM) -> DriftReplay:
    """All alarms that the meter would have given over the history of the store, by SLO.

    Raises:
        NoData: there is no request up to as_of.
    """
    days = dailies.whole_days(desk)
    if not days:
        return DriftReplay((), desk.frame(Window(desk.as_of, desk.as_of)))
    asked, _, rules = _asked(desk, slos, days, None, every, None)
    accepted = acknowledged(desk)
    found = [a for slo, counted in asked for a in _past(desk, slo, counted, days, rules, accepted.get(slo.name))]
    return DriftReplay(tuple(found), desk.frame(Window(days[0].start, days[-1].end)))


def _past(
    desk: Desk, slo: Slo, counted: Counted, days: Sequence[Day], rules: Rules, said: Acknowledgement | None
) -> Iterator[Alarm]:
    """The alarms of an SLO; until a level was accepted, the nights judged it by the old one."""
    if said is None:
        yield from _alarms(slo, counted, days, rules, range(len(days)))
        return
    entered = said.entered.astimezone(desk.zone).date()
    cut = max(0, min(len(days), (entered - days[0].day).days))
    for a in _alarms(slo, counted, days[:cut], rules, range(cut)):
        yield replace(a, over=a.over or entered)
    start = max(0, (said.day - days[0].day).days)
    yield from _alarms(slo, counted, days, rules, range(cut, len(days)), start)


def _alarms(
    slo: Slo, counted: Counted, days: Sequence[Day], rules: Rules, nights: range, start: int | None = None
) -> Iterator[Alarm]:
    from tiermix.analysis.drift import dating
    from tiermix.analysis.drift.judge import alarms

    known = replace(counted, cells=tuple(c for c in counted.cells if c[0] < len(days)))
    if not nights:
        return
    for watched, d in alarms(_plain(known, len(days)), _standardised(known, len(days)), rules, start):
        if d.fired in nights:
            dated = dating.date(watched.series, d.fired, "down", watched.start)
            over = None if d.ended is None else days[d.ended].day
            yield Alarm(slo.name, days[d.fired].day, days[dated.onset].day if dated else None, over)


def _asked(
    desk: Desk, slos: Sequence[Slo], days: Sequence[Day], by: str | None, every: int, min_drop: float | None
) -> tuple[list[tuple[Slo, Counted]], str | None, Rules]:
    """The counts of every SLO, the dimension whose composition is held, and how the meter is set for all of them."""
    from tiermix.analysis.drift.judge import Rules
    from tiermix.analysis.drift.meter import MIN_DROP

    segments, first = (by, None) if by else _standard(desk, slos[0], days)
    asked = [(slo, first if first and slo is slos[0] else _counted(desk, slo, days, segments)) for slo in slos]
    segments = None if by else segments
    watched = sum(len(c.keys) if by else 1 + (segments is not None and len(c.keys) > 1) for _, c in asked)
    return asked, segments, Rules(every // DAY, max(1, watched), MIN_DROP if min_drop is None else min_drop)


def drift_even_if_empty(desk: Desk, slos: Sequence[Slo], *, history: bool = True) -> Drifts:
    """`drift` of every SLO, for an answer that has more to say than this; all are learning when there is no request."""
    try:
        return drift(desk, slos, history=history)
    except NoData:
        return _nothing_yet(desk, slos, DEFAULT_FALSE_ALARM // DAY)


def _nothing_yet(desk: Desk, slos: Sequence[Slo], nights: int) -> Drifts:
    from tiermix.analysis.drift.meter import WARM_UP

    blank = tuple(replace(_blank(s, {}), warm_up=WARM_UP) for s in slos)
    return Drifts(desk.frame(Window(desk.as_of, desk.as_of)), blank, nights, len(slos), None)


def _blank(slo: Slo, key: Mapping[str, str | None]) -> SeriesDrift:
    """A series of which nothing is known yet."""
    return SeriesDrift(slo.name, key, "learning", float(slo.target), owner=slo.owner, runbook=slo.runbook)


def self_check(
    desk: Desk, slos: Sequence[Slo], *, years: int, every: int = DEFAULT_FALSE_ALARM, progress: Progress | None = None
) -> SelfCheck:
    """How often the meter would cry wolf on the noise of each SLO's own days.

    Args:
        desk: where to ask.
        slos: what was promised.
        years: made-up years a series.
        every: seconds between false alarms of all series together.
        progress: is told after each year: how many are done, of how many, and the SLO.

    Raises:
        NoData: there is no request up to as_of.
    """
    import math

    from tiermix.analysis.drift import selfcheck
    from tiermix.analysis.drift.meter import threshold

    days = dailies.whole_days(desk)
    out = []
    for slo in slos:
        series = _plain(_counted(desk, slo, days, None), len(days)) if days else None
        fired = done = 0
        if series is not None and selfcheck.enough(series):
            for alarm in selfcheck.false_alarms(series, threshold(every // DAY, len(slos)), years):
                fired, done = fired + alarm, done + 1
                if progress is not None:
                    progress(done, years, slo.name)
        out.append(SelfChecked(slo.name, fired, done, 1 - math.exp(-selfcheck.YEAR * DAY / (every * len(slos)))))
    span = Window(days[0].start, days[-1].end) if days else Window(desk.as_of, desk.as_of)
    return SelfCheck(desk.frame(span), every // DAY, tuple(out))


def acknowledged(desk: Desk) -> Mapping[str, Acknowledgement]:
    """From which day on the level of an SLO is accepted: the latest one up to as_of."""
    today = desk.as_of.astimezone(desk.zone).date()
    return {a.slo: a for a in load(desk.store) if a.day <= today}  # the oldest day comes first


def _change_points(desk: Desk, slo: Slo, days: Sequence[Day]) -> tuple[ChangePoint, ...]:
    from tiermix.analysis.changepoints import change_points

    return change_points([d.day for d in days], dailies.cells(desk, slo, days, ()), dailies.register(desk.config))


def _standard(desk: Desk, slo: Slo, days: Sequence[Day]) -> tuple[str | None, Counted | None]:
    """The first dimension in which the requests differ, and their counts by it."""
    for dim in _STANDARD:
        counted = _counted(desk, slo, days, dim)
        if len(counted.keys) > 1:
            return dim, counted
    return None, None


def _counted(desk: Desk, slo: Slo, days: Sequence[Day], by: str | None) -> Counted:
    if by is not None and by not in DIMENSIONS:
        raise UsageError(f"cannot group by {by!r}", hint=f"known: {', '.join(DIMENSIONS)}")
    starts = [epoch_us(d.start) for d in days]
    end = epoch_us(days[-1].end)
    skip_from, skip_to = desk.skip
    base: dict[str, Any] = {
        "by": by, "keys": MOST_GROUPS, "good": list(good_tiers(slo, desk.tiering)), "day_starts": starts,
        "skip_from": skip_from, "skip_to": skip_to,
    }  # fmt: skip
    rows = _rows(desk, slo, by, base, [*starts, end])
    nth = {start: i for i, start in enumerate(starts)}
    keys = {place: key for _, place, key, _, _ in rows if place}
    cells = tuple((nth[start], place, good, total) for start, place, _, good, total in rows)
    return Counted(tuple(keys[p] for p in sorted(keys)), cells)


def _rows(desk: Desk, slo: Slo, by: str | None, base: dict[str, Any], edges: Sequence[int]) -> list[tuple[Any, ...]]:
    """Rows of the cheapest query that can tell: a rollup where one carries the dimension, else single requests."""
    for name, unit, dims in (
        ("drift/by_minute", MINUTE * _US, (None, *OUTCOME_DIMENSIONS)),
        ("drift/by_hour", HOUR * _US, _STANDARD),
    ):
        word = name.removeprefix("drift/by_")
        if not slo.where and by in dims and all(t % unit == 0 for t in edges):
            span = {f"first_{word}": edges[0] // unit, f"last_{word}": edges[-1] // unit}
            return desk.store.ask(name, base | span | (_cut(base, edges, unit) if word == "hour" else {}))
    return desk.store.ask("drift/by_request", base | filters(slo.where) | {"start": edges[0], "end": edges[-1]})


def _cut(base: dict[str, Any], edges: Sequence[int], unit: int) -> dict[str, int]:
    """The span of whole hours, within the days, that holds all maintenance; an empty one when there is none."""
    spans = [(a, b) for a, b in zip(base["skip_from"], base["skip_to"], strict=True) if b > edges[0] and a < edges[-1]]
    if not spans:
        return {"cut_from": edges[0], "cut_to": edges[0]}
    first, last = min(a for a, _ in spans) // unit * unit, -(-max(b for _, b in spans) // unit) * unit
    return {"cut_from": max(first, edges[0]), "cut_to": min(last, edges[-1])}


def _judged(
    slo: Slo,
    counted: Counted,
    days: Sequence[Day],
    by: str | None,
    rules: Rules,
    accepted: Acknowledgement | None,
) -> list[SeriesDrift]:
    from tiermix.analysis.drift.judge import judge

    first = days[0].day
    said = (accepted.day, accepted.reason) if accepted else (None, "")
    if by is None:
        return [
            judge(_blank(slo, {}), first, _plain(counted, len(days)), _standardised(counted, len(days)), rules, *said)
        ]
    return [
        judge(_blank(slo, {by: key}), first, _plain(counted, len(days), place), None, rules, *said)
        for place, key in enumerate(counted.keys, start=1)
    ]


def _plain(counted: Counted, days: int, place: int | None = None) -> Plain:
    import numpy as np

    from tiermix.analysis.drift.series import Plain

    good, total = np.zeros(days), np.zeros(days)
    for day, at, g, n in counted.cells:
        if place in (None, at):
            good[day] += g
            total[day] += n
    return Plain(good, total)


def _standardised(counted: Counted, days: int) -> Standardised | None:
    if len(counted.keys) < 2:
        return None
    import numpy as np

    from tiermix.analysis.drift.series import Standardised

    shape = (days, min(len(counted.keys), _SEGMENTS) + 1)
    good, total = np.zeros(shape), np.zeros(shape)
    for day, at, g, n in counted.cells:
        column = at if at <= _SEGMENTS else 0
        good[day, column] += g
        total[day, column] += n
    some = total.sum(axis=0) > 0
    return Standardised(good[:, some], total[:, some])
