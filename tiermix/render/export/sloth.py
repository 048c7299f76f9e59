"""sloth's own specification (prometheus/v1) and its catalogue of alert windows (AlertWindows).

Checked against pkg/prometheus/api/v1/v1.go and examples/windows/7d.yaml of slok/sloth. sloth keeps two page and two
ticket rows for one period in a file of their own, and knows no floor on bad requests.
"""

from __future__ import annotations

from collections.abc import Sequence

from tiermix.errors import UsageError
from tiermix.model import AlertRow
from tiermix.render.export import names, promql, yamltext
from tiermix.render.export.promise import promise
from tiermix.render.export.yamltext import Document
from tiermix.snapshot import Definition
from tiermix.timewin import format_duration

_WINDOW = "{{.window}}"
_COMMENT = """\
Written by tiermix export sloth. Generate rules with:

    sloth generate -i THIS --disable-optimized-rules --default-slo-period={period} --slo-period-windows-path=WINDOWS/

where WINDOWS/ holds what tiermix export sloth --windows writes. Without --disable-optimized-rules sloth weighs every
five minutes the same, however many requests they had. sloth has no floor on bad requests: one failure at night can
page."""
_WINDOWS_COMMENT = "Written by tiermix export sloth --windows, for --slo-period-windows-path."


def text(definitions: Sequence[Definition], service: str) -> str:
    """The specification of a service and its SLOs.

    Raises:
        UsageError: the SLOs have different windows, while sloth evaluates a file over one period.
    """
    period = _period(definitions)
    spec = {
        "version": "prometheus/v1",
        "service": names.dns_label(service),
        "slos": [_slo(d) for d in definitions],
    }
    return yamltext.dumps([spec], _COMMENT.format(period=period))


def windows(definitions: Sequence[Definition]) -> str:
    """The alert windows of the period that the SLOs share.

    Raises:
        UsageError: they cannot be said in sloth's terms.
    """
    period = _period(definitions)
    tables = dict.fromkeys(d.rows for d in definitions)
    if len(tables) > 1:
        raise UsageError("the SLOs have different alert rows; sloth has one table a period", hint="export one by --slo")
    rows = next(iter(tables))
    page, ticket = ([r for r in rows if r.severity == s] for s in ("page", "ticket"))
    if len(page) != 2 or len(ticket) != 2:
        raise UsageError(
            f"sloth needs two page and two ticket rows, not {len(page)} and {len(ticket)}",
            hint="tiermix export prometheus-rules has no such limit",
        )
    spec: Document = {"sloPeriod": period, "page": _pair(page), "ticket": _pair(ticket)}
    return yamltext.dumps([{"apiVersion": "sloth.slok.dev/v1", "kind": "AlertWindows", "spec": spec}], _WINDOWS_COMMENT)


def _period(definitions: Sequence[Definition]) -> str:
    calendar = next((d.slo for d in definitions if d.slo.calendar), None)
    if calendar is not None:
        raise UsageError(
            f"sloth knows rolling windows only, and SLO {calendar.name!r} has a calendar {calendar.calendar}",
            hint="export the others with --slo, or this one with --window 30d",
        )
    periods = list(dict.fromkeys(format_duration(d.slo.window) for d in definitions))
    if len(periods) > 1:
        raise UsageError(
            f"sloth evaluates all SLOs of a file over one period, and these have {' and '.join(periods)}",
            hint="export them one by one with --slo",
        )
    return periods[0]


def _pair(rows: Sequence[AlertRow]) -> Document:
    quick, slow = sorted(rows, key=lambda r: r.long)
    return {"quick": _row(quick), "slow": _row(slow)}


def _row(row: AlertRow) -> Document:
    return {
        "errorBudgetPercent": float(row.budget * 100),
        "shortWindow": format_duration(row.short),
        "longWindow": format_duration(row.long),
    }


def _slo(definition: Definition) -> Document:
    slo = definition.slo
    labels = {names.OWNER: names.given_value(slo.owner)} if slo.owner else {}
    severities = {row.severity for row in definition.rows}
    alerting: Document = {
        "name": names.ALERT_BURN,
        "annotations": {
            "summary": f"{promql.templated(names.given_value(slo.name))} burns its error budget",
            "description": promql.templated(promise(definition)),
            **({"runbook_url": promql.templated(slo.runbook)} if slo.runbook else {}),
        },
    }
    for severity in ("page", "ticket"):
        labelled = {"labels": {names.SEVERITY: severity}}
        alerting[f"{severity}_alert"] = labelled if severity in severities else {"disable": True}
    return {
        "name": names.dns_label(slo.name),
        "objective": float(slo.target * 100),
        "description": promise(definition),
        **({"labels": labels} if labels else {}),
        "sli": {
            "events": {
                "error_query": _query(promql.selector(names.SLO_BAD, definition)),
                "total_query": _query(promql.selector(names.SLO_REQUESTS, definition)),
            }
        },
        "alerting": alerting,
    }


def _query(counter: str) -> str:
    return promql.increase(promql.templated(counter), _WINDOW)
