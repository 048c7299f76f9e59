"""Daily counts of a series, and the windows of them that a night looks at.

A window is a row of DAYS days that ends with the night's own day; days before the first are without requests. Counts
are floats: those of a standardised share are the counts of a plain share with the same variance.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

WEEK = 7
DAYS = 26 * WEEK  # how far back a night looks; whole weeks, so that column % 7 is a weekday
RECENT = WEEK  # the days that may have drifted already, and set no level and no weights


class Series(Protocol):
    """Consecutive days of one share."""

    @property
    def total(self) -> Floats:
        """Requests of each day."""
        ...

    def windows(self, nights: Ints) -> tuple[Floats, Floats]:
        """Good and total requests that each night looks at: two arrays (nights, DAYS)."""
        ...


@dataclass(frozen=True)
class Plain:
    """Good and total requests of consecutive days, 0 <= good <= total, the first day first."""

    good: Floats
    total: Floats

    def windows(self, nights: Ints) -> tuple[Floats, Floats]:
        """See Series."""
        good, total = (_windows(counts[:, None], nights)[..., 0] for counts in (self.good, self.total))
        return good, total


@dataclass(frozen=True)
class Standardised:
    """A share as it were if traffic were composed as it used to be: no composition can move it.

    Each night weighs the shares of all segments by the mean composition of its days before the recent ones (direct
    standardisation), so that it is a share of one composition throughout.

    Attributes:
        segment_good, segment_total: (days, segments).
    """

    segment_good: Floats
    segment_total: Floats

    @cached_property
    def total(self) -> Floats:
        """Requests of each day."""
        return np.asarray(self.segment_total.sum(axis=1))

    def windows(self, nights: Ints) -> tuple[Floats, Floats]:
        """See Series."""
        good, total = (_windows(counts, nights) for counts in (self.segment_good, self.segment_total))
        early = (slice(None), slice(0, -RECENT))
        everything = total.sum(axis=2)
        with np.errstate(divide="ignore", invalid="ignore"):
            mix = np.nan_to_num(total / everything[..., None])
            weight = mix[early].sum(axis=1)
            weight /= weight.sum(axis=1, keepdims=True)
            usual = (good[early].sum(axis=1) + 0.5) / (total[early].sum(axis=1) + 1)
            share = np.where(total > 0, good / total, usual[:, None])
            drawn = np.where(total > 0, (good + 0.5) / (total + 1), usual[:, None])
            weight = weight[:, None]
            variance = (weight**2 * drawn * (1 - drawn) / np.maximum(total, 0.5)).sum(axis=2)
            level = (weight * drawn).sum(axis=2)
            alike = np.where(everything > 0, level * (1 - level) / variance, 0.0)
        alike = np.nan_to_num(alike)
        return np.minimum(np.nan_to_num((weight * share).sum(axis=2)), 1.0) * alike, alike


def _windows(counts: Floats, nights: Ints) -> Floats:
    """(nights, DAYS, columns) of (days, columns)."""
    padded = np.concatenate([np.zeros((DAYS - 1, counts.shape[1])), counts])
    return sliding_window_view(padded, DAYS, axis=0)[nights].swapaxes(1, 2)
