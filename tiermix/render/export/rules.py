"""Prometheus recording and alerting rules over the counters of `tiermix export openmetrics`."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from tiermix.config.settings import Slo
from tiermix.model import AlertRow
from tiermix.render.export import names, promql, yamltext
from tiermix.render.export.promise import promise
from tiermix.render.export.yamltext import Document
from tiermix.snapshot import Definition
from tiermix.timewin import format_duration

_COMMENT = """\
Written by tiermix export prometheus-rules. Write it anew when an SLO changes.

The counters must be scraped about once a minute, from logs that are ingested as often; see docs/export.md.
The requests of a window are the difference of a counter at its two ends, which is exact for counters read on the
minute; increase() would extrapolate, and take every corrected request for a restart. Where the window began before
the counter was first scraped, the first reading counts as its start. Thresholds are compared as whole numbers:
bad * q > total * p, where p / q = factor * (1 - target)."""

_ABSENT_FOR = "15m"  # a restart of the exporter or of Prometheus is no reason to wake anybody


def text(definitions: Sequence[Definition], owner: str, freshness: int) -> str:
    """The rules file.

    Args:
        definitions: the SLOs.
        owner: who answers for the data as a whole; empty when nobody is named.
        freshness: how old the newest request may be, seconds.
    """
    groups = [_group(d) for d in definitions]
    groups.append({"name": "tiermix-data", "interval": "1m", "rules": [_stale(owner, freshness)]})
    return yamltext.dumps([{"groups": groups}], _COMMENT)


def _group(definition: Definition) -> Document:
    records = [record for seconds in definition.windows for record in _records(definition, seconds)]
    budget = {names.SLO: names.given_value(definition.slo.name)}
    records.append({"record": names.RECORD_BUDGET, "labels": budget, "expr": promql.budget(definition)})
    alerts = [_alert(definition, row) for row in definition.rows]
    return {
        "name": f"tiermix-slo-{names.dns_label(definition.slo.name)}",
        "interval": "1m",
        "rules": [*records, *alerts, _absent(definition)],
    }


def _records(definition: Definition, seconds: int) -> list[Document]:
    labels = {names.SLO: names.given_value(definition.slo.name), names.WINDOW: format_duration(seconds)}
    return [
        {"record": names.RECORD_REQUESTS, "labels": labels, "expr": promql.total(definition, seconds)},
        {"record": names.RECORD_BAD, "labels": labels, "expr": promql.bad(definition, seconds)},
        {"record": names.RECORD_BURN, "labels": labels, "expr": promql.burn(definition, seconds)},
    ]


def _alert(definition: Definition, row: AlertRow) -> Document:
    slo, long, short = definition.slo, format_duration(row.long), format_duration(row.short)
    factor = names.factor(row.factor)
    name = promql.templated(names.given_value(slo.name))
    spent = f"{float(row.budget * 100):.3g}%"
    return {
        "alert": names.ALERT_BURN,
        "expr": promql.firing(definition, row),
        "labels": {
            names.SLO: name,
            names.SEVERITY: row.severity,
            **_owned(slo.owner),
            names.LONG: long,
            names.SHORT: short,
            names.FACTOR: factor,
        },
        "annotations": {
            "summary": f"{name} burns its error budget {{{{ $value | humanize }}}} times as fast as it may",
            "description": f"{promql.templated(promise(definition))} Over {long} and over {short} more than {factor} "
            f"times the bad requests that keep this promise; at that rate {spent} of the budget of {_period(slo)} is "
            "spent by the time of this alert.",
            "command": promql.templated(f"tiermix burn --slo {shlex.quote(names.given_value(slo.name))}"),
            **({"runbook_url": promql.templated(slo.runbook)} if slo.runbook else {}),
        },
    }


def _period(slo: Slo) -> str:
    return f"the {slo.calendar}" if slo.calendar else format_duration(slo.window)


def _absent(definition: Definition) -> Document:
    slo = definition.slo
    name = promql.templated(names.given_value(slo.name))
    return {
        "alert": names.ALERT_ABSENT,
        "expr": f"absent({promql.selector(names.SLO_REQUESTS, definition)})",
        "for": _ABSENT_FOR,
        "labels": {names.SLO: name, names.SEVERITY: "ticket", **_owned(slo.owner)},
        "annotations": {
            "summary": f"nothing watches {name}: its counters are not scraped",
            "description": "tiermix export openmetrics has stopped, its file is not read, or the SLO was renamed and "
            "these rules were not written anew.",
        },
    }


def _stale(owner: str, freshness: int) -> Document:
    return {
        "alert": names.ALERT_STALE,
        "expr": f"time() - {names.NEWEST.name} > {freshness}",
        "labels": {names.SEVERITY: "ticket", **_owned(owner)},
        "annotations": {
            "summary": "the newest request that tiermix knows is {{ $value | humanizeDuration }} old",
            "description": "Burn rates are of the past until logs are ingested again. See: tiermix status",
        },
    }


def _owned(owner: str) -> Mapping[str, str]:
    return {names.OWNER: promql.templated(names.given_value(owner))} if owner else {}
