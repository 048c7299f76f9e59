"""The sentences that stand above the numbers, the same in every rendering."""

from __future__ import annotations

from tiermix.model import Burn, Mix, SloStatus
from tiermix.render.tables import many, percent
from tiermix.timewin import format_duration

MARK = {"kept": "✓", "burning": "!", "missed": "✗", "no data": "?"}  # of an SLO's state, beside its colour


def share(value: float | None) -> str:
    """A share in percent, or "no data"."""
    return "no data" if value is None else percent(value)


def fallback_metric(mix: Mix) -> str:
    """What the usual dashboard says."""
    f = mix.fallback
    if f.share is None:
        return "The fallback metric: these logs cannot say whether a fallback fired."
    known = "" if f.known == mix.totals.total else f"; {mix.totals.total - f.known:,} more cannot say"
    return (
        f"The fallback metric says {share(f.share)} (a fallback fired in {f.fired:,} of {f.known:,} requests{known})."
    )


def users_got(mix: Mix) -> str:
    """What users got."""
    other = mix.totals.total - mix.totals.tiers[mix.primary]
    not_primary = other / mix.totals.total if mix.totals.total else None
    parts = [f"{share(mix.totals.share(t))} {t}" for t in mix.order if t != mix.primary and mix.totals.tiers[t]]
    detail = f": {', '.join(parts)}" if parts else ""
    return f"Users got something else than {mix.primary} in {share(not_primary)} of requests{detail}."


def slo_state(status: SloStatus) -> str:
    """One word for an SLO: kept, burning or missed; no data when there is none."""
    if status.sli is None:
        return "no data"
    if not status.met:
        return "missed"
    return "kept" if status.ok else "burning"


def slo_line(status: SloStatus) -> str:
    """An SLO in one sentence."""
    window = format_duration(status.window)
    tiers = " or ".join(status.good_tiers)
    if status.sli is None:
        return f"{status.name}: no requests in the last {window}"
    return (
        f"{status.name}: {slo_state(status)}, {share(status.sli)} {tiers} over {window} "
        f"against a target of {float(status.target * 100):g}%"
    )


def budget_line(status: SloStatus) -> str:
    """The error budget in percent, in requests and in time."""
    b = status.budget
    if b.remaining is None:
        return "no requests, no budget"
    left = b.allowed - b.spent
    amount = f"{max(0, left):,.0f} of {b.allowed:,.0f} requests left" if left >= 0 else (
        f"overspent: {many(b.spent, 'bad request')} against an allowance of {b.allowed:,.0f}"
    )  # fmt: skip
    return f"error budget {b.remaining * 100:,.0f}% left, {amount}; {exhaustion(status)}"


def exhaustion(status: SloStatus) -> str:
    """When the budget will be gone at the present rate."""
    b = status.budget
    if b.exhausted_in == 0:
        return "nothing is left"
    if b.exhausted_in is None:
        return "at the burn of the last day it lasts"
    return f"gone in {format_duration(max(60, b.exhausted_in // 60 * 60))} at the burn of the last day"


def _metric(mix: Mix) -> str:
    f = mix.fallback
    if f.share is None:
        return "their logs record no fallback metric"
    if f.known < mix.totals.total:
        return f"the fallback metric says {share(f.share)} of the {share(f.known / mix.totals.total)} that record it"
    return f"the fallback metric says {share(f.share)}"


def verdict(mix: Mix, answer: Burn) -> str:
    """The first sentence of a report."""
    broken = [s for s in answer.slos if not s.met]
    firing = [s for s in answer.slos if s.met and not s.ok]
    got = share(mix.totals.share(mix.primary))
    covered = len(mix.covered)
    span = f"In the {covered} days to {mix.days[-1].day}" if covered > 1 else f"On {mix.days[-1].day}"
    if broken:
        names = ", ".join(s.name for s in broken)
        state = f"The promise is not kept: {names} {'is' if len(broken) == 1 else 'are'} missed"
    elif firing:
        state = f"The promise is kept but burning: {', '.join(s.name for s in firing)}"
    else:
        state = "The promise is kept"
    return f"{state}. {span} users got {mix.primary} in {got} of requests, while {_metric(mix)}."
