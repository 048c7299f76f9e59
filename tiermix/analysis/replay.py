"""When each alert row would have fired, minute by minute over the past, from counts by minute.

So that rows can be tuned before they page anyone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from itertools import accumulate

from tiermix.analysis.burn import rows_of
from tiermix.config.settings import Slo
from tiermix.model import AlertRow, Counts, Frame
from tiermix.timewin import MINUTE, from_epoch_us

_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Episode:
    """A stretch of time in which a row fires without a break.

    Attributes:
        start: the first whole minute at which it fires.
        end: the first at which it does not; None when it still fires at the end of the replay.
        seconds: how long, up to the end of the replay.
        counts: requests while it fired.
        spent_before: the share of the SLO's error budget that was gone when it fired, over the SLO's window; None
            when no request was expected to be bad.
        spent_during: the share that went while it fired.
    """

    start: datetime
    end: datetime | None
    seconds: int
    counts: Counts
    spent_before: float | None
    spent_during: float | None


@dataclass(frozen=True, slots=True)
class RowReplay:
    """An alert row and the episodes in which it fires, in order."""

    row: AlertRow
    episodes: tuple[Episode, ...]

    @property
    def seconds(self) -> int:
        """How long it fires in all."""
        return sum(e.seconds for e in self.episodes)


@dataclass(frozen=True, slots=True)
class SloReplay:
    """The rows of an SLO over the past."""

    name: str
    target: float
    period: str
    owner: str
    rows: tuple[RowReplay, ...]


@dataclass(frozen=True, slots=True)
class Replay:
    """All SLOs over the past; `frame.window` is the time of the instants looked at."""

    frame: Frame
    slos: tuple[SloReplay, ...]


class Minutes:
    """Good and total requests by minute, answering for any span of minutes at once."""

    def __init__(self, first: int, last: int, rows: Sequence[tuple[int, int, int]]) -> None:
        """Takes `rows` of (minute, good, total) within [first, last); minutes without a row had no request."""
        good, total = [0] * (last - first), [0] * (last - first)
        for minute, g, t in rows:
            good[minute - first] += g
            total[minute - first] += t
        self._first, self._last = first, last
        self._good = [0, *accumulate(good)]
        self._total = [0, *accumulate(total)]

    def counts(self, start: int, end: int) -> Counts:
        """Requests in [start, end); minutes outside of what is known had none."""
        a, b = (min(max(m, self._first), self._last) - self._first for m in (start, end))
        return Counts(self._good[b] - self._good[a], self._total[b] - self._total[a])

    def firing(self, row: AlertRow, target: Fraction, min_bad: int, start: int, end: int) -> Iterator[int]:
        """The instants in [start, end] at which the row fires on the windows before them.

        The same comparison of whole numbers as `burn.exceeds`: bad x denominator > numerator x total. The windows of
        all instants must begin within what is known.
        """
        limit = row.factor * (1 - target)
        n, d = limit.numerator, limit.denominator
        long, short = row.long // MINUTE, row.short // MINUTE
        good, total, first = self._good, self._total, self._first
        for m in range(start - first, end - first + 1):
            requests = total[m] - total[m - long]
            bad = requests - good[m] + good[m - long]
            if bad >= min_bad and bad * d > n * requests:
                requests = total[m] - total[m - short]
                if (requests - good[m] + good[m - short]) * d > n * requests:
                    yield m + first


def replay(slo: Slo, minutes: Minutes, start: int, end: int, window_start: Callable[[int], int]) -> SloReplay:
    """The episodes of every row of an SLO at the instants [start, end], minutes since 1970.

    Args:
        slo: the promise.
        minutes: its counts, from the longest window before `start`.
        start: the first instant.
        end: the last one.
        window_start: the minute in which the SLO's own window begins that ends at a minute.

    Raises:
        InfeasibleAlert: a row can never fire at the target.
    """
    rows = tuple(RowReplay(r, tuple(_episodes(slo, r, minutes, start, end, window_start))) for r in rows_of(slo))
    return SloReplay(slo.name, float(slo.target), slo.period, slo.owner, rows)


def _episodes(
    slo: Slo, row: AlertRow, minutes: Minutes, start: int, end: int, window_start: Callable[[int], int]
) -> Iterator[Episode]:
    for begun, ended in _runs(minutes.firing(row, slo.target, slo.min_bad, start, end)):
        last = min(ended, end)
        yield Episode(
            start=_moment(begun),
            end=_moment(ended) if ended <= end else None,
            seconds=(last - begun) * MINUTE,
            counts=(during := minutes.counts(begun, last)),
            spent_before=_spent(slo, minutes.counts(window_start(begun), begun).bad, minutes, window_start, begun),
            spent_during=_spent(slo, during.bad, minutes, window_start, last),
        )


def _spent(slo: Slo, bad: int, minutes: Minutes, window_start: Callable[[int], int], at: int) -> float | None:
    allowed = (1 - slo.target) * minutes.counts(window_start(at), at).total
    return float(bad / allowed) if allowed else None


def _runs(instants: Iterator[int]) -> Iterator[tuple[int, int]]:
    """Neighbouring numbers as half-open spans."""
    begun = ended = None
    for m in instants:
        if begun is not None and ended == m:
            ended = m + 1
            continue
        if begun is not None and ended is not None:
            yield begun, ended
        begun, ended = m, m + 1
    if begun is not None and ended is not None:
        yield begun, ended


def _moment(minute: int) -> datetime:
    return from_epoch_us(minute * MINUTE * _US)
