"""What a decomposition is made from: counted requests of a day, a segment and a cause."""

from __future__ import annotations

from dataclasses import dataclass

from tiermix.changes import Cause


@dataclass(frozen=True, slots=True)
class Cell:
    """Requests of one day that share the values of some dimensions and the way they ended.

    Attributes:
        day: an index into the days that were asked for.
        values: the values of the dimensions, None where a request carries none.
        cause: why they were not good; None for good ones.
        requests: how many; never negative.
        latest: the hour that holds the last of them, as its start in microseconds since 1970.
    """

    day: int
    values: tuple[str | None, ...]
    cause: Cause | None
    requests: int
    latest: int = 0
