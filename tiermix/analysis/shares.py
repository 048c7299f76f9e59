"""The mix from counted cells: sums by day, by tier and by group. Shares are made from these sums alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tiermix.model import FallbackMetric, Frame, Mix, MixDay, MixGroup, TierCounts
from tiermix.timewin import Day


@dataclass(frozen=True, slots=True)
class Cell:
    """Requests of one day, group and tier, with how many saw a fallback fire and how many can say."""

    day: int
    key: str | None
    tier: str
    requests: int
    fallback_fired: int
    fallback_known: int


def mix(
    frame: Frame,
    order: Sequence[str],
    primary: str,
    days: Sequence[Day],
    cells: Iterable[Cell],
    by: str | None,
) -> Mix:
    """Sums cells into a mix.

    Args:
        frame: what the answer says of itself.
        order: all tiers, best first; those without requests too, so that the shape of an answer is stable.
        primary: the best tier.
        days: the days of the window; a cell's `day` is an index into them.
        cells: the counts.
        by: the dimension of the cells' keys, None for no groups.
    """
    daily: list[Counter[str]] = [Counter() for _ in days]
    grouped: dict[str | None, Counter[str]] = {}
    group_days: dict[str | None, list[int]] = {}
    fired = known = 0
    for c in cells:
        daily[c.day][c.tier] += c.requests
        fired += c.fallback_fired
        known += c.fallback_known
        if by is not None:
            grouped.setdefault(c.key, Counter())[c.tier] += c.requests
            group_days.setdefault(c.key, [0] * len(days))[c.day] += c.requests
    totals: Counter[str] = sum(daily, Counter())
    shown = tuple(order) if primary in order else (primary, *order)
    groups = [MixGroup({by or "": k}, _counts(v, shown), tuple(group_days[k])) for k, v in grouped.items()]
    groups.sort(key=lambda g: (-g.counts.total, str(next(iter(g.key.values())))))
    return Mix(
        frame=frame,
        order=shown,
        primary=primary,
        days=tuple(MixDay(d.day, _counts(c, shown), d.partial) for d, c in zip(days, daily, strict=True)),
        totals=_counts(totals, shown),
        fallback=FallbackMetric(fired, known),
        by=by,
        groups=tuple(groups),
    )


def _counts(counter: Counter[str], order: Sequence[str]) -> TierCounts:
    return TierCounts({t: counter[t] for t in order})


def digest(text: str) -> str:
    """SHA-256 of a text, hex."""
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()
