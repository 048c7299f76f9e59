"""The standard alert rows, as data, and whether a row can fire at all.

Windows and budget shares are those of the multi-window multi-burn-rate method, SRE workbook, chapter 5:
factor = budget share x period / long window.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from tiermix.model import AlertRow, Severity
from tiermix.timewin import DAY, HOUR, MINUTE


@dataclass(frozen=True, slots=True)
class _Shape:
    severity: Severity
    long: int
    short: int
    budget: Fraction  # share of the 30-day budget that is spent when the row fires


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


def standard_rows(period: int, calendar: str = "") -> tuple[AlertRow, ...]:
    """The alert rows of an SLO over `period` seconds, the length of the calendar period when it has one.

    A period without a table takes the 30-day budget shares, and no factor below 1: such a row would fire inside the
    SLO. Rows whose long window exceeds the period are left out. A quarter of the calendar has the factors of 30 days:
    who may not lose more than that in a month is not to be told later because the budget is renewed later.
    """
    known = _FACTORS.get(30 * DAY if calendar == "quarter" else period)
    rows = []
    for i, shape in enumerate(_SHAPES):
        if shape.long > period:
            continue
        factor = known[i] if known else max(Fraction(1), shape.budget * period / shape.long)
        rows.append(alert_row(shape.severity, factor, shape.long, shape.short, period))
    return tuple(rows)


def alert_row(severity: Severity, factor: Fraction, long: int, short: int, period: int) -> AlertRow:
    """A row, with the share of the period's budget that is spent when it fires."""
    return AlertRow(severity, factor, long, short, factor * long / period)


def infeasible(factor: Fraction, target: Fraction) -> tuple[str, str] | None:
    """Why a row can never fire at this target, and the two ways out; None when it can.

    The worst possible burn rate is 1 / (1 - target), when every request is bad; a row that asks for as much or more is
    dead (strict comparison).
    """
    if factor * (1 - target) < 1:
        return None
    worst = 1 / (1 - target)
    return (
        f"a burn rate of {float(factor):g} can never be exceeded at a target of {float(target):g}: with every request "
        f"bad it is {float(worst):.4g}, and {float(factor):g} x {float(1 - target):g} = "
        f"{float(factor * (1 - target)):.4g} >= 1",
        f"raise the target above {float(1 - 1 / factor):.4g}, or give the SLO rows of its own with factors below "
        f"{float(worst):.4g}, in tiermix.toml: [[slo.alert]] severity, factor, long, short",
    )
