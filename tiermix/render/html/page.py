"""Puts the page together."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from pathlib import Path
from string import Template

from tiermix import __version__
from tiermix.model import SloStatus
from tiermix.render import change_tables, change_words, document, drift_tables, drift_words, tables, words
from tiermix.render.html.charts import Chart, charts
from tiermix.render.html.markup import Html, embedded_json, join, tag
from tiermix.render.safe import printable
from tiermix.render.tables import Table
from tiermix.report import Report
from tiermix.timewin import last_day, parse_zone, rfc3339

_ASSETS = Path(__file__).parent / "assets"
_CELL = 60  # characters of a text in a table; all of it is in its title


@cache
def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() + "'"


def page(report: Report) -> str:
    """The report as one HTML document that needs nothing else and asks nobody."""
    drawn = charts(report)
    plotly, script = _asset("plotly-basic.min.js"), _asset("report.js")
    figures = {c.id: c.figure for c in drawn}
    return Template(_asset("page.html")).substitute(
        csp=f"default-src 'none'; script-src {_hash(plotly)} {_hash(script)}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'",
        title=join(f"{report.title}, {_last_day(report)}"),
        css=_asset("report.css"),
        body=_body(report, {c.id: c for c in drawn}),
        report=embedded_json(document.dumps(document.report(report), indent=None)),
        charts=embedded_json(json.dumps(figures, separators=(",", ":"))),
        plotly=plotly,
        script=script,
    )


def _last_day(report: Report) -> str:
    return last_day(report.frame.window.end, parse_zone(report.frame.zone)).isoformat()


def _body(report: Report, drawn: dict[str, Chart]) -> Html:
    mix_counts = tables.mix_day_counts(report.mix)
    parts = [
        _header(report),
        tag("section", tag("h2", "Promises"), _cards(report.burn.slos), id="promises"),
        tag(
            "section",
            tag("h2", "What users got"),
            _two_numbers(report),
            _figure(drawn["chart-mix-percent"]),
            _figure(drawn["chart-mix-absolute"], mix_counts),
            id="mix",
        ),
        tag("section", tag("h2", "By intent"), _intents(report, drawn), id="intents"),
        tag("section", tag("h2", "Why"), _reasons(report), id="reasons"),
        tag("section", tag("h2", "Drift"), _drift(report), id="drift"),
        tag("section", tag("h2", "What changed and why"), _change(report), id="change"),
        tag("section", tag("h2", "Burn rates"), _burn(report), id="burn"),
        tag("section", tag("h2", "Error budget"), _figure(drawn["chart-budget"], _budget_table(report)), id="budget"),
        tag("section", tag("h2", "How far to trust this"), _trust(report), id="trust"),
    ]
    return join(*parts)


def _header(report: Report) -> Html:
    state = "ok" if report.ok else "bad"
    frame = report.frame
    period = f"{rfc3339(frame.window.start)} to {rfc3339(frame.window.end)}, days in {frame.zone}"
    owner = [tag("span", f"owner: {printable(report.owner)}")] if report.owner else []
    warnings = [
        tag("li", tag("strong", n.code.replace("_", " ")), f": {printable(n.message, 400)}") for n in frame.warnings
    ]
    return tag(
        "header",
        tag("h1", report.title),
        tag("p", words.verdict(report.mix, report.burn), class_=f"verdict {state}"),
        tag("p", tag("span", period), *owner, tag("span", f"tiermix {__version__}"), class_="meta"),
        *([tag("ul", *warnings, class_="warnings")] if warnings else []),
    )


def _cards(slos: tuple[SloStatus, ...]) -> Html:
    return tag("div", *(_card(s) for s in slos), class_="cards")


def _card(s: SloStatus) -> Html:
    state = tables.state(s)
    firing = [a for a in s.alerts if a.firing]
    return tag(
        "article",
        tag("h3", tag("span", words.MARK[state], class_="mark", aria_hidden="true"), f" {printable(s.name)}"),
        tag("p", words.share(s.sli), class_="big"),
        tag("p", tag("strong", state), f" · {words.slo_line(s).split(', ', 1)[-1]}"),
        tag("p", words.budget_line(s)),
        tag("p", f"{len(firing)} of {len(s.alerts)} alerts firing"),
        *([tag("p", f"owner: {printable(s.owner)}")] if s.owner else []),
        class_=f"card {state.replace(' ', '-')}",
        id=f"slo-{s.name}",
    )


def _two_numbers(report: Report) -> Html:
    return tag(
        "div",
        tag("p", words.fallback_metric(report.mix)),
        tag("p", tag("strong", words.users_got(report.mix))),
        class_="two",
    )


def _figure(chart: Chart, data: Table | None = None) -> Html:
    parts = [
        tag("h3", chart.heading),
        tag("div", id=chart.id, class_="chart"),
        tag("figcaption", chart.caption),
    ]
    if data is not None:
        parts.append(_details(data))
    return tag("figure", *parts)


def _details(t: Table) -> Html:
    return tag("details", tag("summary", f"{t.title}: the numbers"), _table(t))


def _intents(report: Report, drawn: dict[str, Chart]) -> Html:
    table = tables.mix_group_counts(report.intents)
    if (chart := drawn.get("chart-intents")) is not None:
        return _figure(chart, table)
    return join(tag("p", "These logs carry no intents."), _details(table))


def _reasons(report: Report) -> Html:
    return join(
        tag("p", f"Requests that {report.reasons.primary} did not serve, by the reason that their log gives."),
        _table(tables.reasons(report.reasons)),
    )


def _drift(report: Report) -> Html:
    sentences = [
        tag("p", tag("strong", printable(s.name)), f": {printable(drift_words.sentence(s), 500)}")
        for s in report.drift.series
    ]
    made = [drift_tables.change_points(s) for s in report.drift.series if s.change_points]
    points = [join(tag("h3", t.title), _table(t)) for t in made]
    return join(*sentences, tag("p", drift_words.promise(report.drift), class_="meta"), *points)


def _change(report: Report) -> Html:
    c = report.change
    if c is None:
        return tag("p", "There are no two windows of whole days with requests to compare yet.")
    made = change_tables.told(c, change_tables.telling(c))
    return join(
        tag("p", tag("strong", printable(change_words.headline(c), 300))),
        tag("p", printable(change_words.sentence(c), 600)),
        tag("p", printable(change_words.compared(c, report.frame.zone), 300), class_="meta"),
        *(join(tag("h3", t.title), _table(t)) for t in made),
    )


def _burn(report: Report) -> Html:
    note = (
        "A row fires when bad requests exceed factor × (1 − target) × requests in its long and in its short window. "
        "The first two rows page, the last two open a ticket."
    )
    return join(tag("p", note), _table(tables.burn(report.burn)))


def _budget_table(report: Report) -> Table:
    names = list(report.budget_days)
    return Table(
        name="budget_days",
        title="Error budget left at the end of each day",
        columns=(tables.Column("day", "day", "day"), *(tables.Column(n, n, "share") for n in names)),
        rows=tuple((d.day, *(report.budget_days[n][i] for n in names)) for i, d in enumerate(report.mix.days)),
    )


def _trust(report: Report) -> Html:
    rows = [
        join(tag("dt", str(what)), tag("dd", printable(str(value), 300)))
        for what, value in tables.trust(report.trust).rows
    ]
    return tag("dl", *rows)


def _table(t: Table) -> Html:
    head = tag(
        "tr", *(tag("th", c.label, scope="col", class_="num" if c.kind in tables.RIGHT else None) for c in t.columns)
    )
    rows = [_row(t, row) for row in t.rows]
    foot = [tag("tfoot", _row(t, t.total))] if t.total else []
    return tag(
        "div",
        tag(
            "table",
            tag("thead", head),
            tag("tbody", *rows),
            *foot,
            id=f"table-{t.name.replace('_', '-')}-{_slug(t.title)}",
        ),
        class_="scroll",
        tabindex="0",
    )


def _slug(title: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in title.lower()).strip("-")


def _row(t: Table, row: tuple[tables.Value, ...]) -> Html:
    cells = []
    for i, (value, c) in enumerate(zip(row, t.columns, strict=True)):
        whole = printable(tables.shown(value, c.kind), 2000)
        text = printable(tables.shown(value, c.kind), _CELL)
        firing = c.name == "firing" and value is True
        classes = " ".join(x for x in ("num" if c.kind in tables.RIGHT else "", "firing" if firing else "") if x)
        raw = str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
        title = whole if whole != text else None
        scope = "row" if i == 0 else None
        cells.append(
            tag("th" if i == 0 else "td", text, class_=classes or None, data_value=raw, scope=scope, title=title)
        )
    return tag("tr", *cells)
