"""The sentences that stand above the numbers, the same in every rendering."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tiermix.render.tables import many, percent, state, windows
from tiermix.timewin import format_age, format_duration

if TYPE_CHECKING:
    from tiermix.analysis.replay import SloReplay
    from tiermix.model import Alert, Burn, Counts, Mix, SloStatus
    from tiermix.verdicts import CheckResult, Gate, State

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


def slo_line(status: SloStatus) -> str:
    """An SLO in one sentence, by name."""
    return f"{status.name}: {slo_sentence(status)}"


def slo_sentence(status: SloStatus) -> str:
    """An SLO in one sentence."""
    rolling = status.period[0].isdigit()
    window = status.period if rolling else f"the {status.period}"
    tiers = " or ".join(status.good_tiers)
    if status.sli is None:
        return f"no requests in {'the last ' * rolling}{window}"
    return (
        f"{state(status)}, {share(status.sli)} {tiers} over {window} "
        f"against a target of {float(status.target * 100):g}%"
    )


def alert_line(status: SloStatus, alert: Alert) -> str:
    """Why an alert row fires, or why not: its threshold and the counts of its two windows."""
    row = alert.row
    limit = float(row.factor) * (1 - status.target)
    rule = f"{float(row.factor):.4g} x {1 - status.target:.4g} = {limit:.4g}"
    long, short = (
        f"{format_duration(length)}: {c.bad:,} of {c.total:,} bad{f', {c.bad / c.total:.4g}' if c.total else ''}"
        for length, c in ((row.long, alert.long), (row.short, alert.short))
    )
    return (
        f"{row.severity} {windows(alert)} {_firing(alert)}. It fires above a bad share of {rule} in both windows; "
        f"{long}; {short}."
    )


def _firing(alert: Alert) -> str:
    if alert.firing:
        spent = float(alert.row.budget / alert.row.factor) * (alert.long_burn or 0)
        return f"FIRES: this burn spends {percent(spent)} of the budget in {format_duration(alert.row.long)}"
    burning = [b is not None and b > alert.row.factor for b in (alert.long_burn, alert.short_burn)]
    if all(burning):
        return f"is quiet: {many(alert.long.bad, 'bad request')} in the long window are too few to tell"
    if burning[0]:
        return "is quiet: the long window is above, but the short one is not any more"
    return "is quiet: the short window is above, but the long one is not yet" if burning[1] else "is quiet"


def replayed(answer: SloReplay) -> str:
    """How often the alerts of an SLO would have fired."""
    by_severity = [(x, sum(len(r.episodes) for r in answer.rows if r.row.severity == x)) for x in ("page", "ticket")]
    counts = " and ".join(many(n, x) for x, n in by_severity)
    return f"{answer.name}: {counts} against a target of {answer.target * 100:g}% over {answer.period}"


def alert_sentence(alert: Alert) -> str:
    """What the two windows of an alert row burn at, beside the limit of both."""
    factor = float(alert.row.factor)
    long, short = _burning(alert.long, alert.long_burn, alert.row.long), _burning(
        alert.short, alert.short_burn, alert.row.short
    )  # fmt: skip
    if alert.firing:
        return f"burning {long} and {short}, both above {factor:.4g}x"
    both = (alert.long_burn or 0) > factor and (alert.short_burn or 0) > factor
    return (
        f"{long} and {short}; {'too few bad requests to fire' if both else f'fires when both are above {factor:.4g}x'}"
    )


def _burning(counts: Counts, burn: float | None, window: int) -> str:
    if burn is None:
        return f"no requests in {format_duration(window)}"
    return f"{burn:.2f}x over {format_duration(window)} ({counts.bad:,} bad of {counts.total:,})"


def freshness_sentence(seconds: float | None, limit: float) -> str:
    """How old the newest request is, beside how old it may be."""
    if seconds is None:
        return "there is no request up to this moment"
    against = "within" if seconds <= limit else "more than"
    return f"the newest request is {format_age(seconds)} old, {against} {format_age(limit)}"


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


STATE_WORDS: Mapping[State, str] = {"ok": "ok", "breached": "BREACHED", "stale": "STALE", "no_data": "NO DATA"}


def check_name(result: CheckResult) -> str:
    """A check by its kind, its subject, and what was checked where that says more."""
    return f"{result.kind} {result.subject}" + ("" if result.name == result.kind else f", {result.name}")


def gate_summary(gate: Gate) -> str:
    """The last line of a check: how many there were, and how they went."""
    counts = [(gate.count(state), word) for state, word in STATE_WORDS.items()]
    told = ", ".join(f"{n:,} {word}" for n, word in counts if n)
    verdict = "ok" if gate.ok else "NOT OK"
    return f"{verdict}: {many(len(gate.results), 'check')} as of {gate.frame.as_of:%Y-%m-%d %H:%M} UTC: {told}"


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
