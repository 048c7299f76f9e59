"""The history of a share by calendar week, and the spells of what took it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from tiermix.analysis.cells import Cell
from tiermix.analysis.grids import bad_by_cause, grid
from tiermix.analysis.onset import MIN_RISE, stretches
from tiermix.changes import Cause, Counted, History, Owned, Spell, Week

_LISTED = 50  # causes whose history is looked at: those that took most
_ERRORS = 3  # of a cause named in a week: twenty weeks with several causes must not name one by chance


def history(
    slo: str,
    good_tiers: tuple[str, ...],
    days: Sequence[date],
    cells: Sequence[Cell],
    owned: Callable[[Cause], Owned],
    *,
    shown: int = 0,
) -> History:
    """The share by week with what took it, and the spells of every cause.

    Args:
        slo: whose share.
        good_tiers: the tiers that count as good.
        days: whole calendar days in order, without a gap; cells index them.
        cells: the requests of those days.
        owned: the switch of a cause.
        shown: the index of the first day of the weeks that are shown. Spells are found on all days, because what began
            before that day has no lower level after it; those that were over by then are left out.
    """
    late = [replace(c, day=c.day - shown) for c in cells if c.day >= shown] if shown else cells
    told = weeks(days[shown:], late)
    made = tuple(s for s in spells(days, cells, owned) if s.until is None or s.until > days[shown])
    causes = {c for w in told for c in w.causes} | {s.cause for s in made}
    ordered = sorted(causes, key=lambda c: (c.reason or "", c.tier))
    return History(slo, good_tiers, told, made, {c: owned(c) for c in ordered})


def weeks(days: Sequence[date], cells: Sequence[Cell]) -> tuple[Week, ...]:
    """Calendar weeks from Monday on; each change counts from the last week that had requests."""
    good: Counter[date] = Counter()
    total: Counter[date] = Counter()
    bad: dict[date, Counter[Cause]] = {}
    held = Counter(_monday(d) for d in days)
    for c in cells:
        monday = _monday(days[c.day])
        total[monday] += c.requests
        good[monday] += c.requests * (c.cause is None)
        if c.cause is not None:
            bad.setdefault(monday, Counter())[c.cause] += c.requests
    out: list[Week] = []
    last: date | None = None
    for monday in sorted(held):
        counts = Counted(good[monday], total[monday])
        change: float | None = None
        causes: dict[Cause, float] = {}
        notable: tuple[Cause, ...] = ()
        if last is not None and counts.total:
            was, now = bad.get(last, Counter()), bad.get(monday, Counter())
            causes = {c: 100 * (was[c] / total[last] - now[c] / counts.total) for c in (*was, *now)}
            notable = _notable(was, total[last], now, counts.total)
            change = 100 * (good[monday] / counts.total - good[last] / total[last])
        out.append(Week(monday, held[monday], counts, change, causes, notable, held[monday] < 7))
        last = monday if counts.total else last
    return tuple(out)


def _notable(was: Counter[Cause], all_then: int, now: Counter[Cause], all_now: int) -> tuple[Cause, ...]:
    """The causes whose share changed by more than 0.3 points and three binomial standard errors, largest first."""
    moved = {}
    for cause in (*was, *now):
        p, q = was[cause] / all_then, now[cause] / all_now
        pooled = (was[cause] + now[cause]) / (all_then + all_now)
        chance = np.sqrt(pooled * (1 - pooled) * (1 / all_then + 1 / all_now))
        if abs(q - p) > max(MIN_RISE, _ERRORS * chance):
            moved[cause] = abs(q - p)
    return tuple(sorted(moved, key=lambda c: -moved[c]))


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def spells(days: Sequence[date], cells: Sequence[Cell], owned: Callable[[Cause], Owned]) -> list[Spell]:
    """The spells of the causes that took most, oldest first."""
    total = grid(cells, len(days), 0, lambda c: None).total
    took = bad_by_cause(cells, len(days), 0)
    largest = np.argsort(-took.total.sum(axis=0), kind="stable")[:_LISTED]
    out = []
    for i in largest:
        for s in stretches(took.total[:, i], total[:, 0]):
            until = None if s.end is None else days[s.end]
            steps = tuple((days[at], level) for at, level in s.steps)
            out.append(Spell(took.keys[i], owned(took.keys[i]), days[s.start], until, s.base, s.level, steps))
    return sorted(out, key=lambda s: (s.since, s.cause.reason or "", s.cause.tier))
