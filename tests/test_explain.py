"""`tiermix explain` as users run it: against a recount of raw lines, on planted causes, on hostile and thin logs."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest

from tests.conftest import ROOT, Program, small_records, write_lines
from tests.recount import Log, Record, midnight
from tests.test_recount import MAINTENANCE, sample_records

SAMPLES = ROOT / "sample_logs"
TRUTH = json.loads((SAMPLES / "truth.json").read_text())
END = ("--as-of", "2026-11-21")
REQUEST_DIMENSIONS = ("intent", "traffic_class", "tenant", "feature", "requested_model")


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Program:
    program = Program(tmp_path_factory.mktemp("explained"), now="2026-11-21T06:00:00Z")
    (program.folder / "tiermix.toml").write_text((SAMPLES / "tiermix.toml").read_text())
    ran = program("ingest", *sorted(SAMPLES.glob("*.jsonl.gz")), SAMPLES / "2026-11.parquet")
    assert ran.code == 0, ran.err
    return program


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return list(sample_records())


@pytest.fixture(scope="module")
def raw(records: list[Record]) -> Log:
    return Log(records, {}, [MAINTENANCE])


# A recount: plain Python and fractions, from the definition in words.

Rows = list[tuple[datetime, str, Record]]


def share(rows: Rows, good: tuple[str, ...]) -> Fraction:
    return Fraction(sum(tier in good for _, tier, _ in rows), len(rows))


def recounted(before: Rows, after: Rows, dim: str, good: tuple[str, ...]) -> dict[Any, Any]:
    """Rate and mix effect of every segment, in points."""
    held: dict[Any, tuple[Rows, Rows]] = {}
    for at, rows in ((0, before), (1, after)):
        for row in rows:
            held.setdefault(row[2].get(dim), ([], []))[at].append(row)
    ref = (share(before, good) + share(after, good)) / 2
    out = {}
    for value, (old, new) in held.items():
        r0 = share(old or new, good)
        r1 = share(new or old, good)
        w0, w1 = Fraction(len(old), len(before)), Fraction(len(new), len(after))
        out[value] = (float(100 * (w0 + w1) / 2 * (r1 - r0)), float(100 * (w1 - w0) * ((r0 + r1) / 2 - ref)))
    return out


def lost(before: Rows, after: Rows, good: tuple[str, ...]) -> dict[Any, float]:
    """What each reason, or tier without a reason, took, in points."""
    parts = [Counter((r.get("reason"), None if r.get("reason") else t) for _, t, r in rows if t not in good)
             for rows in (before, after)]  # fmt: skip
    return {
        k: float(100 * (Fraction(parts[0][k], len(before)) - Fraction(parts[1][k], len(after))))
        for k in {*parts[0], *parts[1]}
    }


def start_of(day: date, zone: str) -> datetime:
    return midnight(datetime(day.year, day.month, day.day, 12, tzinfo=UTC), zone)


def window(log: Log, span: dict[str, Any], zone: str, **where: str) -> Rows:
    first, last = (date.fromisoformat(span[x]) for x in ("first_day", "last_day"))
    return log.between(start_of(first, zone), start_of(last + timedelta(days=1), zone), **where)


def check_against(got: Any, log: Log, zone: str, good: tuple[str, ...], **where: str) -> None:
    windows = []
    for name in ("before", "after"):
        windows.append(window(log, got[name], zone, **where))
        assert got[name]["total"] == len(windows[-1])
        assert got[name]["good"] == sum(t in good for _, t, _ in windows[-1])
    before, after = windows
    assert got["delta_points"] == pytest.approx(float(100 * (share(after, good) - share(before, good))), abs=1e-12)
    want = lost(before, after, good)
    assert {(r["reason"], r["tier"]): r["delta_points"] for r in got["reasons"]} == pytest.approx(want, abs=1e-12)
    for dim in REQUEST_DIMENSIONS:
        rows = {s["value"]: (s["rate_effect"], s["mix_effect"]) for s in got["segments"] if s["dim"] == dim}
        want = recounted(before, after, dim, good)
        assert rows.keys() == want.keys()
        for value, pair in want.items():
            assert rows[value] == pytest.approx(pair, abs=1e-12), (dim, value)


@pytest.mark.parametrize(
    ("zone", "begin", "end", "options"),
    [
        ("UTC", "2026-07-04", "2026-11-20", ()),
        ("Europe/Berlin", "2026-10-20", "2026-11-02", ("--window", "14d")),  # over the change of the clock
        ("Asia/Kolkata", "2026-09-10", "2026-09-18", ("--baseline", "7d")),  # its days cut hours
        ("America/Los_Angeles", "2026-09-16", "2026-09-16", ("--window", "1d")),  # the maintenance lies in it
    ],
)
def test_the_parts_equal_a_recount_of_the_raw_lines(
    samples: Program, raw: Log, zone: str, begin: str, end: str, options: tuple[str, ...]
) -> None:
    ran = samples("explain", "--from", begin, "--to", end, "--tz", zone, "--all", "--json", *END, *options)
    assert ran.code == 0, ran.err
    check_against(ran.json, raw, zone, ("primary",))


@pytest.mark.parametrize("where", [{"intent": "refund-policy"}, {"tenant": "acme"}, {"provider": "openai"}])
def test_filters_hold_in_every_table(samples: Program, raw: Log, where: dict[str, str]) -> None:
    words = [x for k, v in where.items() for x in ("--where", f"{k}={v}")]
    ran = samples("explain", "--from", "2026-09-01", "--to", "2026-09-30", "--all", "--json", *END, *words)
    check_against(ran.json, raw, "UTC", ("primary",), **where)


def test_an_slo_brings_its_filter_and_its_good_tiers(samples: Program, raw: Log) -> None:
    ran = samples("explain", "--slo", "refunds", "--from", "2026-09-01", "--all", "--json", *END)
    assert ran.json["good_tiers"] == ["primary", "secondary"]
    check_against(ran.json, raw, "UTC", ("primary", "secondary"), intent="refund-policy")
    assert not {"complexity_router", "breaker_open"} & {r["reason"] for r in ran.json["reasons"]}


def test_a_maintenance_window_that_cuts_an_hour_is_left_out_to_the_minute(
    samples: Program, records: list[Record]
) -> None:
    config = (SAMPLES / "tiermix.toml").read_text().replace("T05:00:00Z", "T04:17:00Z").replace("T01:00", "T00:29")
    (samples.folder / "cut.toml").write_text(config)
    skip = (MAINTENANCE[0].replace(hour=0, minute=29), MAINTENANCE[1].replace(hour=4, minute=17))
    ran = samples(
        "explain", "--config", "cut.toml", "--from", "2026-09-14", "--to", "2026-09-20", "--all", "--json", *END
    )
    check_against(ran.json, Log(records, {}, [skip]), "UTC", ("primary",))


def test_a_dimension_inside_another_equals_a_recount(samples: Program, raw: Log) -> None:
    for by in ("intent,tenant", "tenant,model"):
        got = samples("explain", "--from", "2026-09-01", "--by", by, "--all", "--json", *END).json
        outer, inner = ("intent", "tenant") if by == "intent,tenant" else ("tenant", "requested_model")
        before, after = (window(raw, got[w], "UTC") for w in ("before", "after"))
        for segment in got["segments"]:
            old, new = ([r for r in rows if r[2].get(outer) == segment["value"]] for rows in (before, after))
            weight = (Fraction(len(old), len(before)) + Fraction(len(new), len(after))) / 2
            want = recounted(old, new, inner, ("primary",))
            for part in segment["segments"]:
                pair = [float(weight) * x for x in want[part["value"]]]
                assert [part["rate_effect"], part["mix_effect"]] == pytest.approx(pair, abs=1e-12)
            assert sum(p["total"] for p in segment["segments"]) == pytest.approx(segment["rate_effect"], abs=1e-12)
        codes = [w["code"] for w in got["warnings"]]
        assert ("single_requests" in codes) == (by == "intent,tenant")
        for fmt in ("text", "markdown"):
            assert "single requests" not in samples("explain", "--by", by, "--format", fmt, *END).out


# What was planted.


def test_the_four_mechanisms_come_out_by_name_with_onset_and_blame(samples: Program) -> None:
    spells = samples("explain", "--each-week", "--json", *END).json["spells"]
    found = {s["reason"]: s for s in spells}
    assert [s["until"] for s in spells] == [None] * 4
    assert found.keys() == {m["reason"] for m in TRUTH["mechanisms"]}
    total = sum(m["points_last_14_days"] for m in TRUTH["mechanisms"])
    for planted in TRUTH["mechanisms"]:
        spell = found[planted["reason"]]
        assert spell["switch"] == planted["switch"]
        assert abs((date.fromisoformat(spell["since"]) - date.fromisoformat(planted["onset"])).days) <= 3
        assert spell["points"] == pytest.approx(-planted["points_last_14_days"], rel=0.02)
        blame = spell["points"] / sum(s["points"] for s in spells)
        assert blame == pytest.approx(planted["points_last_14_days"] / total, rel=0.1)


def test_a_comparison_over_all_of_the_slide_blames_each_as_the_truth_does(samples: Program) -> None:
    got = samples("explain", "--from", "2026-07-04", "--window", "14d", "--json", *END).json
    reasons = {r["reason"]: r for r in got["reasons"]}
    for planted in TRUTH["mechanisms"]:
        row = reasons[planted["reason"]]
        assert (row["switch"], row["orphan"]) == (planted["switch"], False)
        assert row["delta_points"] == pytest.approx(-planted["points_last_14_days"], abs=0.2)
        assert abs((date.fromisoformat(row["since"]) - date.fromisoformat(planted["onset"])).days) <= 3
    assert got["verdict"] == "routing"
    assert "complexity-router (search-quality) took 20.7" in got["sentence"]


def test_without_dates_the_latest_lasting_change_is_explained_and_the_examples_are_its_requests(
    samples: Program, raw: Log
) -> None:
    got = samples("explain", "--json", *END).json
    assert got["onset"] == "2026-09-22"
    assert (got["before"]["last_day"], got["after"]["last_day"]) == ("2026-09-21", "2026-11-20")
    top = got["reasons"][0]
    assert (top["reason"], top["owner"], len(top["examples"])) == ("cost_guard", "finops", 3)
    held = {r["request_id"]: r for _, _, r in raw.rows if r["request_id"] in top["examples"]}
    assert {r["reason"] for r in held.values()} == {"cost_guard"}


def test_every_week_adds_up_and_the_outage_that_recovered_is_in_its_week_alone(samples: Program, raw: Log) -> None:
    got = samples("explain", "--each-week", "--json", *END).json
    for week in got["weeks"]:
        assert sum(r["delta_points"] for r in week["reasons"]) == pytest.approx(week["delta_points"] or 0.0, abs=1e-12)
        first = datetime.fromisoformat(week["week"]).replace(tzinfo=UTC)
        rows = raw.between(first, min(first + timedelta(days=7), datetime(2026, 11, 21, tzinfo=UTC)))
        assert (week["total"], week["good"]) == (len(rows), sum(t == "primary" for _, t, _ in rows))
    moved = {w["week"]: {r["tier"]: r["delta_points"] for r in w["reasons"] if r["tier"]} for w in got["weeks"]}
    assert moved["2026-06-29"]["unserved"] == pytest.approx(-0.6, abs=0.05)
    assert moved["2026-07-06"]["unserved"] == pytest.approx(0.6, abs=0.05)
    assert got["weeks"][-1]["partial"]


def test_a_small_slide_is_seen_in_the_picture_of_the_weeks_and_a_large_one_has_the_whole_scale(
    samples: Program,
) -> None:
    def picture(*words: str) -> str:
        return next(x for x in samples("explain", "--each-week", *words, *END).out.splitlines() if "good share" in x)

    # Catches bars of one height for 99% and 94%.
    small = picture("--since", "2026-06-15", "--until", "2026-07-06")
    assert set("▁█") <= set(small)
    assert "the scale is 9" in small
    assert "scale" not in picture()


def test_the_history_can_be_bounded(samples: Program) -> None:
    got = samples("explain", "--each-week", "--since", "2026-08-03", "--until", "2026-08-24", "--json", *END).json
    assert [w["week"] for w in got["weeks"]] == ["2026-08-03", "2026-08-10", "2026-08-17"]
    assert [s["reason"] for s in got["spells"]] == ["complexity_router", "breaker_open"]
    assert [s["until"] for s in got["spells"]] == [None, None]


def test_what_began_before_the_weeks_shown_still_lasts_in_them(samples: Program) -> None:
    # Catches looking for spells in the weeks shown alone, in which a steady loss has no lower level.
    whole = samples("explain", "--each-week", "--json", *END).json
    got = samples("explain", "--each-week", "--days", "30", "--json", *END).json
    assert got["spells"] == whole["spells"]
    assert len(got["spells"]) == 4
    assert got["weeks"][-1] == whole["weeks"][-1]
    assert len(got["weeks"]) == 5
    assert "What lasts: complexity-router" in got["sentence"]


def test_the_rollup_alone_gives_the_same_numbers(samples: Program, tmp_path: Path) -> None:
    # What pruning single requests leaves: all but the examples.
    store = tmp_path / "pruned.duckdb"
    store.write_bytes((samples.folder / "tiermix.duckdb").read_bytes())
    with duckdb.connect(str(store)) as connection:
        connection.execute("DELETE FROM request_log")
    for args in (("--all",), ("--each-week",), ("--where", "intent=refund-policy", "--by", "intent")):
        whole = samples("explain", *args, "--json", *END).json
        pruned = samples("explain", *args, "--json", *END, "--db", store).json
        for row in whole.get("reasons", []):
            row["examples"] = []
        assert pruned == whole


def test_a_slide_that_began_days_ago_is_named_and_no_noise(samples: Program) -> None:
    # complexity-router began on 4 July, four days before: catches taking its ramp for the noise of those days.
    got = samples("explain", "--as-of", "2026-07-08", "--json").json
    assert (got["verdict"], got["onset"]) == ("routing", "2026-07-04")
    assert got["reasons"][0]["switch"] == "complexity-router"
    assert 2 * got["error"] < 1.5 < -got["delta_points"]


def test_a_single_day_is_judged_by_how_single_days_differ(samples: Program) -> None:
    # June is steady: catches an error of nothing for one day, and with it a verdict from noise.
    told = []
    for day in range(12, 26):
        got = samples("explain", "--from", f"2026-06-{day}", "--to", f"2026-06-{day}", "--json", *END).json
        assert got["error"] > 0.1
        told.append(got["verdict"])
    assert told.count("steady") >= 12


def test_one_day_is_one_day(samples: Program) -> None:
    notes = samples("explain", "--from", "2026-06-19", "--to", "2026-06-19", "--json", *END).json["warnings"]
    assert any("holds 1 day, no whole weeks" in n["message"] for n in notes)


def test_tables_in_which_one_row_stands_for_all_are_left_out(samples: Program) -> None:
    args = ("explain", "--from", "2026-06-19", "--to", "2026-06-19", "--by", "intent", *END)
    assert [s["folded"] for s in samples(*args, "--json").json["segments"]] == [7]
    for fmt in ("text", "markdown"):
        out = samples(*args, "--format", fmt).out
        assert "other" not in out
        assert "By intent" not in out


# Made-up products.


def product(days: int, made: Callable[[int, int, Random], dict[str, Any]], per_day: int = 200) -> list[Record]:
    """Native records of `days` days from 2 November on, the last ending at midnight."""
    rng = Random(5)
    start = datetime(2026, 10, 5, tzinfo=UTC)
    out = []
    for day in range(days):
        for n in range(per_day):
            ts = start + timedelta(days=day, seconds=n * 86400 // per_day)
            record = {"ts": ts.isoformat().replace("+00:00", "Z"), "request_id": f"{day}-{n}", "tier": "primary"}
            out.append(record | made(day, n, rng))
    return out


def simpson(day: int, n: int, rng: Random) -> dict[str, Any]:
    """Code is hard, and there is more of it from day 28 on; both intents get better."""
    late = day >= 28
    code = rng.random() < (0.4 if late else 0.1)
    bad = rng.random() < ((0.2 if late else 0.24) if code else (0.01 if late else 0.02))
    return {"intent": "code" if code else "chat"} | ({"tier": "secondary", "reason": "router"} if bad else {})


def test_a_shift_of_traffic_is_called_composition_and_not_routing(tiermix: Program) -> None:
    log = write_lines(tiermix.folder / "log.jsonl", product(42, simpson, 600))
    args = ("explain", log, "--from", "2026-11-02", "--window", "14d", "--as-of", "2026-11-16")
    got = tiermix(*args, "--json").json
    assert (got["verdict"], got["mover"]) == ("composition", "intent")
    assert got["delta_points"] < -2
    (intent,) = [d for d in got["dimensions"] if d["dim"] == "intent"]
    assert intent["rate_effect"] > 0 > intent["mix_effect"]
    assert got["sentence"].startswith("Composition, not routing, got worse: code went from 1")
    assert "within intents the share rose by" in got["sentence"]
    assert "router" in {r["reason"] for r in got["reasons"]}
    assert all(r["orphan"] for r in got["reasons"])
    out = tiermix(*args).out
    assert "no switch" in out
    assert "orphan" not in out


def one_tenant(day: int, n: int, rng: Random) -> dict[str, Any]:
    """Initech, a sixth of the traffic, falls alone from day 28 on; the intents are alike."""
    tenant = "initech" if n % 6 == 0 else f"t{n % 5}"
    bad = rng.random() < (0.15 if tenant == "initech" and day >= 28 else 0.014)
    return {"tenant": tenant, "intent": f"i{rng.randrange(3)}"} | (
        {"tier": "secondary", "reason": "router"} if bad else {}
    )


def test_a_tenant_that_slides_alone_is_named_and_the_report_shows_the_tenants(tiermix: Program) -> None:
    write_lines(tiermix.folder / "log.jsonl", product(35, one_tenant, 900))
    assert tiermix("ingest", "log.jsonl").code == 0
    args = ("explain", "--from", "2026-11-02", "--as-of", "2026-11-09")
    got = tiermix(*args, "--json").json
    assert got["verdict"] == "routing"
    assert "of it is at tenant initech (98." in got["sentence"]
    place = got["place"]
    assert (place["dim"], place["value"]) == ("tenant", "initech")
    rows = {s["value"]: s["rate_effect"] for s in got["segments"] if s["dim"] == "tenant"}
    rate = next(d["rate_effect"] for d in got["dimensions"] if d["dim"] == "tenant")
    assert place["part_of_rate"] == pytest.approx(rows["initech"] / rate)
    # Catches a report that shows the first dimension whatever happened.
    report = tiermix("report", "--as-of", "2026-11-09", "--format", "markdown").out
    assert "| initech |" in report


def test_a_slide_of_everybody_is_placed_nowhere(samples: Program) -> None:
    got = samples("explain", "--from", "2026-07-04", "--to", "2026-07-31", "--json", *END).json
    assert got["place"] is None
    assert "is at" not in got["sentence"]


def test_requests_without_a_reason_have_rows_of_their_own_by_tier(tiermix: Program) -> None:
    def made(day: int, n: int, rng: Random) -> dict[str, Any]:
        if day >= 7 and n % 5 == 0:
            return {"tier": "secondary" if n % 2 else "unserved", "status": "ok" if n % 2 else "error"}
        return {}

    log = write_lines(tiermix.folder / "log.jsonl", product(14, made))
    got = tiermix("explain", log, "--from", "2026-10-12", "--as-of", "2026-10-19", "--json").json
    rows = {(r["reason"], r["tier"]): (r["delta_points"], r["orphan"]) for r in got["reasons"]}
    assert rows == {(None, "secondary"): (pytest.approx(-10), False), (None, "unserved"): (pytest.approx(-10), False)}
    assert sum(r["delta_points"] for r in got["reasons"]) == pytest.approx(got["delta_points"])


HOSTILE = "=cmd|'/c calc'!A1\x1b[31m\u202e|<script>alert(1)</script>`*_\n"


def test_hostile_names_harm_no_output(tiermix: Program) -> None:
    def made(day: int, n: int, rng: Random) -> dict[str, Any]:
        bad = {"tier": "secondary", "reason": HOSTILE} if day >= 7 and n % 4 == 0 else {}
        return {"intent": HOSTILE if n % 2 else None, "tenant": HOSTILE, "request_id": f"{HOSTILE}{day}-{n}"} | bad

    write_lines(tiermix.folder / "log.jsonl", product(14, made))
    assert tiermix("ingest", "log.jsonl").code == 0
    args = ("explain", "--from", "2026-10-12", "--as-of", "2026-10-19")
    for extra in ((), ("--each-week",)):
        args_now = args if not extra else ("explain", "--as-of", "2026-10-19", "--each-week")
        for fmt in ("text", "markdown", "csv"):
            out = tiermix(*args_now, "--format", fmt).out
            assert not {"\x1b", "\u202e"} & set(out)
            if fmt == "csv":  # full values, but none that a spreadsheet would run or that breaks a line
                cells = [c for row in csv.reader(io.StringIO(out)) for c in row]
                assert not any(c.strip().startswith(("=", "@")) or "\n" in c for c in cells)
                assert "'=cmd|'/c calc'!A1\\u001b[31m\\u202e|<script>alert(1)</script>`*_\\u000a" in cells
                continue
            assert "<script>" not in out or fmt == "text"
        assert tiermix(*args_now, "--json").out.isascii()
    assert tiermix("report", "--as-of", "2026-10-19", "-o", "r.html").code == 0
    assert "<script>alert" not in (tiermix.folder / "r.html").read_text()


def test_csv_rows_add_up_like_the_document(samples: Program) -> None:
    args = ("explain", "--by", "intent", "--by", "intent,tenant", *END)
    got = samples(*args, "--json").json
    rows = list(csv.DictReader(io.StringIO(samples(*args, "--format", "csv").out)))
    for kind in ("cause", "segment"):
        points = [float(r["points"]) for r in rows if r["kind"] == kind]
        assert sum(points) == pytest.approx(got["delta_points"] * (1 if kind == "cause" else 2), abs=1e-9)
    assert {r["inner_dim"] for r in rows if r["kind"] == "inside"} == {"tenant"}
    weekly = list(csv.DictReader(io.StringIO(samples("explain", "--each-week", "--format", "csv", *END).out)))
    sums: Counter[str] = Counter()
    for r in weekly:
        sums[r["week"]] += float(r["points"] or 0)  # type: ignore[assignment]
    assert sums == pytest.approx({r["week"]: float(r["change"] or 0) for r in weekly}, abs=1e-9)


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (("--from", "2026-05-01"), 2, "no whole day of data before"),
        (("--to", "2027-01-01"), 2, "the last whole day of data is 2026-11-20"),
        (("--from", "2026-11-10", "--to", "2026-11-01"), 2, "lies after"),
        (("--from", "later"), 2, "not a moment"),
        (("--window", "90m"), 2, "not whole days"),
        (("--by", "reason"), 2, "cannot explain by 'reason'"),
        (("--by", "intent,tenant,feature"), 2, "not one dimension"),
        (("--slo", "nope"), 2, "no SLO 'nope'"),
        (("--days", "30"), 2, "--each-week"),
        (("--each-week", "--from", "2026-10-01"), 2, "exclude each other"),
        (("--where", "tenant=nobody"), 3, "no requests"),
        (("--each-week", "--where", "tenant=nobody"), 3, "no requests"),
    ],
)
def test_what_cannot_be_explained_is_refused_with_the_way_out(
    samples: Program, args: tuple[str, ...], code: int, said: str
) -> None:
    ran = samples("explain", *END, *args)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err


def test_thin_logs_are_explained_as_far_as_they_go(tiermix: Program) -> None:
    write_lines(tiermix.folder / "one.jsonl", product(1, lambda d, n, r: {}))
    ran = tiermix("explain", "one.jsonl", "--as-of", "2026-10-06")
    assert (ran.code, ran.out) == (3, "")
    assert "one whole day of data cannot be compared" in ran.err
    write_lines(tiermix.folder / "two.jsonl", product(2, lambda d, n, r: {"tier": "primary" if d else "canned"}))
    got = tiermix("explain", "two.jsonl", "--as-of", "2026-10-07", "--json").json
    assert (got["delta_points"], got["error"]) == (pytest.approx(100), None)
    assert [w["code"] for w in got["warnings"]].count("no_whole_weeks") == 2
    assert tiermix("explain", "two.jsonl", "--as-of", "2026-10-07", "--each-week").code == 0
    assert tiermix("report", "one.jsonl", "--json").json["change"] is None


def test_the_report_tells_what_changed(samples: Program) -> None:
    got = samples("explain", "--json", *END).json
    told = samples("report", "--json", *END).json["change"]
    assert told == {k: v for k, v in got.items() if k in told}
    assert {"slo", "delta_points", "segments", "reasons", "sentence"} <= told.keys()
    assert got["sentence"].replace("-", "-") in samples("report", "--format", "markdown", *END).out.replace("\\", "")


def test_the_same_question_gives_the_same_answer(tiermix: Program) -> None:
    # The draws behind the errors are seeded.
    log = write_lines(tiermix.folder / "log.jsonl", small_records())
    first = tiermix("explain", log, "--as-of", "2026-11-19", "--json")
    assert first.code == 0, first.err
    assert tiermix("explain", log, "--as-of", "2026-11-19", "--json").out == first.out
