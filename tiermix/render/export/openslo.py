"""OpenSLO v1. Fields and limits: the specification (OpenSLO/OpenSLO) and the checks of OpenSLO/go-sdk (pkg/openslo/v1).

An OpenSLO alert policy has exactly one condition on one lookback window, so the short window of a row, without which an
alert rings on long after the incident, can only be an annotation. It must not become `alertAfter`, which is a wait.
"""

from __future__ import annotations

from collections.abc import Sequence

from tiermix.config.settings import Slo
from tiermix.model import AlertRow
from tiermix.render.export import names, promql, yamltext
from tiermix.render.export.promise import promise
from tiermix.render.export.yamltext import Document
from tiermix.snapshot import Definition
from tiermix.timewin import DAY, HOUR, MINUTE, format_duration

_VERSION = "openslo/v1"
_LONGEST_TEXT, _LONGEST_TITLE = 1050, 63
_PERIODS = {"week": "1w", "month": "1M", "quarter": "1Q"}
_BEGINNING = "2024-01-01 00:00:00"  # a Monday that begins a month and a quarter too
_COMMENT = """\
Written by tiermix export openslo.

OpenSLO has no alert on two windows at once. Each policy holds the long window of a row; its annotations hold the short
window, which must burn as fast for the alert to be true, and the least number of bad requests (tiermix.min-bad)."""


def text(definitions: Sequence[Definition], service: str, zone: str) -> str:
    """The SLOs, one alert policy and one condition a row, and the targets that they notify, as documents.

    Args:
        definitions: the SLOs.
        service: who makes the promises.
        zone: the IANA time zone in which calendar periods begin.
    """
    documents = [_service(service)]
    for definition in definitions:
        documents.append(_slo(definition, service, zone))
        for row in definition.rows:
            documents += [_policy(definition, row), _condition(definition, row)]
    severities = dict.fromkeys(row.severity for d in definitions for row in d.rows)
    return yamltext.dumps([*documents, *(_target(s) for s in severities)], _COMMENT)


def duration(seconds: int) -> str:
    """A length as OpenSLO writes it: one whole number and one unit, nothing below a minute."""
    unit, size = next((u, n) for u, n in (("d", DAY), ("h", HOUR), ("m", MINUTE)) if seconds % n == 0)
    return f"{seconds // size}{unit}"


def _document(kind: str, name: str, spec: Document, *, title: str = "", labels: Document | None = None,
              annotations: Document | None = None) -> Document:  # fmt: skip
    metadata: Document = {"name": names.dns_label(name)}
    if title:
        metadata["displayName"] = names.given_value(title)[:_LONGEST_TITLE]
    if labels:
        metadata["labels"] = labels
    if annotations:
        metadata["annotations"] = annotations
    return {"apiVersion": _VERSION, "kind": kind, "metadata": metadata, "spec": spec}


def _service(service: str) -> Document:
    spec = {"description": "an AI product whose answers come from several tiers"}
    return _document("Service", service, spec, title=service)


def _time_window(slo: Slo, zone: str) -> Document:
    if not slo.calendar:
        return {"duration": duration(slo.window), "isRolling": True}
    # "UTC" alone does not match the pattern of the published schema.
    start = {"startTime": _BEGINNING, "timeZone": "Etc/UTC" if zone.upper() in ("UTC", "Z") else zone}
    return {"duration": _PERIODS[slo.calendar], "isRolling": False, "calendar": start}


def _slo(definition: Definition, service: str, zone: str) -> Document:
    slo = definition.slo
    name = names.dns_label(slo.name)
    ratio = {
        "counter": True,
        "bad": _metric(promql.selector(names.SLO_BAD, definition)),
        "total": _metric(promql.selector(names.SLO_REQUESTS, definition)),
    }
    spec: Document = {
        "description": promise(definition)[:_LONGEST_TEXT],
        "service": names.dns_label(service),
        "indicator": {"metadata": {"name": f"{name[:54]}-sli"}, "spec": {"ratioMetric": ratio}},
        "timeWindow": [_time_window(slo, zone)],
        "budgetingMethod": "Occurrences",
        "objectives": [{"displayName": names.given_value(slo.name)[:_LONGEST_TITLE], "target": float(slo.target)}],
        "alertPolicies": [{"alertPolicyRef": _policy_name(definition, row)} for row in definition.rows],
    }
    # A list, because a text here may hold no more than letters, digits, dots and dashes.
    labels = {"owner": [names.given_value(slo.owner)]} if slo.owner else None
    return _document("SLO", slo.name, spec, title=slo.name, labels=labels)


def _metric(query: str) -> Document:
    return {"metricSource": {"type": "Prometheus", "spec": {"query": query}}}


def _policy_name(definition: Definition, row: AlertRow) -> str:
    windows = (row.severity, row.long, row.short)
    name = f"{definition.slo.name}-{row.severity}-{format_duration(row.long)}-{format_duration(row.short)}"
    same = [r for r in definition.rows if (r.severity, r.long, r.short) == windows]
    return names.dns_label(name if len(same) == 1 else f"{name}-{names.factor(row.factor)}")


def _policy(definition: Definition, row: AlertRow) -> Document:
    long, short = format_duration(row.long), format_duration(row.short)
    spec: Document = {
        "description": f"more than {names.factor(row.factor)} times the bad requests that keep the promise, "
        f"over {long} and over {short}",
        "alertWhenNoData": True,
        "alertWhenResolved": True,
        "alertWhenBreaching": True,
        "conditions": [{"conditionRef": _policy_name(definition, row)}],
        "notificationTargets": [{"targetRef": row.severity}],
    }
    annotations = {
        "tiermix.short-window": duration(row.short),
        "tiermix.min-bad": str(definition.slo.min_bad),
    }
    return _document("AlertPolicy", _policy_name(definition, row), spec, annotations=annotations)


def _condition(definition: Definition, row: AlertRow) -> Document:
    condition = {
        "kind": "burnrate",
        "op": "gt",
        "threshold": float(row.factor),
        "lookbackWindow": duration(row.long),
        "alertAfter": "1m",  # required, and the published schema knows no 0m; counts are by the minute anyway
    }
    spec: Document = {"severity": row.severity, "condition": condition}
    return _document("AlertCondition", _policy_name(definition, row), spec)


def _target(severity: str) -> Document:
    spec = {"description": f"who is told of a {severity}; name your own", "target": severity}
    return _document("AlertNotificationTarget", severity, spec)
