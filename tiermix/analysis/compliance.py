"""How a promise was kept by calendar month and quarter, and how it is kept by each group of requests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from tiermix.model import Counts, Frame, SloStatus
from tiermix.timewin import Day

_WORST_DAYS = 3


@dataclass(frozen=True, slots=True)
class Term:
    """A promise over one month (`2026-09`) or quarter (`2026-Q3`).

    Attributes:
        name: which one.
        kind: month or quarter.
        partial: the data does not cover all of it.
        counts: its requests.
        spent: the share of its error budget that was spent; None without requests.
        worst: its days with most bad requests above the allowance, worst first; days that kept the promise are none.
    """

    name: str
    kind: str
    partial: bool
    counts: Counts
    spent: float | None
    worst: tuple[tuple[date, Counts], ...]

    @property
    def met(self) -> bool:
        """Whether the target was kept (true without requests)."""
        return self.spent is None or self.spent <= 1


@dataclass(frozen=True, slots=True)
class SloCalendar:
    """The terms of one SLO, oldest first, months before quarters."""

    name: str
    target: float
    owner: str
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Calendar:
    """All SLOs by month and quarter."""

    frame: Frame
    slos: tuple[SloCalendar, ...]


def terms(days: Sequence[Day], counts: Sequence[Counts], target: Fraction) -> tuple[Term, ...]:
    """Months, then quarters, from counts by day.

    A term is partial when a day of it is, or when its first or last day is not among the days.
    """
    out = []
    for kind, name_of in (("month", _month), ("quarter", _quarter)):
        names = dict.fromkeys(name_of(d.day) for d in days)
        for name in names:
            held = [(d, c) for d, c in zip(days, counts, strict=True) if name_of(d.day) == name]
            out.append(_term(name, kind, held, target))
    return tuple(out)


def _term(name: str, kind: str, held: Sequence[tuple[Day, Counts]], target: Fraction) -> Term:
    total = added(c for _, c in held)
    allowed = (1 - target) * total.total
    over = [(c.bad - (1 - target) * c.total, d.day, c) for d, c in held]
    worst = sorted((x for x in over if x[0] > 0), key=lambda x: (-x[0], x[1]))[:_WORST_DAYS]
    whole = len(held) == _length(held[0][0].day, kind) and not any(d.partial for d, _ in held)
    spent = float(total.bad / allowed) if allowed else None
    return Term(name, kind, not whole, total, spent, tuple((day, c) for _, day, c in worst))


def added(counts: Iterable[Counts]) -> Counts:
    """The sum of counts of disjoint spans."""
    good = total = 0
    for c in counts:
        good, total = good + c.good, total + c.total
    return Counts(good, total)


def _month(day: date) -> str:
    return f"{day:%Y-%m}"


def _quarter(day: date) -> str:
    return f"{day.year}-Q{(day.month - 1) // 3 + 1}"


def _length(day: date, kind: str) -> int:
    """Days of the month or quarter that holds a day."""
    months = 3 if kind == "quarter" else 1
    first = day.replace(month=(day.month - 1) // months * months + 1, day=1)
    month = first.month + months
    after = first.replace(year=first.year + month // 13, month=(month - 1) % 12 + 1)
    return (after - first).days


@dataclass(frozen=True, slots=True)
class Group:
    """The state of an SLO among the requests of one value of a dimension."""

    value: str
    status: SloStatus


@dataclass(frozen=True, slots=True)
class SloGroups:
    """An SLO by group, worst first: what fires, then what is missed, each by bad requests above the allowance."""

    name: str
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class GroupedBurn:
    """All SLOs by the groups of one dimension."""

    frame: Frame
    by: str
    slos: tuple[SloGroups, ...]

    @property
    def ok(self) -> bool:
        """No group is breached, those with too few requests to tell aside."""
        return all(g.status.ok for s in self.slos for g in s.groups if not g.status.small_sample)


def worst_first(groups: Iterable[Group]) -> tuple[Group, ...]:
    """Groups in the order in which somebody should look at them."""

    def urgency(g: Group) -> tuple[int, float, str]:
        firing = {a.row.severity for a in g.status.alerts if a.firing}
        rank = 0 if "page" in firing else 1 if "ticket" in firing else 2 if not g.status.met else 3
        return rank, g.status.budget.allowed - g.status.budget.spent, g.value

    return tuple(sorted(groups, key=urgency))
