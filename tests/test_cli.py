"""The program from outside: exit codes, streams, and messages that say what, where and how to fix it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, Program, small_records, write_lines
from tiermix import __version__
from tiermix.main import main


def test_version_and_module(tiermix: Program) -> None:
    assert tiermix("--version").out == f"tiermix {__version__}\n"


def test_every_command_has_help_with_its_purpose(tiermix: Program) -> None:
    text = tiermix("--help").out
    for command in (
        "demo",
        "init",
        "ingest",
        "mix",
        "burn",
        "check",
        "notify",
        "report",
        "export",
        "status",
        "sql",
        "schema",
        "config",
    ):
        assert f"  {command} " in text, command
        assert tiermix(command, "--help").out.startswith("Usage: tiermix ")


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (("nonsense",), 2, "No such command 'nonsense'"),
        (("mix", "--nonsense"), 2, "No such option"),
        (("mix", "--days", "0"), 2, "--days"),
        (("mix", "--format", "yaml"), 2, "known: text, json, csv, markdown"),
        (("mix", "--by", "colour"), 2, "known: intent"),
        (("mix", "--where", "intent"), 2, "--where intent=refund-policy"),
        (("mix", "--where", "colour=red"), 2, "'colour' is not a dimension"),
        (("mix", "--tz", "Mars"), 2, "not a time zone"),
        (("mix", "--as-of", "soon"), 2, "not a moment"),
        (("mix", "--days", "3", "--since", "7d"), 2, "exclude each other"),
        (("mix", "--since", "2026-11-19", "--until", "2026-11-18"), 2, "before it starts"),
        (("burn", "--target", "97"), 2, "did you mean 0.97?"),
        (("burn", "--target", "high"), 2, "not a number"),
        (("burn", "--target", "0.9"), 2, "1.344"),
        (("burn", "--window", "90s"), 2, "not whole minutes"),
        (("burn", "--slo", "nope"), 2, "known: primary-share"),
        (("report", "-o", "report.pdf"), 2, ".html, .json, .md"),
        (("report", "--format", "csv"), 2, "no CSV form"),
        (("check", "--format", "yaml"), 2, "known: text, json, csv, markdown, github"),
        (("notify", "--format", "csv"), 2, "no csv form"),
        (("notify", "--test", "--dry-run"), 2, "exclude each other"),
        (("sql", "mix/by_minut"), 2, "did you mean mix/by_minute?"),
        (("ingest", "nothing-*.jsonl"), 3, "no log file matches"),
        (("mix", "--db", "none.duckdb"), 3, "tiermix demo"),
        (("mix", "--as-of", "2020-01-01"), 3, "the store covers 2026-11-10"),
        (("burn", "--as-of", "2020-01-01"), 3, "no requests between 2019-12-25 00:00"),
        (("report", "--as-of", "2020-01-01"), 3, "the store covers"),
        (("mix", "--where", "intent=nobody"), 3, "match the filter"),
        (("init",), 2, "--force"),
    ],
)
def test_a_refusal_says_why_on_stderr_and_nothing_on_stdout(
    small_store: Program, args: tuple[str, ...], code: int, says: str
) -> None:
    ran = small_store(*args)
    assert ran.code == code, ran.err
    assert says in ran.err
    assert ran.err.startswith("tiermix: error: ")
    assert "Traceback" not in ran.err
    assert ran.out == ""


def test_the_two_commands_that_the_user_named(small_store: Program) -> None:
    assert small_store("burn", "--target", "0.97").code == 0
    ran = small_store("report", "--days", "30")
    assert ran.code == 0
    pages = sorted(p.name for p in (small_store.folder / "reports").iterdir())
    assert pages == ["latest.html", "tiermix-2026-11-19.html"]
    assert (small_store.folder / "reports" / "latest.html").read_text().startswith("<!doctype html>")


def test_fail_returns_1_only_for_a_breach(small_store: Program) -> None:
    assert small_store("burn", "--fail").code == 1
    assert small_store("burn", "--fail", "--as-of", "2026-11-13T00:00:00Z", "--target", "0.94").code == 0
    assert small_store("burn", "--fail", "--as-of", "2020-01-01").code == 3


def test_stale_data_is_said_loudly_but_not_when_the_past_was_asked_for(small_store: Program) -> None:
    late = {"TIERMIX_NOW": "2026-11-25T00:00:00Z"}
    assert [w["code"] for w in small_store("mix", "--json", env=late).json["warnings"]] == ["stale"]
    assert small_store("mix", "--json", "--as-of", "2026-11-19", env=late).json["warnings"] == []
    assert small_store("mix", "--json", env={"TIERMIX_NOW": "2026-11-20T00:00:00Z"}).json["warnings"] == []


def test_maintenance_is_not_counted_and_every_answer_over_it_says_so(small_store: Program) -> None:
    config = small_store.folder / "tiermix.toml"
    before = small_store("mix", "--json").json
    config.write_text(
        config.read_text() + "[[exclude]]\nstart = 2026-11-12T00:00:00Z\nend = 2026-11-13T00:00:00Z\nreason = 'move'\n"
    )
    after = small_store("mix", "--json").json
    counts = {d["day"]: d["total"] for d in before["days"]}
    assert after["totals"]["total"] == before["totals"]["total"] - counts["2026-11-12"]
    assert [w["code"] for w in after["warnings"]] == ["excluded"]
    assert "(move)" in after["warnings"][0]["message"]
    assert small_store("mix", "--json", "--since", "2026-11-14").json["warnings"] == []


def test_one_wrong_clock_does_not_move_now(small_store: Program) -> None:
    before = small_store("mix", "--json").json["as_of"]
    (small_store.folder / "x.jsonl").write_text(
        '{"ts": "2031-01-01T00:00:00Z", "tier": "primary", "request_id": "late"}\n'
    )
    assert small_store("ingest", "x.jsonl").code == 0
    assert small_store("mix", "--json").json["as_of"] == before


def test_declaring_tiers_re_reads_the_past_without_another_ingest(tiermix: Program, small_log: Path) -> None:
    records = [
        {k: v for k, v in r.items() if k not in ("tier", "intended_tier")}
        for r in small_records()
        if "served_model" in r
    ]
    write_lines(small_log, records)
    assert tiermix("ingest", small_log).code == 0
    assumed = tiermix("mix", "--json").json
    assert [w["code"] for w in assumed["warnings"]] == ["tiers_assumed"]
    (tiermix.folder / "tiermix.toml").write_text(
        '[[tier]]\nname = "best"\nmodels = ["gpt-5-mini"]\n[[tier]]\nname = "rest"\nmodels = ["gpt-5"]\n'
    )
    declared = tiermix("mix", "--json").json
    assert declared["warnings"] == []
    assert declared["primary"] == "best"
    tiers = declared["totals"]["tiers"]
    assert tiers["best"] + tiers["unknown"] == assumed["totals"]["tiers"]["secondary"]
    assert tiers["rest"] == assumed["totals"]["tiers"]["primary"]


def test_init_writes_a_configuration_that_passes_its_own_check(tiermix: Program, small_log: Path) -> None:
    assert tiermix("ingest", small_log).code == 0
    before = tiermix("mix", "--json").json["totals"]
    assert tiermix("init").code == 0
    assert "ok (" in tiermix("config", "check").out
    after = tiermix("mix", "--json").json["totals"]
    assert after == before
    text = (tiermix.folder / "tiermix.toml").read_text()
    assert 'models = ["gpt-5-mini", "mystery-1"]' in text
    assert 'id = "complexity-router"' in text
    assert 'providers = ["canned"]' in text


def test_init_without_logs_writes_an_example_that_passes(tiermix: Program) -> None:
    assert tiermix("init").code == 0
    assert tiermix("config", "check").code == 0
    assert tiermix("init").code == 2
    assert tiermix("init", "--force").code == 0


def test_a_reader_that_closes_the_pipe_gets_141_and_no_complaint(small_store: Program) -> None:
    script = f"set -o pipefail; {sys.executable} -m tiermix mix --json --by user | head -c 10 >/dev/null; echo $?"
    for _ in range(3):
        done = subprocess.run(
            ["bash", "-c", script], cwd=small_store.folder, capture_output=True, text=True, timeout=60,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert done.stdout.strip() in ("141", "0")  # 0 when all of it fitted into the pipe
        assert done.stderr == ""


@pytest.mark.parametrize(
    ("closed", "code"),
    [
        ("mix 2>&-", 0),
        ("mix >&-", 0),
        ("mix >&- 2>&-", 0),
        ("ingest - <&-", 3),
        ("check --only freshness <&- >&- 2>&-", 0),
    ],
)
def test_streams_that_the_caller_closed_lead_nowhere(small_store: Program, closed: str, code: int) -> None:
    # Catches a code of 1, which means that a promise is broken, and a store that got the number of a stream.
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m tiermix {closed}"], cwd=small_store.folder, capture_output=True, text=True,
        timeout=60, env={**os.environ, "PYTHONPATH": str(ROOT), "TIERMIX_NOW": small_store.now},
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert small_store("mix").code == 0


def test_a_folder_that_is_gone_is_an_error_of_use(tiermix: Program, small_log: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", f"mkdir gone; cd gone; rmdir ../gone; {sys.executable} -m tiermix mix {small_log}"],
        cwd=tiermix.folder, capture_output=True, text=True, timeout=60, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 2
    assert "the current folder is not there" in done.stderr


def test_a_bug_gives_70_and_a_crash_file(small_store: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(small_store.folder)
    monkeypatch.setenv("TMPDIR", str(small_store.folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr("tiermix.answers.mix", lambda *a, **k: 1 / 0)
    assert main(["mix"]) == 70
    crash = next(small_store.folder.glob("tiermix-crash-*.txt"))
    assert "ZeroDivisionError" in crash.read_text()


def test_where_narrows_the_filter_of_an_slo_and_never_widens_it(small_store: Program) -> None:
    config = small_store.folder / "tiermix.toml"
    config.write_text(config.read_text() + '[[slo]]\nname = "refunds"\nwhere = { intent = ["refund"] }\n')
    whole = small_store("burn", "--json").json["slos"][0]["total"]
    assert small_store("burn", "--json", "--where", "intent=refund").json["slos"][0]["total"] == whole
    assert small_store("burn", "--where", "intent=search").code == 3
    acme = small_store("burn", "--json", "--where", "tenant=acme").json["slos"][0]["total"]
    assert 0 < acme < whole


def test_environment_names_store_and_configuration(small_store: Program) -> None:
    other = small_store.folder / "elsewhere"
    other.mkdir()
    env = {
        "TIERMIX_DB": str(small_store.folder / "tiermix.duckdb"),
        "TIERMIX_CONFIG": str(small_store.folder / "tiermix.toml"),
    }
    assert Program(other)("mix", "--json", env=env).json == small_store("mix", "--json").json


def test_sql_prints_a_query_that_no_question_asks_as_it_is(small_store: Program) -> None:
    # Catches the crash of asking for the values of a query that only writers run.
    ran = small_store("sql", "notify/enter")
    assert ran.code == 0
    assert "$started_us" in ran.out


def test_errors_are_json_too_when_json_was_asked_for(small_store: Program) -> None:
    ran = small_store("mix", "--by", "colour", "--json")
    assert ran.code == 2
    assert json.loads(ran.out)["error"]["code"] == "usage"
    assert ran.err.startswith("tiermix: error: ")


def test_several_outputs_of_one_report(small_store: Program) -> None:
    assert small_store("report", "-o", "a.html", "-o", "b/c.json", "-o", "d.md").code == 0
    assert (small_store.folder / "a.html").stat().st_size < 2 << 20
    assert json.loads((small_store.folder / "b" / "c.json").read_text())["schema"] == "tiermix.report/1"
    assert (small_store.folder / "d.md").read_text().startswith("# Tier mix of platform")
    assert not (small_store.folder / "reports").exists()


def test_an_empty_store_has_no_data(tiermix: Program) -> None:
    (tiermix.folder / "drill.jsonl").write_text('{"ts": 1795234279, "tier": "secondary", "drill": true}\n')
    assert tiermix("ingest", "drill.jsonl").code == 0
    for command in ("mix", "burn", "check", "report", "status"):
        assert tiermix(command).code == 3, command


def test_report_works_with_one_day_one_tier_gaps_and_unknown_models(tiermix: Program) -> None:
    lines = [{"ts": f"2026-11-{d:02d}T10:00:00Z", "request_id": f"r{d}", "served_model": "mystery"} for d in (3, 9, 10)]
    write_lines(tiermix.folder / "log.jsonl", lines[:1])
    assert tiermix("ingest", "log.jsonl").code == 0
    assert tiermix("report", "--days", "30", "-o", "one.html").code == 0
    write_lines(tiermix.folder / "log.jsonl", lines)
    assert tiermix("ingest", "log.jsonl").code == 0
    made = tiermix("report", "--days", "30", "--json").json
    assert made["mix"]["totals"]["tiers"] == {"primary": 0, "unserved": 0, "unknown": 3}
    assert made["trust"]["unknown_models"] == {"mystery": 3}
    assert tiermix("report", "-o", "gaps.html").code == 0
