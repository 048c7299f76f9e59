"""Every output format as a file: what users and their scripts see. `pytest --update-golden` writes them anew."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import HERE, Program

GOLDEN = HERE / "golden"
AS_OF = ("--as-of", "2026-11-19T12:00:00Z")

CASES = {
    "mix.txt": ("mix", *AS_OF),
    "mix.json": ("mix", *AS_OF, "--json"),
    "mix.csv": ("mix", *AS_OF, "--format", "csv"),
    "mix.md": ("mix", *AS_OF, "--format", "markdown"),
    "mix_by_intent.txt": ("mix", *AS_OF, "--by", "intent", "--days", "3"),
    "mix_by_reason.json": ("mix", *AS_OF, "--by", "reason", "--days", "3", "--json"),
    "mix_berlin.csv": ("mix", *AS_OF, "--tz", "Europe/Berlin", "--format", "csv"),
    "burn.txt": ("burn", *AS_OF),
    "burn.json": ("burn", *AS_OF, "--json"),
    "burn.csv": ("burn", *AS_OF, "--format", "csv"),
    "burn.md": ("burn", *AS_OF, "--format", "markdown"),
    "burn_30d.txt": ("burn", *AS_OF, "--window", "30d", "--target", "0.94"),
    "burn_explain.txt": ("burn", *AS_OF, "--explain"),
    "burn_by_intent.txt": ("burn", *AS_OF, "--by", "intent"),
    "burn_by_intent.md": ("burn", *AS_OF, "--by", "intent", "--format", "markdown"),
    "burn_replay.txt": ("burn", *AS_OF, "--replay", "7d"),
    "burn_replay.csv": ("burn", *AS_OF, "--replay", "2d", "--format", "csv"),
    "burn_calendar.txt": ("burn", *AS_OF, "--calendar"),
    "burn_calendar.md": ("burn", *AS_OF, "--calendar", "--format", "markdown"),
    "explain.txt": ("explain", *AS_OF),
    "explain.json": ("explain", *AS_OF, "--by", "intent", "--json"),
    "explain.csv": ("explain", *AS_OF, "--by", "intent,tenant", "--format", "csv"),
    "explain.md": ("explain", *AS_OF, "--by", "intent", "--format", "markdown"),
    "explain_nested.txt": ("explain", *AS_OF, "--by", "intent,tenant", "--from", "2026-11-16", "--all"),
    "explain_weeks.txt": ("explain", *AS_OF, "--each-week"),
    "explain_weeks.json": ("explain", *AS_OF, "--each-week", "--json"),
    "explain_weeks.csv": ("explain", *AS_OF, "--each-week", "--format", "csv"),
    "explain_weeks.md": ("explain", *AS_OF, "--each-week", "--format", "markdown"),
    "check.txt": ("check", *AS_OF),
    "check.json": ("check", *AS_OF, "--json"),
    "check.csv": ("check", *AS_OF, "--format", "csv"),
    "check.md": ("check", *AS_OF, "--format", "markdown"),
    "check_github.out": ("check", *AS_OF, "--format", "github"),
    "report.json": ("report", *AS_OF, "--json"),
    "report.md": ("report", *AS_OF, "--format", "markdown"),
    "export/metrics.prom": ("export", "openmetrics", *AS_OF),
    "export/metrics.om": ("export", "openmetrics", *AS_OF, "--format", "openmetrics", "--label", "job=node"),
    "export/history.om": (
        "export",
        "openmetrics",
        "--history",
        "--since",
        "2026-11-19T10:00Z",
        "--as-of",
        "2026-11-19T10:04Z",
    ),
    "export/rules.yml": ("export", "prometheus-rules"),
    "export/openslo.yml": ("export", "openslo"),
    "export/sloth.yml": ("export", "sloth"),
    "export/sloth_windows.yml": ("export", "sloth", "--windows"),
    "export/grafana.json": ("export", "grafana"),
    "status.txt": ("status",),
    "status.json": ("status", "--json"),
    "config_show.txt": ("config", "show"),
    "init.toml": ("init", "--print"),
    "help.txt": ("--help",),
    "help_mix.txt": ("mix", "--help"),
    "help_burn.txt": ("burn", "--help"),
    "help_drift.txt": ("drift", "--help"),
    "help_explain.txt": ("explain", "--help"),
    "help_report.txt": ("report", "--help"),
    "help_ingest.txt": ("ingest", "--help"),
    "help_check.txt": ("check", "--help"),
    "help_notify.txt": ("notify", "--help"),
    "help_export.txt": ("export", "--help"),
    "help_export_openmetrics.txt": ("export", "openmetrics", "--help"),
    "help_export_prometheus_rules.txt": ("export", "prometheus-rules", "--help"),
    "help_export_sloth.txt": ("export", "sloth", "--help"),
}


def settled(text: str, folder: Path) -> str:
    """The text without what differs from run to run."""
    text = text.replace(str(folder), "FOLDER")
    return re.sub(r'("queries_sha256": "|sha256 )[0-9a-f]{12,64}', r"\1HASH", text)


def compare(name: str, got: str, request: pytest.FixtureRequest) -> None:
    path = GOLDEN / name
    if request.config.getoption("--update-golden"):
        path.write_text(got)
    assert got == path.read_text(), f"{name} changed; if that is meant: pytest --update-golden"


@pytest.mark.parametrize("name", CASES)
def test_output(small_store: Program, name: str, request: pytest.FixtureRequest) -> None:
    ran = small_store(*CASES[name])
    assert ran.code == (1 if name.startswith("check") else 0), ran.err
    got = settled(ran.out, small_store.folder)
    compare(name, got, request)
    if name.endswith(".txt") and not name.startswith(("help", "config")):
        assert max(len(line) for line in got.splitlines()) <= 80


def test_junit(small_store: Program, request: pytest.FixtureRequest) -> None:
    assert small_store("check", *AS_OF, "--junit", "gate.xml").code == 1
    compare("check.xml", (small_store.folder / "gate.xml").read_text(), request)


def test_what_would_be_told(small_store: Program, request: pytest.FixtureRequest) -> None:
    config = small_store.folder / "tiermix.toml"
    chat = '[[notify.channel]]\nname = "chat"\nurl_env = "CHAT"\n'
    manager = '[[notify.channel]]\nname = "am"\nkind = "alertmanager"\nurl = "http://127.0.0.1:9093"\n'
    config.write_text(config.read_text() + chat + manager)
    ran = small_store("notify", *AS_OF, "--dry-run")
    assert ran.code == 0
    compare("notify.txt", ran.out, request)
    compare("notify.json", small_store("notify", *AS_OF, "--dry-run", "--json").out, request)


def test_the_page(small_store: Program, request: pytest.FixtureRequest) -> None:
    assert small_store("report", *AS_OF, "-o", "r.html").code == 0
    page = (small_store.folder / "r.html").read_text()
    page = re.sub(r"<script>.*?</script>", "<script>…</script>", page, flags=re.DOTALL)
    page = re.sub(r"<style>.*?</style>", "<style>…</style>", page, flags=re.DOTALL)
    page = re.sub(r"sha256-[A-Za-z0-9+/=]+", "sha256-…", page)
    page = settled(page, small_store.folder).replace("></", ">\n</").replace("><", ">\n<")
    compare("report.html", page, request)


def test_colour_changes_no_character(small_store: Program) -> None:
    plain = small_store("burn", *AS_OF).out
    coloured = small_store("burn", *AS_OF, env={"FORCE_COLOR": "1"}).out
    assert "\x1b[" in coloured
    assert "\x1b[" not in plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
    assert small_store("burn", *AS_OF, env={"FORCE_COLOR": "1", "NO_COLOR": "1"}).out == plain
