"""Does the share slide, however slowly?"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from tiermix import answers, drift
from tiermix.analysis.drift.verdict import SeriesDrift
from tiermix.answers import Desk
from tiermix.errors import NoData
from tiermix.render import drift_words as words
from tiermix.verdicts import CheckResult, State


def check(desk: Desk) -> Iterator[CheckResult]:
    """A ticket for each SLO whose share falls; a meter that is learning, or sees too little, says so and is quiet."""
    slos = answers.slos_of(desk.config)
    try:
        told = drift.drift(desk, slos)
    except NoData as error:
        for slo in slos:
            yield CheckResult("drift", slo.name, "no_data", error.message, look="tiermix drift")
        return
    for s in told.series:
        yield _result(s, desk.config.owner)


def _result(s: SeriesDrift, owner: str) -> CheckResult:
    # A meter that sees too little is no alarm: whether there is data is asked by the checks of SLOs and freshness.
    state: State = "ok" if s.ok else "breached"
    return CheckResult(
        name="drift",
        subject=s.slo,
        state=state,
        sentence=words.sentence(s) + ("" if s.ok else words.takers(s)),
        evidence={
            "verdict": s.verdict,
            "fired_on": None if s.fired_on is None else s.fired_on.isoformat(),
            "onset": None if s.onset is None else s.onset.day.isoformat(),
            "level_before": s.before,
            "level": s.now,
            "slope_points_per_week": s.points_per_week[1] if s.points_per_week else None,
            "evidence": s.evidence,
            "threshold": s.threshold,
        },
        owner=s.owner or owner,
        severity="ticket",
        look=f"tiermix drift --slo {shlex.quote(s.slo)}",
        runbook=s.runbook,
    )
