"""All lasting changes of a share over its whole history, and which cause moved with each.

A cause shows its own changes best: what it takes is not drowned in the noise of the rest. So the changes are where the
spells of causes begin and end (see `onset`), and besides those where the share itself changes level although no cause
does, as it does when other requests come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from tiermix.analysis.cells import Cell
from tiermix.analysis.decompose import Floats
from tiermix.analysis.drift.verdict import ChangePoint
from tiermix.analysis.grids import grid
from tiermix.analysis.onset import MIN_RISE, arcsine, overdispersion, segments, smooth
from tiermix.analysis.weeks import spells
from tiermix.changes import Cause, Owned, Spell

_LEAST_DAYS = 14  # days with requests below which there is no history
_AROUND = 28  # days, at most, whose share is that before or after a change
_SAME_BEFORE, _SAME_AFTER = 5, 14  # days around the change of a cause in which one of the share is the same


def change_points(
    days: Sequence[date], cells: Sequence[Cell], owned: Callable[[Cause], Owned]
) -> tuple[ChangePoint, ...]:
    """The changes by at least 0.3 points, oldest first.

    Args:
        days: whole calendar days in order, without a gap; cells index them.
        cells: the requests of those days, without segments.
        owned: the switch of a cause.
    """
    whole = grid(cells, len(days), 0, lambda c: None)
    if not whole.keys or (whole.total[:, 0] > 0).sum() < _LEAST_DAYS:
        return ()
    good, total = whole.good[:, 0].astype(float), whole.total[:, 0].astype(float)
    nth = {day: i for i, day in enumerate(days)}
    moves = sorted(_moves(spells(days, cells, owned), nth), key=lambda m: (m.day, -abs(m.points)))
    moves += [_Move(i) for i in _levels(good, total) if not any(_same(i, m.day) for m in moves)]
    moves.sort(key=lambda m: m.day)
    at = sorted({m.day for m in moves})
    made = (_point(m, days, at, good, total) for m in moves if m.day)
    return tuple(p for p in made if abs(p.after - p.before) >= MIN_RISE or p.cause is not None)


@dataclass(frozen=True, slots=True)
class _Move:
    """A change at the index of a day, with the cause that moved and by how many points of all requests."""

    day: int
    cause: Cause | None = None
    switch: str = ""
    points: float = 0.0


def _moves(found: Iterable[Spell], nth: dict[date, int]) -> Iterable[_Move]:
    for s in found:
        points = 100 * (s.level - s.base)
        yield _Move(nth[s.since], s.cause, s.owned.switch, points)
        if s.until is not None:
            yield _Move(nth[s.until], s.cause, s.owned.switch, -points)


def _levels(good: Floats, total: Floats) -> list[int]:
    held = np.flatnonzero(total > 0)
    bad, n = (total - good)[held], total[held]
    cuts = segments(smooth(arcsine(bad, n)), 4 * n / overdispersion(bad, n))
    return [int(held[c]) for c in cuts[1:]]


def _same(day: int, other: int) -> bool:
    return other - _SAME_BEFORE <= day <= other + _SAME_AFTER


def _point(move: _Move, days: Sequence[date], at: Sequence[int], good: Floats, total: Floats) -> ChangePoint:
    """The shares before and after are those up to the neighbouring changes."""
    earlier, later = [x for x in at if x < move.day], [x for x in at if x > move.day]
    start = max(earlier[-1] if earlier else 0, move.day - _AROUND)
    end = min(later[0] if later else len(days), move.day + _AROUND)
    before, after = (_share(good[a:b], total[a:b]) for a, b in ((start, move.day), (move.day, end)))
    return ChangePoint(days[move.day], before, after, move.cause, move.switch, move.points)


def _share(good: Floats, total: Floats) -> float:
    return float(good.sum() / max(total.sum(), 1))
