"""Requests as counters: how many were counted from the beginning of the store up to each minute, by served tier."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tiermix.answers import Desk, Where, filters
from tiermix.timewin import MINUTE, Window, ceil_to, epoch_us, floor_to

_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Track:
    """A counter over the minutes of a window.

    Attributes:
        base: what it stood at when the window began.
        steps: minute since 1970 to what that minute added; minutes without requests are left out.
    """

    base: int
    steps: Mapping[int, int]

    @property
    def end(self) -> int:
        """What it stands at when the window ends."""
        return self.base + sum(self.steps.values())

    def readings(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """(minute, value) at the start of every minute from `first` to `last`, both included.

        The value at a minute counts the requests before it, so the difference of two readings is exactly the half-open
        window between them.
        """
        value = self.base
        for minute in range(first, last + 1):
            yield minute, value
            value += self.steps.get(minute, 0)


def minutes_in(window: Window) -> tuple[int, int]:
    """The first and the last whole minute of a window, since 1970; the last one twice when it holds none."""
    first = epoch_us(ceil_to(window.start, MINUTE)) // (MINUTE * _US)
    last = epoch_us(floor_to(window.end, MINUTE)) // (MINUTE * _US)
    return min(first, last), last


def by_tier(desk: Desk, where: Where, first: int, last: int) -> dict[str, Track]:
    """A counter for every tier, those without requests too, from minute `first` to minute `last` since 1970.

    Raises:
        UsageError: there is no such dimension.
    """
    tiers = desk.tiering.order  # before the query: it sets the tiers that the query sees
    skip_from, skip_to = desk.skip
    params: dict[str, object] = {
        "first_minute": first,
        "last_minute": last,
        "skip_from": [t // (MINUTE * _US) for t in skip_from],
        "skip_to": [t // (MINUTE * _US) for t in skip_to],
    }
    if where:
        params |= filters(where)
    steps: dict[str, dict[int, int]] = {t: {} for t in tiers}
    for tier, minute, requests in desk.store.ask("export/by_request" if where else "export/by_minute", params):
        steps.setdefault(tier, {})[minute] = requests
    return {t: Track(s.pop(first - 1, 0), s) for t, s in steps.items()}


def added(tracks: Iterable[Track]) -> Track:
    """The counter of all requests that any of the tracks counts."""
    steps: Counter[int] = Counter()
    base = 0
    for track in tracks:
        base += track.base
        steps.update(track.steps)
    return Track(base, steps)
