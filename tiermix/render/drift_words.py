"""What the drift meter says, in sentences."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tiermix.model import NO_VALUE
from tiermix.render.change_words import cause_name
from tiermix.render.tables import BLANK, many, percent

if TYPE_CHECKING:
    from tiermix.analysis.drift.verdict import ChangePoint, Drifts, SeriesDrift, Verdict

VERDICT: Mapping[Verdict, str] = {
    "steady": "steady",
    "drifting_down": "DRIFTING DOWN",
    "drifting_up": "drifting up",
    "composition": "FALLING BY COMPOSITION",
    "masked": "MASKED DRIFT",
    "learning": "learning",
    "insufficient": "too few requests to tell",
}
_TAKERS = 3  # causes named in a ticket, the largest
_CHANGES = 6  # change points listed in text, the latest
SELF_CHECK = (
    "Made-up years of 14-day blocks of the last days' own noise, without any drift. A series with fewer than 56 days "
    "is not replayed."
)
_MEANING: Mapping[Verdict, str] = {
    "composition": "other requests came, which were always served worse; at the usual composition the share held",
    "masked": "requests are served worse, and a better composition hides it from the plain share",
}


def verdict(s: SeriesDrift) -> str:
    """A series and its verdict."""
    return f"{s.name}: {word(s)}{_since(s)}"


def word(s: SeriesDrift) -> str:
    """The verdict in a word or three."""
    if s.verdict == "learning":
        return f"learning {s.learned}/{s.warm_up}"
    return "FELL, AND STAYS DOWN" if s.verdict == "drifting_down" and _flat(s) else VERDICT[s.verdict]


def _flat(s: SeriesDrift) -> bool:
    """Whether nothing says that it still moves."""
    return s.points_per_week is not None and s.points_per_week[0] < 0 < s.points_per_week[2]


def _since(s: SeriesDrift) -> str:
    o = s.onset
    if o is None:
        return ""
    return f" since {o.day} ({'gradual' if o.gradual else 'sudden'}; 80%: {o.low} to {o.high})"


def sentence(s: SeriesDrift) -> str:
    """The verdict and how it shows, in one sentence."""
    parts = [f"{word(s)}{_since(s)}", levels(s), pace(s)]
    return "; ".join(p for p in parts if p)


def levels(s: SeriesDrift) -> str:
    """The share before and now, beside the target."""
    if s.before is None or s.now is None:
        return ""
    held = " (at the usual composition)" if s.standard else ""
    if s.onset is None:
        return f"{percent(s.now)} over the last week, {percent(s.before)} before, target {s.target * 100:g}%"
    points = 100 * (s.now - s.before)
    lately = f"{percent(s.now)} in the last week ({points:+.1f} points){held}"
    return f"{percent(s.before)} before, {lately}, target {s.target * 100:g}%"


def pace(s: SeriesDrift) -> str:
    """How fast it moves, and when the target breaks."""
    if s.points_per_week is None:
        return _forecast(s).removeprefix(", ")
    low, middle, high = s.points_per_week
    return f"{middle:+.2f} points a week (80%: {low:+.2f} to {high:+.2f}){_forecast(s)}"


def _forecast(s: SeriesDrift) -> str:
    if s.days_left is None:
        return ""
    soon, middle, late = s.days_left
    if soon is None:
        return ", the target holds at this pace"
    if late == 0 or middle == 0:
        return ", the target is broken"
    span = f"{_days(soon)} to {_days(late)}"
    if middle is None:
        return f", the target breaks not before {many(round(soon), 'day')} from now"
    return f", the target breaks in {many(round(middle), 'day')} (80%: {span})"


def _days(value: float | None) -> str:
    return "never" if value is None else f"{value:.0f}"


def meaning(s: SeriesDrift) -> str:
    """What a verdict means where the word alone does not say it."""
    return _MEANING.get(s.verdict, "")


def evidence(s: SeriesDrift) -> str:
    """How strong the evidence is, and what to do about it."""
    if s.evidence is None or (s.ok and s.evidence >= s.threshold):
        return ""  # what fell is back: its evidence is of the past
    strong = f"evidence {number(s.evidence)}, an alarm from {number(s.threshold)} on"
    fired = f"noticed on {s.fired_on}; " if s.fired_on else ""
    noise = "" if s.sd is None else f"; a day varies by {s.sd:.2f} points"
    return f"{fired}{strong}{noise}"


def told(s: SeriesDrift, again: str = "") -> list[str]:
    """All that is known of a series, line by line, and what to do about it."""
    lines = [levels(s), pace(s), meaning(s), evidence(s)]
    if s.accepted is not None:
        lines.append(f"the level since {s.accepted} is accepted{f': {s.why}' if s.why else ''}")
    if s.recovered_on is not None:
        lines.append(f"an earlier drift was over on {s.recovered_on}")
    lines += [change_point(c) for c in s.change_points[-_CHANGES:]]
    if not s.ok and s.onset is not None:
        lines += hints(s, again)
    return [line for line in lines if line]


def hints(s: SeriesDrift, again: str) -> list[str]:
    """What to type next, ready to paste; `again` are the options that lead to the same data."""
    if s.onset is None:
        return []
    slo = f" --slo {shlex.quote(s.slo)}"
    group = "".join(f" --where {shlex.quote(f'{d}={NO_VALUE if v is None else v}')}" for d, v in s.key.items())
    day = "DAY_IT_ENDED" if s.onset.gradual else s.onset.day
    out = [f"who did it: tiermix explain --from {s.onset.day}{slo}{group}{again}"]
    # What is accepted is the level of an SLO; a group has none of its own.
    return out if group else [*out, f"meant to be so: tiermix drift --ack {day} --reason WHY{slo}{again}"]


def change_point(c: ChangePoint) -> str:
    """A lasting change of the past, and who took it or gave it back."""
    does = "takes" if c.cause_points > 0 else "no longer takes"
    who = f", {cause(c)} {does} {abs(c.cause_points):.1f} points" if c.cause is not None else ""
    return f"{c.day}: {percent(c.before)} → {percent(c.after)}{who}"


def takers(s: SeriesDrift) -> str:
    """Who took how much since the onset and still does, largest first; empty when no cause is known."""
    since = s.onset.low if s.onset else None
    taken: dict[str, float] = {}
    for c in s.change_points:
        if since is not None and c.cause is not None and c.day >= since:
            taken[cause(c)] = taken.get(cause(c), 0.0) + c.cause_points
    listed = sorted(((points, name) for name, points in taken.items() if points > 0.05), reverse=True)[:_TAKERS]
    return f"; taken by {', '.join(f'{name} {points:.1f} points' for points, name in listed)}" if listed else ""


def cause(c: ChangePoint) -> str:
    """Who took most of a change: its reason, with the switch that it belongs to."""
    if c.cause is None:
        return ""
    name = cause_name(c.cause)
    return f"{name} ({c.switch})" if c.switch and c.switch != name else name


def number(value: float | None) -> str:
    """A positive number of any size in a few characters."""
    if value is None:
        return BLANK
    return f"{value:,.0f}" if 10 <= value < 1e6 else f"{value:.2g}"


def promise(answer: Drifts) -> str:
    """How often the meter cries wolf, and over how many series."""
    held = (
        f" (each as it is, and at its usual composition by {answer.standardised_by})" if answer.standardised_by else ""
    )
    every = many(answer.false_alarm_every, "day")
    return f"At most one false alarm in {every} over {answer.monitored:,} watched series{held}."
