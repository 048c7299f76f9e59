"""Is every promise kept, and does any of its alert rows fire?"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from tiermix import answers
from tiermix.answers import Desk
from tiermix.config.settings import Slo
from tiermix.model import Alert, SloStatus
from tiermix.render import words
from tiermix.render.tables import windows
from tiermix.verdicts import CheckResult, State


def check(desk: Desk) -> Iterator[CheckResult]:
    """For each SLO its target with the budget, then its alert rows."""
    slos = answers.slos_of(desk.config)
    for slo, status in zip(slos, answers.burn_even_if_empty(desk, slos).slos, strict=True):
        yield _target(desk, slo, status)
        for alert in status.alerts:
            yield _row(desk, slo, status, alert)


def _target(desk: Desk, slo: Slo, status: SloStatus) -> CheckResult:
    # A missed target is the end of a budget that the alert rows were to save: no reason to wake anybody.
    state: State = "no_data" if status.sli is None else "ok" if status.met else "breached"
    budget = "" if status.sli is None else f"; {words.budget_line(status)}"
    return CheckResult(
        name="target",
        subject=slo.name,
        state=state,
        sentence=words.slo_sentence(status) + budget,
        evidence={
            "target": status.target,
            "sli": status.sli,
            "good": status.counts.good,
            "total": status.counts.total,
            "window_s": int(status.span.seconds),
            "error_budget_remaining": status.budget.remaining,
        },
        owner=slo.owner or desk.config.owner,
        look=_look(slo),
        runbook=slo.runbook,
    )


def _row(desk: Desk, slo: Slo, status: SloStatus, alert: Alert) -> CheckResult:
    # An hour without requests is a quiet night; a window longer than data may be old is a log that stopped.
    silent = not alert.long.total and alert.row.long > desk.config.freshness
    state: State = "breached" if alert.firing else "no_data" if silent or status.sli is None else "ok"
    return CheckResult(
        name=f"{alert.row.severity} {windows(alert)}",
        subject=slo.name,
        state=state,
        sentence=words.alert_sentence(alert),
        evidence={
            "factor": float(alert.row.factor),
            "long_s": alert.row.long,
            "short_s": alert.row.short,
            "long_burn": alert.long_burn,
            "short_burn": alert.short_burn,
            "long_bad": alert.long.bad,
            "long_total": alert.long.total,
            "short_bad": alert.short.bad,
            "short_total": alert.short.total,
        },
        owner=slo.owner or desk.config.owner,
        severity="ticket" if state == "no_data" else alert.row.severity,
        look=_look(slo),
        runbook=slo.runbook,
    )


def _look(slo: Slo) -> str:
    return f"tiermix burn --slo {shlex.quote(slo.name)}"
