"""What changed and why, as frozen types: two windows compared, the history by week, and since when a reason lasts.

Points are hundredths of a share of all requests; a loss of the good share is negative.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

Verdict = Literal["steady", "routing", "composition", "both", "masked"]


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a request was not good: its reason, or, in a log without one, the tier that served it."""

    reason: str | None
    tier: str = ""


@dataclass(frozen=True, slots=True)
class Owned:
    """The switch that a cause belongs to, and who answers for it; empty for an orphan or a cause without a reason."""

    switch: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Counted:
    """Good and total requests."""

    good: int
    total: int

    @property
    def share(self) -> float | None:
        """Good / total; None without requests."""
        return self.good / self.total if self.total else None


@dataclass(frozen=True, slots=True)
class Span:
    """Whole days from `first` to `last`, both included; `days` are those of them with requests."""

    first: date
    last: date
    days: int
    counts: Counted


@dataclass(frozen=True, slots=True)
class CausePart:
    """What one cause added to the change.

    Attributes:
        cause: the cause; None for the sum of `folded` small ones.
        owned: its switch.
        points: its part of the change; negative when it took more requests than before.
        error: one standard error in points; None when the windows are too short to tell.
        before, after: requests that it took in the two windows.
        since: when it began to take a lasting part; None when it does not.
        examples: ids of requests that it took, the latest first.
        folded: how many causes this row stands for; 0 for a row of its own.
    """

    cause: Cause | None
    owned: Owned
    points: float
    error: float | None
    before: int
    after: int
    since: date | None = None
    examples: tuple[str, ...] = ()
    folded: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """What one segment of a dimension added to the change, in points.

    Attributes:
        dim, value: the segment; the value is None for requests that carry none, and for the sum of `folded` small ones.
        rate: because the share inside the segment changed.
        mix: because the segment's part of the traffic changed.
        error: one standard error of rate + mix; None when the windows are too short to tell.
        before, after: its requests in the two windows.
        causes: its rate effect by cause, largest first; empty where the segment is missing from a window.
        parts: the same rate effect by a second dimension inside the segment.
        folded: how many segments this row stands for; 0 for a row of its own.
    """

    dim: str
    value: str | None
    rate: float
    mix: float
    error: float | None
    before: Counted
    after: Counted
    causes: tuple[tuple[Cause, float], ...] = ()
    parts: tuple[Part, ...] = ()
    folded: int = 0

    @property
    def total(self) -> float:
        """Rate and mix effect together."""
        return self.rate + self.mix


@dataclass(frozen=True, slots=True)
class Dimension:
    """The change along one dimension: the sums of its parts, in points.

    `comparable` is false when most of the traffic is in segments that only one of the windows knows; such a dimension
    cannot tell routing from composition.
    """

    name: str
    rate: float
    mix: float
    mix_error: float | None
    comparable: bool
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """The change of the good share between two windows, taken apart.

    Attributes:
        slo, good_tiers: whose share.
        before, after: the windows.
        onset: the latest lasting change, when it chose the windows.
        error: one standard error of the change in points; None when the windows are too short to tell.
        causes: the change by cause; adds up to it.
        dimensions: the change by segment, once a dimension; each adds up to it.
        verdict: whether routing or the composition of the traffic changed.
        mover: the dimension along which the composition changed most; empty when it did not.
        unusual: days of the windows whose share stands far off the others.
        place: the segment in which most of the rate effect sits, with its part of it; None when it is spread.
    """

    slo: str
    good_tiers: tuple[str, ...]
    before: Span
    after: Span
    onset: date | None
    error: float | None
    causes: tuple[CausePart, ...]
    dimensions: tuple[Dimension, ...]
    verdict: Verdict
    mover: str
    unusual: tuple[date, ...]
    place: tuple[Part, float] | None = None

    @property
    def points(self) -> float:
        """The change of the good share in points."""
        return 100 * ((self.after.counts.share or 0.0) - (self.before.counts.share or 0.0))


@dataclass(frozen=True, slots=True)
class Week:
    """One calendar week from Monday on: its share, the change from the week before it, and that change by cause.

    `change` is None for the first week and for one without requests; `partial` when days of the week are missing;
    `notable` are the causes whose part is more than the chance of their counts, largest first.
    """

    first: date
    days: int
    counts: Counted
    change: float | None
    causes: Mapping[Cause, float]
    notable: tuple[Cause, ...]
    partial: bool


@dataclass(frozen=True, slots=True)
class Spell:
    """A time in which a cause took a part above its base level.

    Attributes:
        since: its first day.
        until: the first day on which it was over; None while it lasts.
        base: the share of all requests that the cause takes at its lowest lasting level.
        level: the share it takes now (the last 14 days) while the spell lasts, else the share over the spell.
        steps: the days from which on another level holds, with the level.
    """

    cause: Cause
    owned: Owned
    since: date
    until: date | None
    base: float
    level: float
    steps: tuple[tuple[date, float], ...]

    @property
    def points(self) -> float:
        """What it took, in points; negative, because it was lost."""
        return -100 * (self.level - self.base)


@dataclass(frozen=True, slots=True)
class History:
    """The history of the good share by week, with the spells of every cause, oldest first."""

    slo: str
    good_tiers: tuple[str, ...]
    weeks: tuple[Week, ...]
    spells: tuple[Spell, ...]
    owned: Mapping[Cause, Owned]

    @property
    def lasting(self) -> tuple[Spell, ...]:
        """The spells that are not over."""
        return tuple(s for s in self.spells if s.until is None)
