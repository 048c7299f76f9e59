"""Burn rates, error budgets and alert rows, on integer counts and exact fractions.

Rows and scaling follow the multi-window multi-burn-rate method of the SRE workbook, chapter 5:
factor = budget share x period / long window, and a row fires when both of its windows burn faster than the factor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from tiermix.config.alerts import alert_row, infeasible, standard_rows
from tiermix.config.settings import Slo
from tiermix.errors import InfeasibleAlert
from tiermix.model import Alert, AlertRow, Budget, Counts, SloStatus
from tiermix.timewin import DAY, Window

# The window whose burn counts as "the present rate" when the budget is projected: long enough to hold a daily rhythm.
PRESENT = DAY


def rows_of(slo: Slo) -> tuple[AlertRow, ...]:
    """The rows of an SLO: its own, else the standard ones.

    Raises:
        InfeasibleAlert: a row can never fire at the target.
    """
    own = tuple(alert_row(a.severity, a.factor, a.long, a.short, slo.window) for a in slo.alerts)
    rows = own or standard_rows(slo.window, slo.calendar)
    for row in rows:
        if (why := infeasible(row.factor, slo.target)) is not None:
            raise InfeasibleAlert(why[0], where=f"SLO {slo.name}", hint=why[1])
    return rows


def windows_of(slo: Slo) -> tuple[int, ...]:
    """Every length (seconds) of a window up to the moment whose counts `status` needs, beside the SLO's own window."""
    lengths = {min(PRESENT, slo.window)}
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


def budget(counts: Counts, present: Counts, target: Fraction, elapsed: float, left: float | None = None) -> Budget:
    """The error budget over the SLO's window, weighted by requests, and how long it lasts at the present burn.

    Args:
        counts: requests of the window.
        present: requests of the last day, whose burn is taken to go on.
        target: the share promised.
        elapsed: length of the window in seconds; of a calendar period, of the part that has passed.
        left: seconds until a calendar period ends, when the budget is renewed; None for a rolling window.
    """
    allowed = (1 - target) * counts.total
    if not counts.total:
        return Budget(0.0, 0, None, None)
    remaining = 1 - Fraction(counts.bad) / allowed
    rate = burn_rate(present, target)
    if remaining <= 0:
        exhausted_in: float | None = 0.0
    elif rate is None or rate <= 1:
        exhausted_in = None  # a rolling window gives back what it lets go of: at a burn of 1 the budget lasts
    elif left is None:
        exhausted_in = float(remaining * Fraction(elapsed) / rate)
    else:  # traffic goes on to earn budget until the period ends, and the burn spends more than that
        seconds = float(remaining * Fraction(elapsed) / (rate - 1))
        exhausted_in = seconds if seconds < left else None
    return Budget(float(allowed), counts.bad, float(remaining), exhausted_in)


def status(
    slo: Slo, good_tiers: Sequence[str], span: Window, total: Counts, counts: Mapping[int, Counts],
    left: float | None = None,
) -> SloStatus:  # fmt: skip
    """The state of an SLO.

    Args:
        slo: the promise.
        good_tiers: the tiers that keep it.
        span: the time that its window covers.
        total: requests in that time.
        counts: requests by length (seconds) of the windows that `windows_of` lists.
        left: seconds until a calendar period ends; None for a rolling window.

    Raises:
        InfeasibleAlert: a row can never fire at the target.
    """
    alerts = tuple(judge(r, counts[r.long], counts[r.short], slo.target, slo.min_bad) for r in rows_of(slo))
    present = counts[min(PRESENT, slo.window)]
    return SloStatus(
        name=slo.name,
        target=float(slo.target),
        period=slo.period,
        span=span,
        good_tiers=tuple(good_tiers),
        owner=slo.owner,
        counts=total,
        budget=budget(total, present, slo.target, span.seconds, left),
        alerts=alerts,
    )


def _float(value: Fraction | None) -> float | None:
    return None if value is None else float(value)
