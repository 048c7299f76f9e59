"""The report in a real browser: every chart drawn, nothing fetched, nothing complained about, the numbers right."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Program, missing, small_records, write_lines

pytestmark = pytest.mark.chromium

AS_OF = ("--as-of", "2026-11-19T12:00:00Z")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        missing("Chromium")
    from playwright.sync_api import sync_playwright

    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as play:
        made = play.chromium.launch(executable_path=path, args=quiet)
        yield made
        made.close()


class Opened:
    """A report opened from its file, with everything the browser said and asked for."""

    def __init__(self, browser: Any, path: Path, **context: Any) -> None:
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page = browser.new_page(**context)
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.url = path.as_uri()
        self.page.goto(self.url)
        self.page.wait_for_function("document.body.dataset.drawn !== undefined", timeout=30_000)

    def table(self, table_id: str) -> list[list[str]]:
        """Rows of a table, raw values where the cell has one."""
        rows: list[list[str]] = self.page.eval_on_selector_all(
            f"#{table_id} tbody tr",
            "rows => rows.map(r => [...r.cells].map(c => c.dataset.value ?? c.textContent))",
        )
        return rows


def check_clean(opened: Opened) -> None:
    assert opened.said == []
    assert opened.asked == [opened.url]
    charts = opened.page.eval_on_selector_all(
        ".chart", "all => all.map(c => [c.id, c.querySelectorAll('.main-svg').length])"
    )
    assert charts
    assert all(drawn for _, drawn in charts), charts
    # plotly draws an empty frame too; a chart counts when its marks are there.
    marks = opened.page.eval_on_selector_all(
        ".chart", "all => all.map(c => c.querySelectorAll('.scatterlayer .trace path, .barlayer path').length)"
    )
    assert all(marks), marks


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 400])
def test_charts_are_drawn_and_the_tables_hold_the_numbers_of_mix(
    small_store: Program, browser: Any, scheme: str, width: int
) -> None:
    assert small_store("report", *AS_OF, "--days", "10").code == 0
    opened = Opened(
        browser,
        small_store.folder / "reports" / "latest.html",
        color_scheme=scheme,
        viewport={"width": width, "height": 900},
    )
    check_clean(opened)
    mix = small_store("mix", *AS_OF, "--days", "10", "--json").json
    tiers = list(mix["totals"]["tiers"])
    rows = opened.table("table-mix-days-requests-by-day-and-served-tier")
    got = [(r[0], int(r[1]), [int(x) for x in r[2 : 2 + len(tiers)]]) for r in rows]
    assert got == [(d["day"], d["total"], list(d["tiers"].values())) for d in mix["days"]]
    intents = small_store("mix", *AS_OF, "--days", "10", "--by", "intent", "--json").json["groups"]
    by_intent = opened.table("table-mix-groups-requests-by-intent-and-served-tier")
    assert [(r[0], int(r[1])) for r in by_intent] == [(g["key"]["intent"] or "(none)", g["total"]) for g in intents]
    # What plotly holds is what the tables say.
    plotted = opened.page.evaluate("document.getElementById('chart-mix-absolute').data.map(t => [t.name, t.y])")
    assert plotted == [[t, [d["tiers"][t] for d in mix["days"]]] for t in tiers]
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_same_tier_has_the_same_colour_in_every_chart(small_store: Program, browser: Any) -> None:
    assert small_store("report", *AS_OF, "-o", "r.html").code == 0
    opened = Opened(browser, small_store.folder / "r.html")
    colors = opened.page.evaluate(
        """() => ['chart-mix-percent', 'chart-mix-absolute', 'chart-intents'].map(id =>
            document.getElementById(id).data.map(t => [t.name, t.fillcolor || t.marker.color]))"""
    )
    assert dict(map(tuple, colors[0])) == dict(map(tuple, colors[1])) == dict(map(tuple, colors[2]))
    assert len(set(dict(map(tuple, colors[0])).values())) == len(colors[0])


def test_gaps_one_day_and_unknown_models_are_drawn(tiermix: Program, browser: Any) -> None:
    days = (3, 8, 9, 10)
    write_lines(
        tiermix.folder / "log.jsonl",
        [{"ts": f"2026-11-{d:02d}T10:00:00Z", "request_id": f"r{d}", "served_model": "mystery"} for d in days],
    )
    assert tiermix("ingest", "log.jsonl").code == 0
    assert tiermix("report", "-o", "gaps.html", "--as-of", "2026-11-10T12:00:00Z").code == 0
    opened = Opened(browser, tiermix.folder / "gaps.html")
    check_clean(opened)
    runs = opened.page.evaluate("document.getElementById('chart-mix-percent').data.map(t => t.x.length)")
    assert sorted(set(runs)) == [1, 3]  # an area never crosses the gap
    assert tiermix("report", "-o", "day.html", "--days", "1").code == 0
    check_clean(Opened(browser, tiermix.folder / "day.html"))


def test_hostile_names_stay_text(tiermix: Program, browser: Any) -> None:
    nasty = "</script><img src=x onerror=alert(1)><b>bold</b>\u202egnp\x1b[31m"
    records = [r | {"intent": nasty, "served_model": nasty, "reason": nasty} for r in small_records(count=60)]
    write_lines(tiermix.folder / "log.jsonl", records)
    assert tiermix("ingest", "log.jsonl").code == 0
    assert tiermix("report", "-o", "r.html").code == 0
    opened = Opened(browser, tiermix.folder / "r.html")
    check_clean(opened)
    assert opened.page.eval_on_selector_all("main img, main b, svg img", "all => all.length") == 0
    policy = opened.page.get_attribute("meta[http-equiv]", "content")
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]


def test_long_names_make_no_page_wider_than_the_screen(tiermix: Program, browser: Any) -> None:
    # Catches the sentence of a change that holds a reason of 250 characters without a blank.
    long = "r" * 250
    records = [
        {"ts": f"2026-11-{d:02d}T{h:02d}:00:00Z", "request_id": f"{d}-{h}", "intent": long, "tenant": long}
        | ({"tier": "secondary", "reason": long} if d >= 12 and h % 2 else {"tier": "primary"})
        for d in range(1, 16)
        for h in range(24)
    ]
    write_lines(tiermix.folder / "log.jsonl", records)
    assert tiermix("ingest", "log.jsonl").code == 0
    assert tiermix("report", "--as-of", "2026-11-16", "-o", "r.html").code == 0
    opened = Opened(browser, tiermix.folder / "r.html", viewport={"width": 480, "height": 900})
    check_clean(opened)
    assert long in opened.page.inner_text("main")  # the sentence says it whole
    assert opened.page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    cells = opened.page.eval_on_selector_all("th[title], td[title]", "all => all.map(c => [c.textContent, c.title])")
    assert all(len(text) == 60 for text, _ in cells)
    assert {title for _, title in cells} == {long}


def test_the_page_is_small_offline_and_readable_without_scripts(small_store: Program, browser: Any) -> None:
    assert small_store("report", *AS_OF, "--days", "90", "-o", "r.html").code == 0
    page = (small_store.folder / "r.html").read_text()
    assert len(page.encode()) < 2 << 20
    assert not re.search(r"""(src|href)\s*=\s*["']?(https?:)?//""", page.split("<script>")[0])
    plain = browser.new_context(java_script_enabled=False).new_page()
    plain.goto((small_store.folder / "r.html").as_uri())
    assert plain.text_content(".verdict")
    assert plain.eval_on_selector_all("table", "all => all.length") >= 4


def test_the_saved_data_is_the_report_document(small_store: Program, browser: Any) -> None:
    assert small_store("report", *AS_OF, "-o", "r.html", "-o", "r.json").code == 0
    opened = Opened(browser, small_store.folder / "r.html")
    with opened.page.expect_download() as download:
        opened.page.click("#save-json")
    saved = json.loads(Path(download.value.path()).read_text())
    assert saved == json.loads((small_store.folder / "r.json").read_text())
