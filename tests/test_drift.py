"""`tiermix drift` as users run it: on the sample logs, on made-up stores, on counts from files."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import polars
import pytest

from tests.conftest import ROOT, Program, write_lines
from tiermix import answers, config, dailies
from tiermix import drift as meter
from tiermix.answers import Desk
from tiermix.config.settings import Slo
from tiermix.store import Store

SAMPLES = ROOT / "sample_logs"
FIRST = datetime(2026, 8, 1, tzinfo=UTC)
CONFIG = '[[tier]]\nname = "primary"\n[[tier]]\nname = "secondary"\n[[slo]]\nname = "shop"\ntarget = 0.97\n'


def slide(days: int = 80, onset: int = 55, volume: int = 60) -> Iterator[dict[str, Any]]:
    """Requests of a shop that sends one more of ten to the secondary from a day on."""
    rng = Random(3)
    for day in range(days):
        for i in range(volume):
            good = rng.random() < (0.98 if day < onset else 0.86)
            yield {
                "ts": (FIRST + timedelta(days=day, seconds=i * 86400 / volume)).isoformat(),
                "request_id": f"{day}-{i}",
                "tier": "primary" if good else "secondary",
                "intent": rng.choice(["buy", "ask", None]),
                "tenant": rng.choice(["acme", "globex"]),
            }


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Program:
    program = Program(tmp_path_factory.mktemp("shop"), now=(FIRST + timedelta(days=80)).isoformat())
    (program.folder / "tiermix.toml").write_text(CONFIG)
    ran = program("ingest", write_lines(program.folder / "log.jsonl", list(slide())))
    assert ran.code == 0, ran.err
    return program


def series(ran: Any) -> dict[str, Any]:
    found: dict[str, Any] = ran.json["series"][0]
    return found


def test_it_says_what_fell_since_when_and_what_to_do(shop: Program) -> None:
    ran = shop("drift")
    assert ran.code == 0
    assert "shop: FELL, AND STAYS DOWN since 2026-09-2" in ran.out
    assert re.search(r"tiermix explain --from 2026-09-2\d --slo shop\n", ran.out)
    assert re.search(r"tiermix drift --ack 2026-09-2\d --reason WHY --slo shop\n", ran.out)
    assert "At most one false alarm in 730 days" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80
    told = series(shop("drift", "--json"))
    assert told["verdict"] == "drifting_down"
    low, high = (date.fromisoformat(d) for d in told["onset_interval"])
    assert low - timedelta(days=1) <= (FIRST + timedelta(days=55)).date() <= high + timedelta(days=1)
    assert told["level_before"] == pytest.approx(0.98, abs=0.01)
    assert told["level"] == pytest.approx(0.86, abs=0.04)
    assert shop("drift", "--fail").code == 1
    assert shop("drift", "--format", "csv").out.splitlines()[1].startswith("shop,drifting_down,2026-09-")
    assert "FELL, AND STAYS DOWN" in shop("drift", "--format", "markdown").out


def test_a_past_night_says_what_it_said_then(shop: Program) -> None:
    before = shop("drift", "--fail", "--as-of", (FIRST + timedelta(days=55)).isoformat(), "--json")
    assert (before.code, series(before)["verdict"]) == (0, "steady")
    fired = date.fromisoformat(series(shop("drift", "--json"))["fired_on"])
    night = datetime.combine(fired, datetime.min.time(), UTC) + timedelta(days=1)
    assert series(shop("drift", "--as-of", night.isoformat(), "--json"))["verdict"] == "drifting_down"
    assert series(shop("drift", "--as-of", (night - timedelta(days=1)).isoformat(), "--json"))["verdict"] == "steady"


def test_by_a_dimension_shares_the_budget(shop: Program) -> None:
    whole, groups = shop("drift", "--json").json, shop("drift", "--by", "intent", "--json").json
    assert (whole["monitored"], whole["standardised_by"]) == (2, "intent")
    assert groups["monitored"] == 3
    assert {s["key"]["intent"] for s in groups["series"]} == {"buy", "ask", None}
    assert sum(s["requests"] for s in groups["series"]) == whole["series"][0]["requests"] == 80 * 60
    assert groups["series"][0]["threshold"] == pytest.approx(1.5 * whole["series"][0]["threshold"])


def test_a_level_is_accepted_until_that_is_taken_back(shop: Program) -> None:
    onset = series(shop("drift", "--json"))["onset"]
    assert shop("drift", "--ack", onset).code == 2  # a reason is part of it
    assert shop("drift", "--reason", "x").code == 2
    assert shop("drift", "--ack", "yesterday", "--reason", "x").code == 2
    assert shop("drift", "--ack", "2030-01-01", "--reason", "x").code == 2  # nobody has seen that level
    for option in (("--where", "tenant=acme"), ("--by", "tenant"), ("--as-of", "2026-09-30"), ("--replay",)):
        assert shop("drift", "--ack", onset, "--reason", "x", *option).code == 2  # it would accept more than is asked
    assert shop("drift", "--ack", onset, "--reason", "x", "--db", "nowhere.duckdb").code == 3
    assert not (shop.folder / "nowhere.duckdb").exists()
    ran = shop("drift", "--ack", onset, "--reason", "the new router is meant")
    assert (ran.code, ran.out) == (0, f"shop: the level from {onset} on is accepted\n")
    told = series(shop("drift", "--json"))
    assert (told["verdict"], told["accepted_since"]) == ("steady", onset)
    assert told["accepted_because"] == "the new router is meant"
    assert "is accepted: the new router is meant" in shop("drift").out
    past = list(csv.DictReader(io.StringIO(shop("drift", "--replay", "--format", "csv").out)))
    assert [r["series"] for r in past] == ["shop"]  # what was noticed before stays in the history
    earlier = (FIRST + timedelta(days=45)).isoformat()
    assert series(shop("drift", "--as-of", earlier, "--json"))["accepted_since"] is None
    assert shop("drift", "--unack", onset).code == 0
    assert shop("drift", "--unack", onset).code == 2  # nothing is left to take back
    assert series(shop("drift", "--json"))["verdict"] == "drifting_down"


def test_the_alarms_of_the_past_are_listed(shop: Program) -> None:
    rows = list(csv.DictReader(io.StringIO(shop("drift", "--replay", "--format", "csv").out)))
    assert [r["series"] for r in rows] == ["shop"]
    assert rows[0]["alarm_day"] == series(shop("drift", "--json"))["fired_on"]


def test_check_and_metrics_carry_the_verdict(shop: Program) -> None:
    found = next(c for c in shop("check", "--json").json["checks"] if c["kind"] == "drift")
    assert (found["state"], found["evidence"]["verdict"], found["severity"]) == ("breached", "drifting_down", "ticket")
    assert found["next"].startswith("tiermix drift --slo shop")
    metrics = shop("export", "openmetrics").out
    assert 'tiermix_drift_verdict{slo="shop",verdict="drifting_down"} 1' in metrics
    assert 'tiermix_drift_verdict{slo="shop",verdict="steady"} 0' in metrics
    for name in ("onset_timestamp_seconds", "evidence_ratio", "points_per_week", "days_left"):
        assert f'tiermix_drift_{name}{{slo="shop"}}' in metrics


def test_the_slide_of_the_samples_is_dated_and_its_mechanisms_come_out_by_name(tmp_path: Path) -> None:
    truth = json.loads((SAMPLES / "truth.json").read_text())
    program = Program(tmp_path, now="2026-11-21T06:00:00Z")
    (tmp_path / "tiermix.toml").write_text((SAMPLES / "tiermix.toml").read_text())
    assert program("ingest", *sorted(SAMPLES.glob("2026-*"))).code == 0
    ran = program("drift", "--json")
    told = {s["slo"]: s for s in ran.json["series"]}["primary-share"]
    first = min(m["onset"] for m in truth["mechanisms"])
    assert told["verdict"] == "drifting_down"
    assert abs(date.fromisoformat(told["onset"]) - date.fromisoformat(first)) <= timedelta(days=3)
    assert told["level"] == pytest.approx(truth["primary_share_last_14_days"], abs=0.02)
    points = told["change_points"]
    assert [(p["cause"], p["switch"]) for p in points] == [(m["reason"], m["switch"]) for m in truth["mechanisms"]]
    for p, m in zip(points, truth["mechanisms"], strict=True):
        assert abs(date.fromisoformat(p["day"]) - date.fromisoformat(m["onset"])) <= timedelta(days=3)
        assert p["cause_points"] == pytest.approx(m["points_last_14_days"], rel=0.1)
        assert p["after"] < p["before"]
    check = program("check", "--only", "drift", "--json")
    said = next(c for c in check.json["checks"] if c["subject"] == "primary-share")["sentence"]
    assert "taken by complexity_router (complexity-router) 20.7 points" in said


# What is counted.


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kolkata"])
@pytest.mark.parametrize("by", [None, "intent", "tier", "user"])
@pytest.mark.parametrize("excluded", [False, True])
def test_daily_counts_are_those_of_a_recount(shop: Program, zone: str, by: str | None, excluded: bool) -> None:
    # Catches a rollup that ignores maintenance, a day cut in the wrong zone, and the rest beyond the largest groups.
    start, end = FIRST + timedelta(days=20, minutes=30), FIRST + timedelta(days=22, minutes=17)
    text = f'[[exclude]]\nstart = {start.isoformat()}\nend = {end.isoformat()}\nreason = "move"\n' if excluded else ""
    settings = shop.folder / "other.toml"
    settings.write_text(CONFIG + text)
    want: Counter[tuple[date, str | None, bool]] = Counter()
    for r in slide():
        ts = datetime.fromisoformat(r["ts"])
        if not (excluded and start <= ts < end):
            key = r.get(by) if by else None
            want[ts.astimezone(ZoneInfo(zone)).date(), key, r["tier"] == "primary"] += 1
    with Store.read(shop.folder / "tiermix.duckdb") as store:
        desk = Desk(store, config.load(settings), FIRST + timedelta(days=80), None, zone)
        days = dailies.whole_days(desk)
        counted = meter._counted(desk, answers.slos_of(desk.config)[0], days, by)
    got: Counter[tuple[date, str | None, bool]] = Counter()
    for day, place, good, total in counted.cells:
        key = counted.keys[place - 1] if by else None
        got[days[day].day, key, True] += good
        got[days[day].day, key, False] += total - good
    whole = {d.day for d in days}
    assert +got == Counter({k: n for k, n in want.items() if k[0] in whole})
    assert len(whole) >= 78


def test_a_filter_counts_the_matching_requests_only(shop: Program) -> None:
    want = sum(r["tenant"] == "acme" for r in slide())
    assert series(shop("drift", "--where", "tenant=acme", "--json"))["requests"] == want


def test_the_smaller_groups_are_folded_into_one(shop: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meter, "MOST_GROUPS", 1)
    with Store.read(shop.folder / "tiermix.duckdb") as store:
        desk = Desk(store, config.load(shop.folder / "tiermix.toml"), FIRST + timedelta(days=80))
        told = meter.drift(desk, [Slo("shop")], by="requested_model")
        assert len(told.series) == 1
        days = dailies.whole_days(desk)
        counted = meter._counted(desk, Slo("shop"), days, "tier")
        assert (counted.keys, {c[1] for c in counted.cells}) == (("primary",), {0, 1})
        assert sum(c[3] for c in counted.cells) == 80 * 60


def test_before_the_first_whole_day_it_is_learning(tiermix: Program) -> None:
    (tiermix.folder / "tiermix.toml").write_text(CONFIG)
    ran = tiermix("ingest", write_lines(tiermix.folder / "log.jsonl", list(slide(1))[:30]))
    assert ran.code == 0, ran.err
    told = tiermix("drift", "--json", "--as-of", (FIRST + timedelta(hours=12)).isoformat()).json
    assert (told["series"][0]["verdict"], told["series"][0]["learned"]) == ("learning", 0)
    assert tiermix("drift", "--as-of", (FIRST - timedelta(days=1)).isoformat()).code == 3
    assert tiermix("drift", "--replay").code == 0


def test_a_day_that_was_logged_from_its_middle_on_is_left_out(tiermix: Program) -> None:
    lines = [r for r in slide(4) if r["ts"] >= (FIRST + timedelta(hours=5)).isoformat()]
    assert tiermix("ingest", write_lines(tiermix.folder / "log.jsonl", lines)).code == 0
    with Store.read(tiermix.folder / "tiermix.duckdb") as store:
        desk = Desk(store, config.Config(), FIRST + timedelta(days=4))
        assert [d.day.day for d in dailies.whole_days(desk)] == [2, 3, 4]  # quiet last minutes
        earlier = Desk(store, config.Config(), FIRST + timedelta(days=3, hours=23, minutes=50))
        assert [d.day.day for d in dailies.whole_days(earlier)] == [2, 3]  # and is not over yet
        asked = Desk(store, config.Config(), FIRST + timedelta(days=9), FIRST + timedelta(days=3, hours=23))
        assert [d.day.day for d in dailies.whole_days(asked)] == [2, 3]


def test_the_self_check_replays_the_noise_of_these_logs(shop: Program) -> None:
    told = shop("drift", "--self-check", "--years", "10", "--json").json["series"][0]
    assert told["years"] == 10
    assert told["fired"] <= 7  # of 10 years; a meter that fires at everything has 10
    assert told["promised"] == pytest.approx(0.393, abs=0.001)
    assert "promised" in shop("drift", "--self-check", "--years", "10").out
    early = shop("drift", "--self-check", "--as-of", (FIRST + timedelta(days=40)).isoformat(), "--json")
    assert (early.json["series"][0]["years"], early.json["series"][0]["share"]) == (0, None)


# Counts from files.


def write_counts(path: Path, falls: int | None, *, segments: bool = False) -> Path:
    rng = Random(str(path.name))
    rows = []
    for day in range(90):
        for name in ("a", "b") if segments else ("",):
            share = (
                0.985 - (0.01 * (day - falls) / 7 if falls is not None and day >= falls else 0) + rng.gauss(0, 0.001)
            )
            rows.append(
                {"day": day, "weekday": day % 7, "segment": name, "primary": round(1e5 * share), "total": 100_000}
            )
    polars.DataFrame(rows).drop([] if segments else ["segment"]).write_csv(path)
    return path


def test_counts_are_replayed_file_by_file(tiermix: Program) -> None:
    folder = tiermix.folder / "counts"
    folder.mkdir()
    write_counts(folder / "calm.csv", None)
    write_counts(folder / "falls.csv", 60)
    write_counts(folder / "parts.csv", 60, segments=True)
    ran = tiermix("drift", "--counts", folder, "--replay", "--format", "csv")
    assert ran.err == ""
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert ran.out.splitlines()[0] == "series,alarm_day,onset_day"
    assert [r["series"] for r in rows] == ["falls", "parts"]
    assert all(60 <= int(r["alarm_day"]) <= 72 and abs(int(r["onset_day"]) - 60) <= 4 for r in rows)
    assert tiermix(
        "drift", "--replay", "--counts", folder / "falls.csv", folder / "calm.csv", "--format", "csv"
    ).out == ("\n".join(ran.out.splitlines()[:2]) + "\n")
    dated = folder / "dated.csv"
    lines = (folder / "falls.csv").read_text().splitlines()
    days = [(date(2026, 1, 1) + timedelta(days=int(line.split(",")[0]))).isoformat() for line in lines[1:]]
    with_dates = [f"{day},{line.partition(',')[2]}" for day, line in zip(days, lines[1:], strict=True)]
    dated.write_text("\n".join([lines[0], *with_dates]) + "\n")
    named = tiermix("drift", "--counts", dated, "--replay", "--format", "csv").out.splitlines()[1].split(",")
    assert named == ["dated", *(days[int(rows[0][c])] for c in ("alarm_day", "onset_day"))]
    dated.unlink()
    assert "2 alarms" in tiermix("drift", "--counts", folder, "--replay").out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("day,total\n1,2\n", "column primary is missing"),
        ("day,primary,total\n1,x,2\n", "whole numbers"),
        ("day,primary,total\n1,3,2\n", "primary is at most total"),
        ("day,primary,total\n-1,1,2\n", "days count from 0"),
        ("day,primary,total\n99999999,1,2\n", "cannot be"),
        ("day,primary,total\n", "no line"),
        ("day,primary,total\n1,2\n", "whole numbers"),
        ("day,primary,total\n1,1,2\n2026-01-02,1,2\n", "some are numbers"),
        ("day,primary,total\n2026-13-02,1,2\n", "a number or a date"),
        ("\x00\xff", "missing"),
    ],
)
def test_a_bad_file_of_counts_is_named_with_its_line(tiermix: Program, text: str, said: str) -> None:
    path = tiermix.folder / "bad.csv"
    path.write_text(text)
    ran = tiermix("drift", "--counts", path, "--replay")
    assert ran.code == 3
    assert said in ran.err
    assert "bad.csv" in ran.err


def test_options_that_contradict_each_other_are_refused(shop: Program) -> None:
    for options in (
        ("--counts", "x.csv"), ("--false-alarm-every", "7d"), ("--by", "colour"), ("--min-drop", "-1"),
        ("--target", "3"),
        ("--ack", "2026-09-01", "--unack", "2026-09-01"),
    ):  # fmt: skip
        ran = shop("drift", *options)
        assert ran.code == 2, options
        assert ran.err
