"""Drift verdicts as tables of raw values."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from tiermix.render import drift_words as words
from tiermix.render.change_words import cause_name
from tiermix.render.tables import Column, Table, Value

if TYPE_CHECKING:
    from tiermix.analysis.drift.verdict import DriftReplay, Drifts, SelfCheck, SeriesDrift


def drift(answer: Drifts) -> Table:
    """A line a series, with everything that is known."""
    columns = (
        Column("series", "series", "text"), Column("verdict", "verdict", "text"), Column("since", "since", "day"),
        Column("since_low", "from", "day"), Column("since_high", "to", "day"), Column("gradual", "gradual", "flag"),
        Column("fired_on", "noticed", "day"), Column("before", "before", "share"), Column("now", "now", "share"),
        Column("target", "target", "share"), Column("points_per_week", "points\na week", "rate"),
        Column("points_low", "10%", "rate"), Column("points_high", "90%", "rate"),
        Column("days_left", "days left", "rate"), Column("evidence", "evidence", "rate"),
        Column("threshold", "alarm\nfrom", "rate"), Column("requests", "requests", "count"),
    )  # fmt: skip
    return Table("drift", "Drift", columns, tuple(_row(s) for s in answer.series), footnote=words.promise(answer))


def _row(s: SeriesDrift) -> tuple[Value, ...]:
    o, p = s.onset, s.points_per_week or (None, None, None)
    onset = (o.day, o.low, o.high, o.gradual) if o else (None, None, None, None)
    left = s.days_left[1] if s.days_left else None
    return (
        s.name, s.verdict, *onset, s.fired_on, s.before, s.now, s.target, p[1], p[0], p[2], left, s.evidence,
        s.threshold, s.requests,
    )  # fmt: skip


def drift_shown(answer: Drifts) -> Table:
    """A line a series, what fits on a narrow screen: what falls first, and of it what lost most."""
    columns = (
        Column("series", "series", "text"), Column("verdict", "verdict", "text"), Column("since", "since", "day"),
        Column("before", "before", "share"), Column("now", "now", "share"),
        Column("points_per_week", "points\na week", "rate"), Column("requests", "requests", "count"),
    )  # fmt: skip
    told = sorted((s for s in answer.series if s.verdict != "insufficient"), key=_worst)
    rows = tuple(
        (_name(s, answer), words.word(s), s.onset.day if s.onset else None, s.before, s.now,
         s.points_per_week[1] if s.points_per_week else None, s.requests)
        for s in told
    )  # fmt: skip
    few = len(answer.series) - len(told)
    return Table("drift", "Drift", columns, rows, footnote=f"{few:,} more with too few requests to tell" if few else "")


def _worst(s: SeriesDrift) -> tuple[bool, float]:
    return s.ok, 0.0 if s.now is None or s.before is None else s.now - s.before


def _name(s: SeriesDrift, answer: Drifts) -> str:
    """The group alone where all series are of one SLO."""
    if not s.key or len({x.slo for x in answer.series}) > 1:
        return s.name
    return s.name.removeprefix(f"{s.slo}, ")


def change_points(s: SeriesDrift) -> Table:
    """The lasting changes of a series; those of the first one carry these numbers on the chart."""
    columns = (
        Column("nth", "no.", "count"), Column("day", "since", "day"), Column("before", "before", "share"),
        Column("after", "after", "share"), Column("cause", "reason", "text"), Column("switch", "switch", "text"),
        Column("points", "points", "points"),
    )  # fmt: skip
    rows = tuple(
        (n, c.day, c.before, c.after, cause_name(c.cause) if c.cause else None, c.switch or None,
         -c.cause_points if c.cause else None)
        for n, c in enumerate(s.change_points, start=1)
    )  # fmt: skip
    return Table("change_points", f"Lasting changes of {s.name}", columns, rows)


def drift_self_check(answer: SelfCheck) -> Table:
    """A line a series: how often the meter cried wolf, beside what was promised."""
    columns = (
        Column("series", "series", "text"), Column("fired", "years with\nan alarm", "count"),
        Column("years", "years", "count"), Column("share", "share", "share"), Column("low", "5%", "share"),
        Column("high", "95%", "share"), Column("promised", "promised\nat most", "share"),
    )  # fmt: skip
    rows = tuple(
        (s.slo, s.fired, s.years, s.fired / s.years, *s.interval, s.promised) if s.years
        else (s.slo, None, 0, None, None, None, s.promised)
        for s in answer.series
    )  # fmt: skip
    return Table("drift_self_check", "False alarms", columns, rows, footnote=words.SELF_CHECK)


def drift_replay(answer: DriftReplay) -> Table:
    """A line an alarm; the columns that a benchmark reads."""
    columns = (
        Column("series", "series", "text"), Column("alarm_day", "alarm", "day"), Column("onset_day", "since", "day"),
    )  # fmt: skip
    return Table("drift_replay", "Drift alarms", columns, tuple((a.series, a.day, a.onset) for a in answer.alarms))


def drift_replay_shown(answer: DriftReplay) -> Table:
    """A line an alarm, and when it was over."""
    columns = (
        Column("series", "series", "text"), Column("alarm_day", "alarm", "day"), Column("onset_day", "since", "day"),
        Column("over_day", "over", "text"),
    )  # fmt: skip
    rows = tuple((a.series, a.day, a.onset, _over(a.over)) for a in answer.alarms)
    return Table("drift_replay", "Drift alarms", columns, rows)


def _over(day: date | int | None) -> str:
    return "open" if day is None else str(day)
