"""Burn rates, error budgets and alert rows, on integer counts and exact fractions.

Rows and scaling follow the multi-window multi-burn-rate method of the SRE workbook, chapter 5:
factor = budget share x period / long window, and a row fires when both of its windows burn faster than the factor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from tiermix.config.load import infeasible
from tiermix.config.settings import AlertSetting, Slo
from tiermix.errors import InfeasibleAlert
from tiermix.model import Alert, AlertRow, Budget, Counts, Severity, SloStatus
from tiermix.timewin import DAY, HOUR, MINUTE


@dataclass(frozen=True, slots=True)
class _Shape:
    severity: Severity
    long: int
    short: int
    budget: Fraction  # share of the 30-day budget that is spent when the row fires


# Windows and budget shares of the SRE workbook for 30 days.
_SHAPES = (
    _Shape("page", HOUR, 5 * MINUTE, Fraction(2, 100)),
    _Shape("page", 6 * HOUR, 30 * MINUTE, Fraction(5, 100)),
    _Shape("ticket", DAY, 2 * HOUR, Fraction(10, 100)),
    _Shape("ticket", 3 * DAY, 6 * HOUR, Fraction(10, 100)),
)

# Periods whose factors are set by hand. 28 days is the 30-day table scaled, last row below 1 as published; in 7 days
# the 30-day shares would fire while the target is being kept, so its shares are larger.
_FACTORS: Mapping[int, tuple[Fraction, ...]] = {
    30 * DAY: (Fraction("14.4"), Fraction(6), Fraction(3), Fraction(1)),
    28 * DAY: (Fraction("13.44"), Fraction("5.6"), Fraction("2.8"), Fraction(14, 15)),
    7 * DAY: (Fraction("13.44"), Fraction("3.5"), Fraction("1.4"), Fraction(1)),
}

# The window whose burn counts as "the present rate" when the budget is projected: long enough to hold a daily rhythm.
PRESENT = DAY


def standard_rows(period: int) -> tuple[AlertRow, ...]:
    """The alert rows of an SLO over `period` seconds.

    A period without a table takes the 30-day budget shares, and no factor below 1: such a row would fire inside the
    SLO. Rows whose long window exceeds the period are left out.
    """
    known = _FACTORS.get(period)
    rows = []
    for i, shape in enumerate(_SHAPES):
        if shape.long > period:
            continue
        factor = known[i] if known else max(Fraction(1), shape.budget * period / shape.long)
        rows.append(_row(shape.severity, factor, shape.long, shape.short, period))
    return tuple(rows)


def rows_of(slo: Slo) -> tuple[AlertRow, ...]:
    """The rows of an SLO: its own, else the standard ones.

    Raises:
        InfeasibleAlert: a row can never fire at the target.
    """
    rows = tuple(_custom(a, slo.window) for a in slo.alerts) or standard_rows(slo.window)
    for row in rows:
        if (why := infeasible(row.factor, slo.target)) is not None:
            raise InfeasibleAlert(why[0], where=f"SLO {slo.name}", hint=why[1])
    return rows


def _custom(a: AlertSetting, period: int) -> AlertRow:
    return _row(a.severity, a.factor, a.long, a.short, period)


def _row(severity: Severity, factor: Fraction, long: int, short: int, period: int) -> AlertRow:
    return AlertRow(severity, factor, long, short, factor * long / period)


def windows_of(slo: Slo) -> tuple[int, ...]:
    """Every window length (seconds) whose counts `status` needs."""
    lengths = {slo.window, min(PRESENT, slo.window)}
    for row in rows_of(slo):
        lengths |= {row.long, row.short}
    return tuple(sorted(lengths))


def burn_rate(counts: Counts, target: Fraction) -> Fraction | None:
    """(bad / total) / (1 - target); None without requests."""
    return Fraction(counts.bad, counts.total) / (1 - target) if counts.total else None


def exceeds(counts: Counts, factor: Fraction, target: Fraction) -> bool:
    """Whether bad > factor x (1 - target) x total, strictly and on exact numbers."""
    return counts.bad > factor * (1 - target) * counts.total


def judge(row: AlertRow, long: Counts, short: Counts, target: Fraction, min_bad: int) -> Alert:
    """An alert row on the counts of its two windows.

    The floor is on bad requests in the long window, so that one failure at 3 a.m. is quiet; a floor on traffic would
    silence a real outage.
    """
    firing = (
        exceeds(long, row.factor, target) and exceeds(short, row.factor, target) and long.bad >= min_bad
    )  # fmt: skip
    return Alert(row, long, short, _float(burn_rate(long, target)), _float(burn_rate(short, target)), firing)


def budget(counts: Counts, present: Counts, target: Fraction, period: int) -> Budget:
    """The error budget over the SLO's window, weighted by requests, and how long it lasts at the present burn."""
    allowed = (1 - target) * counts.total
    if not counts.total:
        return Budget(0.0, 0, None, None)
    remaining = 1 - Fraction(counts.bad) / allowed
    rate = burn_rate(present, target)
    if remaining <= 0:
        exhausted_in: float | None = 0.0
    elif rate is None or rate <= 1:
        exhausted_in = None  # a rolling window gives back what it lets go of: at a burn of 1 the budget lasts
    else:
        exhausted_in = float(remaining * period / rate)
    return Budget(float(allowed), counts.bad, float(remaining), exhausted_in)


def status(slo: Slo, good_tiers: Sequence[str], counts: Mapping[int, Counts]) -> SloStatus:
    """The state of an SLO from its counts by window length (seconds), as `windows_of` lists them."""
    total = counts[slo.window]
    alerts = tuple(judge(r, counts[r.long], counts[r.short], slo.target, slo.min_bad) for r in rows_of(slo))
    return SloStatus(
        name=slo.name,
        target=float(slo.target),
        window=slo.window,
        good_tiers=tuple(good_tiers),
        owner=slo.owner,
        counts=total,
        budget=budget(total, counts[min(PRESENT, slo.window)], slo.target, slo.window),
        alerts=alerts,
    )


def _float(value: Fraction | None) -> float | None:
    return None if value is None else float(value)
