"""Standard errors by redrawing days: what a change would have been with other days of the same kind.

Whole weeks are drawn where a window has four or more of them. From m blocks m - 1 are drawn with replacement (Rao and
Wu 1988), which makes the variance of a mean unbiased also for few blocks.

A shorter window is drawn from the single days of the reference: the window before, unless that holds less than a week
and fewer days than the other. So a slide inside a short window is no noise of it, and one day has the error of a day.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tiermix.analysis.decompose import Floats, Quad
from tiermix.analysis.grids import Grid, Ints, Key

DRAWS = 200
SEED = 20261120
_WEEK, _WEEKS = 7, 4
_DIGITS = 8  # of a share: far below what two hundred draws can tell
_CHUNK = 2048  # segments at a time: 200 draws of them are a few megabytes


def multiplicities(totals: Ints, rng: np.random.Generator, size: int | None = None) -> Floats | None:
    """How often each day is drawn, draws x days; None when there is but one block to draw from.

    Args:
        totals: requests by day, all calendar days of the window in order; days without any are never drawn.
        rng: the source of chance.
        size: how many days another window holds, which are drawn from this one; None to redraw the window itself.
    """
    days = len(totals)
    block = np.arange(days) // _WEEK if size is None and _by_weeks(totals) else np.arange(days)
    held = np.unique(block[totals > 0])
    if len(held) < 2:
        return None
    blocks = len(held) if size is None else size
    drawn = rng.choice(held, size=(DRAWS, max(1, blocks)))
    # One block fewer in (m - 1) of (M - 1) draws makes the variance of a mean of m from M unbiased; always for m = M.
    fewer = rng.random(DRAWS) < (blocks - 1) / (len(held) - 1)
    drawn[fewer & (blocks > 1), -1] = -1
    times: Floats = (drawn[:, :, None] == block[None, None, :]).sum(axis=1).astype(np.float64)
    return times


def _by_weeks(totals: Ints) -> bool:
    return len(totals) >= _WEEK * _WEEKS and len(totals) % _WEEK == 0


class Redrawn:
    """Both windows redrawn; every question asked of it sees the same draws."""

    def __init__(self, totals: Ints, split: int) -> None:
        rng = np.random.default_rng(SEED)
        halves = (totals[:split], totals[split:])
        held = [int((x > 0).sum()) for x in halves]
        self._reference = 0 if held[0] >= min(_WEEK, held[1]) else 1
        # Which window the days of each one come from.
        self._source = [i if _by_weeks(x) else self._reference for i, x in enumerate(halves)]
        times = [
            multiplicities(halves[source], rng, None if source == i else held[i])
            for i, source in enumerate(self._source)
        ]
        before, after = times
        self._times = None if before is None or after is None else (before, after)

    def sums(self, table: Grid[Key], which: slice | list[int] = slice(None)) -> Quad:
        """The counts of a grid summed over both windows for every draw (draws x keys), of some of its keys."""
        assert self._times is not None
        good, total, n = table.good[:, which], table.total[:, which], table.split
        halves = ((good[:n], total[:n]), (good[n:], total[n:]))
        (good0, total0), (good1, total1) = (halves[i] for i in self._source)
        before, after = self._times
        return Quad(before @ good0, before @ total0, after @ good1, after @ total1)

    def error_of_sum(self, keys: Sequence[int], statistic: Callable[[list[int]], Floats]) -> Floats | None:
        """Standard deviations over the draws of the sum over some keys; None when there are none."""
        if self._times is None or not keys:
            return None
        sums = [statistic(list(keys[i : i + _CHUNK])).sum(axis=1) for i in range(0, len(keys), _CHUNK)]
        out: Floats = np.sum(sums, axis=0).std(axis=0).round(_DIGITS)
        return out

    def errors(self, keys: int, statistic: Callable[[slice], Floats]) -> tuple[Floats, Floats] | None:
        """Standard deviations over the draws, of every key and of the sum over all keys; None when there are none.

        Rounded, so that processors which add in another order give the same answer.

        Args:
            keys: how many there are.
            statistic: draws x keys x numbers for a slice of the keys.
        """
        if self._times is None:
            return None
        each, whole = [], None
        for start in range(0, keys, _CHUNK):
            values = statistic(slice(start, min(start + _CHUNK, keys)))
            each.append(values.std(axis=0))
            sums = values.sum(axis=1)
            whole = sums if whole is None else whole + sums
        if whole is None:
            return None
        return np.concatenate(each).round(_DIGITS), whole.std(axis=0).round(_DIGITS)
