"""A Grafana dashboard on the exported metrics: import it, choose the data source, done. The same for every team."""

from __future__ import annotations

import json
from typing import Any

from tiermix.render.export import names
from tiermix.render.export.names import Metric
from tiermix.render.export.promql import increase

UID = "tiermix-tier-mix"  # of the dashboard for ever: an import replaces it instead of adding another
_SCHEMA = 39  # Grafana 10 writes it; later versions read it
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_CHOSEN = f'{names.SLO}=~"$slo"'

Json = dict[str, Any]


def text() -> str:
    """The dashboard as JSON, for Grafana's import page, its API, or a provisioned folder."""
    panels = [_placed(number, panel) for number, panel in enumerate(_panels(), start=1)]
    return json.dumps(_dashboard(panels), indent=2) + "\n"


def _dashboard(panels: list[Json]) -> Json:
    return {
        "uid": UID,
        "title": "tiermix: what users really got",
        "description": "The served-tier mix as an SLO, from tiermix export openmetrics.",
        "tags": ["tiermix", "slo"],
        "schemaVersion": _SCHEMA,
        "editable": True,
        "refresh": "1m",
        "time": {"from": "now-7d", "to": "now"},
        "timezone": "utc",
        "templating": {"list": [_data_source(), _slo_variable()]},
        "panels": panels,
    }


def _data_source() -> Json:
    return {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"}


def _slo_variable() -> Json:
    query = f"label_values({names.SLO_REQUESTS.name}, {names.SLO})"
    return {
        "name": "slo",
        "label": "SLO",
        "type": "query",
        "datasource": _SOURCE,
        "definition": query,
        "query": {"query": query, "refId": "slo"},
        "refresh": 2,  # when the time range changes: a new SLO appears without a reload
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
    }


def _panels() -> list[tuple[Json, tuple[int, int, int, int]]]:
    """Panels and where they stand: x, y, width, height on Grafana's 24 columns."""
    left = f"min by ({names.SLO}) ({_of(names.SLO_BUDGET)})"
    served = _each_step(names.REQUESTS, names.TIER)
    bad = f"{increase(_of(names.SLO_BAD), '1h')} / ({increase(_of(names.SLO_REQUESTS), '1h')} > 0)"
    age = f"time() - {names.NEWEST.name}"
    reasons = f'topk(10, {names.REASON_REQUESTS.name}{{{names.WINDOW}="1d",{names.REASON}!="(none)"}})'
    lines = _each_step(names.INGEST_LINES, names.OUTCOME)
    return [
        (_stat("Error budget left", left, "{{slo}}", "percentunit", bad_below=0), (0, 0, 12, 5)),
        (_stat("Alert rows firing", f"sum({_of(names.SLO_FIRING)})", "firing", "none", bad_from=1), (12, 0, 6, 5)),
        (_stat("Newest request", age, "age", "s", bad_from=93600), (18, 0, 6, 5)),
        (
            _series("What users got: requests by served tier", [(served, "{{tier}}")], "none", stacked=True),
            (0, 5, 24, 9),
        ),
        (_series("Bad requests, of the last hour", [(bad, "{{slo}}")], "percentunit"), (0, 14, 12, 8)),
        (
            _series(
                "Kept and promised over the window of the SLO",
                [(_of(names.SLO_SLI), "{{slo}}"), (_of(names.SLO_TARGET), "{{slo}} promised")],
                "percentunit",
            ),
            (12, 14, 12, 8),
        ),
        (_series("Burn rate", [(_of(names.SLO_BURN), "{{slo}} {{window}}")], "none"), (0, 22, 12, 8)),
        (_series("Error budget left", [(_of(names.SLO_BUDGET), "{{slo}}")], "percentunit"), (12, 22, 12, 8)),
        (_table("Alert rows", _of(names.SLO_FIRING)), (0, 30, 12, 8)),
        (_bars("Why requests were demoted, last day", reasons, "{{reason}}"), (12, 30, 12, 8)),
        (
            _series("Evidence of a drift, 1 is an alarm", [(_of(names.DRIFT_EVIDENCE), "{{slo}}")], "none"),
            (0, 38, 12, 8),
        ),
        (_table("What the drift meter says", f"{_of(names.DRIFT)} == 1"), (12, 38, 12, 8)),
        (_series("Log lines read, by what became of them", [(lines, "{{outcome}}")], "none"), (0, 46, 24, 7)),
    ]


def _each_step(metric: Metric, by: str) -> str:
    """What a counter grew by from point to point; a difference for the reason given in `promql`."""
    return f"clamp_min(sum by ({by}) ({metric.name} - {metric.name} offset $__interval), 0)"


def _of(metric: Metric) -> str:
    return f"{metric.name}{{{_CHOSEN}}}"


def _placed(number: int, placed: tuple[Json, tuple[int, int, int, int]]) -> Json:
    panel, (x, y, width, height) = placed
    return {"id": number, "gridPos": {"x": x, "y": y, "w": width, "h": height}, "datasource": _SOURCE} | panel


def _targets(expressions: list[tuple[str, str]], *, instant: bool) -> list[Json]:
    kind = {"instant": True, "range": False} if instant else {"instant": False, "range": True}
    return [
        {"refId": chr(ord("A") + i), "datasource": _SOURCE, "expr": expr, "legendFormat": legend} | kind
        for i, (expr, legend) in enumerate(expressions)
    ]


def _stat(title: str, expr: str, legend: str, unit: str, *, bad_below: float | None = None,
          bad_from: float | None = None) -> Json:  # fmt: skip
    colours = ("red", "green") if bad_below is not None else ("green", "red")
    edge = bad_below if bad_below is not None else bad_from
    steps = [{"color": colours[0], "value": None}, {"color": colours[1], "value": edge}]
    return {
        "type": "stat",
        "title": title,
        "targets": _targets([(expr, legend)], instant=True),
        "fieldConfig": _field(unit, {"thresholds": {"mode": "absolute", "steps": steps}}),
        "options": {
            "reduceOptions": {"calcs": ["lastNotNull"]},
            "colorMode": "background",
            "textMode": "value_and_name",
        },
    }


def _series(title: str, expressions: list[tuple[str, str]], unit: str, *, stacked: bool = False) -> Json:
    drawn: Json = {"fillOpacity": 70, "stacking": {"mode": "percent"}} if stacked else {"fillOpacity": 0}
    return {
        "type": "timeseries",
        "title": title,
        "interval": "1m",  # counters do not move between minutes
        "targets": _targets(expressions, instant=False),
        "fieldConfig": _field(unit, {"custom": drawn}),
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
    }


def _table(title: str, expr: str) -> Json:
    targets = [t | {"format": "table"} for t in _targets([(expr, "")], instant=True)]
    hidden = {"id": "organize", "options": {"excludeByName": {"Time": True, "__name__": True}}}
    return {
        "type": "table",
        "title": title,
        "targets": targets,
        "transformations": [hidden],
        "fieldConfig": _field("none", {}),
        "options": {"sortBy": [{"displayName": "Value", "desc": True}]},
    }


def _bars(title: str, expr: str, legend: str) -> Json:
    return {
        "type": "bargauge",
        "title": title,
        "targets": _targets([(expr, legend)], instant=True),
        "fieldConfig": _field("none", {}),
        "options": {"orientation": "horizontal", "reduceOptions": {"calcs": ["lastNotNull"]}},
    }


def _field(unit: str, more: Json) -> Json:
    return {"defaults": {"unit": unit} | more, "overrides": []}
