"""Drift verdicts as parts of the published JSON documents."""

from __future__ import annotations

from datetime import date
from typing import Any

from tiermix.analysis.drift.verdict import Alarm, ChangePoint, DriftReplay, Drifts, SelfCheck, SeriesDrift
from tiermix.render.change_words import cause_name
from tiermix.render.drift_words import sentence

Document = dict[str, Any]


def drift(answer: Drifts) -> Document:
    """The body of `tiermix.drift/1`."""
    return {
        "false_alarm_every_days": answer.false_alarm_every,
        "monitored": answer.monitored,
        "standardised_by": answer.standardised_by,
        "series": [_series(s, answer) for s in answer.series],
    }


def _series(s: SeriesDrift, answer: Drifts) -> Document:
    o, p, left = s.onset, s.points_per_week, s.days_left
    return {
        "slo": s.slo,
        "key": dict(s.key),
        "verdict": s.verdict,
        "sentence": sentence(s),
        "target": s.target,
        "fired_on": _day(s.fired_on),
        "onset": _day(o.day) if o else None,
        "onset_interval": [_day(o.low), _day(o.high)] if o else None,
        "gradual": o.gradual if o else None,
        "gradual_certainty": o.certainty if o else None,
        "level_before": s.before,
        "level": s.now,
        "slope_points_per_week": p[1] if p else None,
        "slope_interval": [p[0], p[2]] if p else None,
        "breach_forecast": {"days": left[1], "interval": [left[0], left[2]]} if left else None,
        "change_points": [_change_point(c) for c in s.change_points],
        "evidence": s.evidence,
        "threshold": s.threshold,
        "false_alarm_rate": 1 / answer.false_alarm_every,
        "day_sd_points": s.sd,
        "learned": s.learned,
        "warm_up": s.warm_up,
        "requests": s.requests,
        "accepted_since": _day(s.accepted),
        "accepted_because": s.why or None,
        "at_standard_composition": s.standard,
        "recovered_on": _day(s.recovered_on),
        "owner": s.owner,
    }


def _day(day: date | int | None) -> str | int | None:
    return day.isoformat() if isinstance(day, date) else day


def _change_point(c: ChangePoint) -> Document:
    return {
        "day": _day(c.day),
        "before": c.before,
        "after": c.after,
        "cause": cause_name(c.cause) if c.cause else None,
        "switch": c.switch or None,
        "cause_points": c.cause_points,
    }


def self_check(answer: SelfCheck) -> Document:
    """The body of `tiermix.drift-self-check/1`."""
    return {
        "false_alarm_every_days": answer.false_alarm_every,
        "series": [
            {
                "slo": s.slo,
                "fired": s.fired,
                "years": s.years,
                "share": s.fired / s.years if s.years else None,
                "share_interval": list(s.interval) if s.years else None,
                "promised": s.promised,
            }
            for s in answer.series
        ],
    }


def replay(answer: DriftReplay) -> Document:
    """The body of `tiermix.drift-replay/1`."""
    return {"alarms": [_alarm(a) for a in answer.alarms]}


def _alarm(a: Alarm) -> Document:
    return {"series": a.series, "alarm_day": _day(a.day), "onset_day": _day(a.onset), "over_day": _day(a.over)}
