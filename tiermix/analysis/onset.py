"""Since when: the daily share that a cause takes, cut into levels, and the spells in which it stood above its base.

The shares are put on the arcsine scale, on which chance has the same size at every level (Anscombe 1948), smoothed by
a running median of five days, so that an outage of a day or two leaves no trace, and cut by exact least squares:
optimal partitioning (Jackson et al. 2005) with a price for every cut, at least three days apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tiermix.analysis.decompose import Floats
from tiermix.analysis.grids import Ints

MIN_RISE = 0.003  # of all requests: a lower level is not a part worth a name
RECENT = 14  # days whose level is the present one
_SMOOTH = 5
_SHORTEST = 3
_PRICE = 6.0  # of a cut, in units of ln(days): 2 is the Bayesian information criterion of white noise
_WEEK = 7
_LOOK_BACK, _LOOK_ON = 42, 28  # days around a first cut in which a ramp is looked for
_RISES = (4, 7, 10, 14, 21, 28, 70)  # days it may take
_CLEARLY = 0.7  # of the squares that a step leaves


@dataclass(frozen=True, slots=True)
class Stretch:
    """A spell in indexes of days: [start, end), `end` None while it lasts, with its levels as shares of 1."""

    start: int
    end: int | None
    base: float
    level: float
    steps: tuple[tuple[int, float], ...]


def stretches(bad: Ints, total: Ints) -> tuple[Stretch, ...]:
    """The spells of one cause, oldest first; none when its share never rose by MIN_RISE for three days.

    Args:
        bad: requests that it took, by day.
        total: all requests, by day; days without any are skipped.
    """
    held = np.flatnonzero(total > 0)
    if len(held) < 2 * _SHORTEST:
        return ()
    k, n = bad[held].astype(np.float64), total[held].astype(np.float64)
    cuts = [*segments(smooth(arcsine(k, n)), 4 * n / overdispersion(k, n)), len(held)]
    levels = [float(np.median(k[a:b] / n[a:b])) for a, b in pairwise(cuts)]
    base = min(levels)
    out = []
    for first, last in _runs([x >= base + MIN_RISE for x in levels]):
        start, end = cuts[first], cuts[last]
        began = backdated(smooth(k / n), n, start, cuts[first - 1], end) if first else start
        began += int(np.argmax(k[began : start + 1] > 0))  # no ramp begins on a day without a single request
        lasts = end == len(held)
        recent = slice(max(start, len(held) - RECENT) if lasts else start, end)
        out.append(
            Stretch(
                start=int(held[began]),
                end=None if lasts else int(held[end]),
                base=base,
                level=float(k[recent].sum() / n[recent].sum()),
                steps=tuple((int(held[cuts[i]]), levels[i]) for i in range(first, last)),
            )
        )
    return tuple(out)


def _runs(flags: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Spans [from, to) of neighbouring true flags."""
    start = None
    for i, flag in enumerate([*flags, False]):
        if flag and start is None:
            start = i
        elif not flag and start is not None:
            yield start, i
            start = None


def arcsine(k: Floats, n: Floats) -> Floats:
    """Shares k / n on the scale on which chance has the same size at every level."""
    return np.arcsin(np.sqrt((k + 0.375) / (n + 0.75)))


def smooth(values: Floats) -> Floats:
    """The running median of five, over fewer at the ends."""
    half = _SMOOTH // 2
    return np.array([np.median(values[max(0, i - half) : i + half + 1]) for i in range(len(values))])


def overdispersion(k: Floats, n: Floats) -> float:
    """How much more the days differ than by chance, at least 1: from differences to the day a week before.

    Those differences are free of weekly rhythm, and drift and steps hardly touch their median. Days on which the cause
    took nothing say nothing of how it varies.
    """
    if len(k) <= _WEEK:
        return 1.0
    z = arcsine(k, n)
    told = (k[_WEEK:] + k[:-_WEEK]) > 0
    difference = ((z[_WEEK:] - z[:-_WEEK]) / np.sqrt(1 / (4 * n[_WEEK:]) + 1 / (4 * n[:-_WEEK])))[told]
    if len(difference) < 2 * _WEEK:
        return 1.0
    return max(1.0, float(1.4826 * np.median(np.abs(difference - np.median(difference)))) ** 2)


def backdated(share: Floats, n: Floats, start: int, floor: int, end: int) -> int:
    """The day on which a rise began, when a ramp to a new level fits the days around it clearly better than a step.

    A staircase stands for a ramp late: its first step up lies where the ramp is halfway up that step.

    Args:
        share: the smoothed shares.
        n: requests by day, the weights.
        start: the day of the step, and the answer when the step fits better.
        floor: the earliest day possible.
        end: the end of the spell.
    """
    low, high = max(floor, start - _LOOK_BACK), min(end, start + _LOOK_ON)
    t, y, w = np.arange(low, high, dtype=np.float64), share[low:high], n[low:high]
    fits = [(_misfit(np.clip(t - b + 1, 0, r), y, w), b) for b in range(low, start + 1) for r in _RISES]
    best, began = min(fits)
    return began if best < _CLEARLY * _misfit((t >= start).astype(np.float64), y, w) else start


def _misfit(shape: Floats, y: Floats, w: Floats) -> float:
    """The weighted squares left when a multiple of a shape and a level are fitted."""
    x, v = shape - np.average(shape, weights=w), y - np.average(y, weights=w)
    varies = float((w * x * x).sum())
    slope = float((w * x * v).sum()) / varies if varies > 0 else 0.0
    return float((w * (v - slope * x) ** 2).sum())


def segments(values: Floats, weight: Floats) -> list[int]:
    """The starts of the levels that cut the values best: exact, by dynamic programming over the last cut."""
    days = len(values)
    price = _PRICE * np.log(days)
    w, wv, wvv = (np.concatenate([[0.0], np.cumsum(weight * values**p)]) for p in (0, 1, 2))
    best = np.full(days + 1, np.inf)
    best[0] = -price
    came: NDArray[np.int64] = np.zeros(days + 1, dtype=np.int64)
    for end in range(_SHORTEST, days + 1):
        starts = np.arange(0, end - _SHORTEST + 1)
        mass, moment = w[end] - w[starts], wv[end] - wv[starts]
        cost = best[starts] + (wvv[end] - wvv[starts]) - moment**2 / mass + price
        at = int(np.argmin(cost))
        best[end], came[end] = cost[at], at
    out = [int(came[days])]
    while out[0]:
        out.insert(0, int(came[out[0]]))
    return out
