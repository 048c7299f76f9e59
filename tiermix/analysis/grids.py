"""Counted cells laid out as arrays: days down, segments or causes across."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from tiermix.analysis.cells import Cell
from tiermix.analysis.decompose import Quad
from tiermix.changes import Cause

Key = TypeVar("Key", bound=Hashable)
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Grid(Generic[Key]):
    """Good and total requests by day and key; the first `split` days are the window before."""

    keys: tuple[Key, ...]
    good: Ints
    total: Ints
    split: int

    @property
    def quad(self) -> Quad:
        """The sums of both windows."""
        n = self.split
        halves = (self.good[:n], self.total[:n], self.good[n:], self.total[n:])
        return Quad(*(x.sum(axis=0) for x in halves))


def grid(cells: Iterable[Cell], days: int, split: int, key: Callable[[Cell], Key]) -> Grid[Key]:
    """Good and total requests by day and key, keys in the order in which they first come."""
    place: dict[Key, int] = {}
    entries = [(c.day, place.setdefault(key(c), len(place)), c.requests, c.cause is None) for c in cells]
    good, total = (np.zeros((days, len(place)), dtype=np.int64) for _ in range(2))
    for day, at, requests, fine in entries:
        total[day, at] += requests
        good[day, at] += requests * fine
    return Grid(tuple(place), good, total, split)


def bad_by_cause(cells: Iterable[Cell], days: int, split: int) -> Grid[Cause]:
    """The requests that each cause took, as the totals of a grid in which nothing is good."""
    place: dict[Cause, int] = {}
    entries = [(c.day, place.setdefault(c.cause, len(place)), c.requests) for c in cells if c.cause is not None]
    total = np.zeros((days, len(place)), dtype=np.int64)
    for day, at, requests in entries:
        total[day, at] += requests
    return Grid(tuple(place), np.zeros_like(total), total, split)
