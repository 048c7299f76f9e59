"""The charts as plotly figures without their data: where the numbers go stands a path into the report document.

So the page holds every number once, and the figures are still validated by plotly before they are written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tiermix.model import UNKNOWN, UNSERVED
from tiermix.render.tables import group_name
from tiermix.report import Report

# A path into the report document; a pair is a slice of a list, mapped over.
Path = list[str | int | list[int]]

# Okabe and Ito, safe for colour-blind readers; the same tier has the same colour in every chart of every report.
_FIXED = {
    "primary": "#0072B2",
    "secondary": "#E69F00",
    "cache": "#009E73",
    "canned": "#D55E00",
    UNSERVED: "#5f5f5f",
    UNKNOWN: "#a6a6a6",
}
_OTHERS = ("#56B4E9", "#CC79A7", "#F0E442", "#8c6bb1", "#7f5539", "#999933", "#882255", "#44AA99")
# Not by colour alone: what hurts most is hatched as well.
_PATTERN = {"canned": "/", UNSERVED: "x", UNKNOWN: "."}
_HATCH = {"size": 7, "solidity": 0.2, "fillmode": "overlay", "fgcolor": "#ffffff", "fgopacity": 0.8}


@dataclass(frozen=True, slots=True)
class Chart:
    """One figure: element id, heading, a sentence that says what is seen, and the plotly figure."""

    id: str
    heading: str
    caption: str
    figure: dict[str, Any]


def colors(order: Sequence[str], primary: str) -> dict[str, str]:
    """A colour a tier: fixed for the usual names, the best tier as primary, the rest in order."""
    rest = iter(_OTHERS * (1 + len(order) // len(_OTHERS)))
    out: dict[str, str] = {}
    for tier in order:
        taken = _FIXED["primary"] if tier == primary else _FIXED.get(tier) if tier != "primary" else None
        out[tier] = taken or next(rest)
    return out


def charts(report: Report) -> tuple[Chart, ...]:
    """All charts of a report."""
    made = [_mix(report, percent=True), _mix(report, percent=False)]
    if len(report.intents.groups) > 1 or report.intents.groups[0].key["intent"] is not None:
        made.append(_intents(report))
    made.append(_budget(report))
    return tuple(made)


def _runs(totals: Sequence[int]) -> list[tuple[int, int]]:
    """Spans [from, to) of neighbouring days with data: an area must not be drawn across a gap."""
    out: list[tuple[int, int]] = []
    for i, total in enumerate(totals):
        if total and out and out[-1][1] == i:
            out[-1] = (out[-1][0], i + 1)
        elif total:
            out.append((i, i + 1))
    return out


def _mix(report: Report, *, percent: bool) -> Chart:
    mix = report.mix
    palette = colors(mix.order, mix.primary)
    runs = _runs([d.counts.total for d in mix.days])
    bars = len(runs) == 1 and runs[0][1] - runs[0][0] == 1  # one day has no area
    traces: list[dict[str, Any]] = []
    data: list[tuple[Path, Path]] = []
    for tier in mix.shown:
        for n, (start, end) in enumerate(runs):
            single = end - start == 1
            trace = {
                "type": "scatter",
                "name": _short(tier),
                "legendgroup": tier,
                "showlegend": n == 0,
                "stackgroup": f"run{n}",
                "mode": "lines+markers" if single else "lines",
                "line": {"width": 1, "color": palette[tier]},
                "marker": {"size": 9, "color": palette[tier]},
                "fillcolor": palette[tier],
                "hovertemplate": "%{y:.1f}%" if percent else "%{y:,}",
            }
            if tier in _PATTERN:
                trace["fillpattern"] = dict(_HATCH, shape=_PATTERN[tier])
            if percent:
                trace["groupnorm"] = "percent"
            if bars:
                marker: dict[str, Any] = {"color": palette[tier]}
                if tier in _PATTERN:
                    marker["pattern"] = dict(_HATCH, shape=_PATTERN[tier])
                kept = {k: trace[k] for k in ("name", "legendgroup", "showlegend", "hovertemplate")}
                trace = {"type": "bar", "marker": marker, **kept}
            traces.append(trace)
            span: Path = ["mix", "days", [start, end]]
            data.append(([*span, "day"], [*span, "tiers", tier]))
    layout = _layout()
    layout["yaxis"] |= (
        {"ticksuffix": "%", "range": [0, 100]} if percent else {"rangemode": "tozero", "tickformat": ",d"}
    )
    layout["xaxis"]["type"] = "date"
    layout["hovermode"] = "x unified"
    if bars:
        layout["xaxis"] |= {"type": "category"}
        layout["barmode"] = "stack"
        if percent:
            layout["barnorm"] = "percent"
    if percent:
        _add_targets(report, layout)
        if not bars:
            _add_changes(report, layout)
    what = "percent of requests" if percent else "requests"
    return Chart(
        id="chart-mix-percent" if percent else "chart-mix-absolute",
        heading="What users got, in percent" if percent else "What users got, in requests",
        caption=f"Stacked area of {what} by served tier and day, best tier at the bottom.",
        figure=_figure(traces, layout, data),
    )


def _add_targets(report: Report, layout: dict[str, Any]) -> None:
    shapes, notes = [], []
    for slo in report.burn.slos:
        if set(slo.good_tiers) != {report.mix.primary}:
            continue  # a line at another height than the edge of the primary area would mislead
        y = slo.target * 100
        shapes.append(
            {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": y, "y1": y, "line": {"width": 2, "dash": "dash"}}
        )
        notes.append(
            {
                "xref": "paper", "x": 0, "y": y, "yanchor": "top", "xanchor": "left", "showarrow": False,
                "text": f"target {y:g}%", "borderpad": 2,
            }
        )  # fmt: skip
        break  # one line can be read, five cannot
    layout["shapes"], layout["annotations"] = shapes, notes


def _add_changes(report: Report, layout: dict[str, Any]) -> None:
    """A numbered line where the share changed lastingly; the numbers are those of the table under Drift."""
    held = [d.day for d in report.mix.covered]
    series = report.drift.series
    for n, c in enumerate(series[0].change_points if series else (), start=1):
        if not held or not held[0] < c.day <= held[-1]:
            continue
        x = c.day.isoformat()
        line = {"width": 1, "dash": "dot"}
        layout.setdefault("shapes", []).append(
            {"type": "line", "yref": "paper", "x0": x, "x1": x, "y0": 0, "y1": 1, "line": line}
        )
        layout.setdefault("annotations", []).append(
            {"x": x, "yref": "paper", "y": 1, "yanchor": "top", "text": str(n), "showarrow": False}
        )


def _intents(report: Report) -> Chart:
    mix = report.intents
    palette = colors(report.mix.order, report.mix.primary)
    shown = mix.groups[:12]
    names = [_short(group_name(g)) for g in shown]
    traces: list[dict[str, Any]] = []
    data: list[tuple[Path, Path]] = []
    for tier in mix.shown:
        trace: dict[str, Any] = {
            "type": "bar",
            "orientation": "h",
            "name": _short(tier),
            "y": names,
            "marker": {"color": palette[tier], "line": {"width": 1, "color": "rgba(255,255,255,0.6)"}},
            "hovertemplate": "%{x:.1%}",
        }
        if tier in _PATTERN:
            trace["marker"]["pattern"] = dict(_HATCH, shape=_PATTERN[tier])
        traces.append(trace)
        data.append((["intents", [0, len(shown)], "shares", tier], []))
    layout = _layout(height=110 + 34 * len(shown))
    layout["barmode"] = "stack"
    layout["xaxis"] |= {"tickformat": ".0%", "range": [0, 1], "tickvals": [0, 0.25, 0.5, 0.75, 1]}
    layout["yaxis"] |= {"autorange": "reversed", "type": "category", "automargin": True}
    layout["hovermode"] = "y unified"
    hidden = len(mix.groups) - len(shown)
    return Chart(
        id="chart-intents",
        heading="What users got, by intent",
        caption="Share of served tiers in each intent, most requests first."
        + (f" {hidden} smaller ones are in the table only." if hidden else ""),
        figure=_figure(traces, layout, data),
    )


def _short(name: str) -> str:
    from tiermix.render.safe import printable

    return printable(name, 28)


def _budget(report: Report) -> Chart:
    dashes = ("solid", "dash", "dot", "dashdot", "longdash")
    tints = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00")
    traces: list[dict[str, Any]] = []
    data: list[tuple[Path, Path]] = []
    whole = len(report.mix.days)
    span: list[int] = [whole - len(report.mix.covered), whole]
    for n, name in enumerate(report.budget_days):
        traces.append(
            {
                "type": "scatter",
                "name": _short(name),
                "mode": "lines+markers",
                "line": {"width": 2, "dash": dashes[n % len(dashes)], "color": tints[n % len(tints)]},
                "marker": {"size": 4},
                "hovertemplate": "%{y:.1%}",
            }
        )
        data.append((["mix", "days", span, "day"], ["budget_days", name, span]))
    layout = _layout()
    layout["yaxis"] |= {"tickformat": ".0%"}
    layout["xaxis"]["type"] = "date" if len(report.mix.covered) > 1 else "category"
    layout["hovermode"] = "x unified"
    layout["showlegend"] = True
    layout["shapes"] = [
        {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 0, "y1": 0, "line": {"width": 2, "dash": "dash"}}
    ]
    return Chart(
        id="chart-budget",
        heading="Error budget left",
        caption="Error budget left over the window of each SLO, at the end of each day. Below 0% it is missed.",
        figure=_figure(traces, layout, data),
    )


def _layout(height: int = 340) -> dict[str, Any]:
    axis: Mapping[str, Any] = {"gridcolor": "rgba(128,128,128,0.25)", "zeroline": False, "fixedrange": True}
    return {
        "height": height,
        "margin": {"l": 56, "r": 24, "t": 8, "b": 40},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "legend": {"orientation": "h", "traceorder": "normal", "y": 1.02, "yanchor": "bottom", "x": 0},
        "font": {"family": "system-ui, sans-serif", "size": 13},
        "xaxis": dict(axis),
        "yaxis": dict(axis),
    }


def _figure(traces: list[dict[str, Any]], layout: dict[str, Any], data: Sequence[tuple[Path, Path]]) -> dict[str, Any]:
    """The figure as JSON, validated by plotly; each trace gets `x_from` and `y_from`, the paths of its numbers."""
    from plotly.graph_objects import Figure

    made = Figure(data=traces, layout=layout).to_plotly_json()
    made["layout"].pop("template", None)
    for trace, (x, y) in zip(made["data"], data, strict=True):
        trace["x_from"] = x
        if y:
            trace["y_from"] = y
    return {"data": list(made["data"]), "layout": made["layout"]}
