"""Since when: the daily share that a cause takes, cut into levels, and the spells in which it stood above its base.

The shares are put on the arcsine scale, on which chance has the same size at every level (Anscombe 1948), smoothed by
a running median of five days, so that an outage of a day or two leaves no trace, and cut by exact least squares:
optimal partitioning (Jackson et al. 2005) with a price for every cut, at least three days apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
    cuts = [*segments(smooth(_arcsine(k, n)), 4 * n / overdispersion(k, n)), len(held)]
    levels = [float(np.median(k[a:b] / n[a:b])) for a, b in zip(cuts, cuts[1:], strict=False)]
    base = min(levels)
    out = []
    for first, last in _runs([x >= base + MIN_RISE for x in levels]):
        start, end = cuts[first], cuts[last]
        lasts = end == len(held)
        recent = slice(max(start, len(held) - RECENT) if lasts else start, end)
        out.append(
            Stretch(
                start=int(held[start]),
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


def _arcsine(k: Floats, n: Floats) -> Floats:
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
    z = _arcsine(k, n)
    told = (k[_WEEK:] + k[:-_WEEK]) > 0
    difference = ((z[_WEEK:] - z[:-_WEEK]) / np.sqrt(1 / (4 * n[_WEEK:]) + 1 / (4 * n[:-_WEEK])))[told]
    if len(difference) < 2 * _WEEK:
        return 1.0
    return max(1.0, float(1.4826 * np.median(np.abs(difference - np.median(difference)))) ** 2)


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
