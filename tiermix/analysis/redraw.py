"""Standard errors by redrawing days: what a change would have been with other days of the same kind.

Whole weeks are drawn where a window has four or more of them, else single days. From m blocks m - 1 are drawn with
replacement (Rao and Wu 1988), which makes the variance of a mean unbiased also for few blocks.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tiermix.analysis.decompose import Floats, Quad
from tiermix.analysis.grids import Grid, Ints, Key

DRAWS = 200
SEED = 20261120
_WEEK, _WEEKS = 7, 4
_DIGITS = 8  # of a share: far below what two hundred draws can tell
_CHUNK = 2048  # segments at a time: 200 draws of them are a few megabytes


def multiplicities(totals: Ints, rng: np.random.Generator) -> Floats | None:
    """How often each day is drawn, draws x days; None when there is but one block to draw from.

    Args:
        totals: requests by day, all calendar days of the window in order; days without any are never drawn.
        rng: the source of chance.
    """
    days = len(totals)
    weekly = days >= _WEEK * _WEEKS and days % _WEEK == 0
    block = np.arange(days) // _WEEK if weekly else np.arange(days)
    held = np.unique(block[totals > 0])
    if len(held) < 2:
        return None
    drawn = rng.choice(held, size=(DRAWS, len(held) - 1))
    times: Floats = (drawn[:, :, None] == block[None, None, :]).sum(axis=1).astype(np.float64)
    return times


class Redrawn:
    """Both windows redrawn; every question asked of it sees the same draws."""

    def __init__(self, totals: Ints, split: int) -> None:
        rng = np.random.default_rng(SEED)
        before, after = multiplicities(totals[:split], rng), multiplicities(totals[split:], rng)
        self._times = None if before is None or after is None else (before, after)

    def sums(self, table: Grid[Key], which: slice | list[int] = slice(None)) -> Quad:
        """The counts of a grid summed over both windows for every draw (draws x keys), of some of its keys."""
        assert self._times is not None
        before, after = self._times
        good, total, n = table.good[:, which], table.total[:, which], table.split
        return Quad(before @ good[:n], before @ total[:n], after @ good[n:], after @ total[n:])

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
