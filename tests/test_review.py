"""Replay, calendar and groups of `burn` against a plain recount over the raw records."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from random import Random
from typing import Any

import pytest

from tests.conftest import SMALL_CONFIG, Program, small_records, write_lines
from tests.recount import Log, moment
from tiermix.analysis import burn as burning
from tiermix.analysis.compliance import terms
from tiermix.analysis.replay import Minutes
from tiermix.config.settings import Slo
from tiermix.model import Counts
from tiermix.timewin import Day, calendar_window, parse_zone, start_of_day

DECLARED = {"gpt-5": "primary", "gpt-5-mini": "secondary"}
START = datetime(2026, 11, 10, 3, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    return small_records(seed=3, count=4000)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, Any]]) -> Program:
    program = Program(tmp_path_factory.mktemp("review"))
    (program.folder / "tiermix.toml").write_text(SMALL_CONFIG)
    ran = program("ingest", write_lines(program.folder / "log.jsonl", records))
    assert ran.code == 0, ran.err
    return program


@pytest.fixture(scope="module")
def truth(records: list[dict[str, Any]]) -> Log:
    return Log(records, DECLARED)


def firing(document: Any, row: dict[str, Any], at: datetime) -> bool:
    """Whether a replay says that a row fires at a moment."""
    spans = [(moment(e["start"]), moment(e["end"]) if e["end"] else None) for e in row["episodes"]]
    return any(start <= at and (end is None or at < end) for start, end in spans)


@pytest.mark.parametrize("target", ["0.97", "0.93"])
def test_a_replay_says_of_every_moment_what_burn_says_of_it(store: Program, truth: Log, target: str) -> None:
    # Catches: windows off by a minute, a floor on good instead of bad requests, an episode that ends too late.
    options = ("--target", target, "--window", "7d")
    played = store("burn", *options, "--replay", "30d", "--json").json
    window = moment(played["window"]["start"]), moment(played["window"]["end"])
    rows = played["slos"][0]["rows"]
    assert sum(len(r["episodes"]) for r in rows) > 3
    rng = Random(target)
    edges = [moment(e[k]) for r in rows for e in r["episodes"] for k in ("start", "end") if e[k]]
    near = [t + timedelta(minutes=d) for t in rng.sample(edges, 20) for d in (-1, 0, 1)]
    far = [window[0] + timedelta(minutes=rng.randrange(14_000)) for _ in range(40)]
    for at in (x for x in near + far if window[0] <= x <= window[1]):
        want = [a["firing"] for a in truth.alerts(at, 7, target)]
        assert [firing(played, r, at) for r in rows] == want, at
    for at in rng.sample(near, 3):
        said = store("burn", *options, "--as-of", at.isoformat(), "--json").json["slos"][0]["alerts"]
        assert [firing(played, r, at) for r in rows] == [a["firing"] for a in said], at


def test_an_episode_counts_the_requests_and_the_budget_that_went_in_it(store: Program, truth: Log) -> None:
    played = store("burn", "--target", "0.97", "--replay", "30d", "--json").json
    episodes = [e for r in played["slos"][0]["rows"] for e in r["episodes"]]
    for e in Random(5).sample(episodes, 10):
        start = moment(e["start"])
        end = moment(e["end"]) if e["end"] else moment(played["window"]["end"])
        good, total = truth.counts(end, int((end - start).total_seconds() // 60))
        assert (e["bad"], e["total"], e["seconds"]) == (total - good, total, (end - start).total_seconds())
        before_good, before = truth.counts(start, 7 * 1440)
        assert e["budget_spent_before"] == pytest.approx((before - before_good) / (0.03 * before), abs=1e-12)
        assert e["budget_spent_during"] == pytest.approx(
            (total - good) / (0.03 * truth.counts(end, 7 * 1440)[1]), abs=1e-12
        )


def test_a_replay_of_a_filtered_promise_is_that_of_the_filtered_log(
    store: Program, records: list[dict[str, Any]]
) -> None:
    played = store("burn", "--where", "intent=refund", "--replay", "30d", "--json").json
    only = Log([r for r in records if r.get("intent") == "refund"], DECLARED)
    for row in played["slos"][0]["rows"]:
        for e in row["episodes"][:10]:
            at = moment(e["start"])
            n = played["slos"][0]["rows"].index(row)
            assert only.alerts(at, 7, "0.97")[n]["firing"]
            assert not only.alerts(at - timedelta(minutes=1), 7, "0.97")[n]["firing"] or at == moment(
                played["window"]["start"]
            )


@pytest.mark.parametrize("seed", range(5))
def test_the_fast_comparison_is_that_of_a_single_alert(seed: int) -> None:
    # Random counts at random limits, on the boundary too. Catches `>=` for `>` and integer division.
    rng = Random(seed)
    first = 28_000_000
    rows = [(first + i, g := rng.randrange(4), g + rng.randrange(3)) for i in range(3 * 1440) if rng.random() < 0.3]
    minutes = Minutes(first, first + 3 * 1440, rows)
    slo = Slo("x", Fraction(rng.choice(["0.5", "0.9", "0.97"])), window=2 * 86400, min_bad=rng.choice([1, 2, 5]))
    for row in burning.rows_of(Slo("y", Fraction(97, 100), 2 * 86400)):
        start, end = first + row.long // 60, first + 3 * 1440
        got = set(minutes.firing(row, slo.target, slo.min_bad, start, end))
        for m in rng.sample(range(start, end + 1), min(200, end + 1 - start)):
            counted = []
            for length in (row.long // 60, row.short // 60):
                held = [(g, t) for at, g, t in rows if m - length <= at < m]
                counted.append(Counts(sum(g for g, _ in held), sum(t for _, t in held)))
            alert = burning.judge(row, counted[0], counted[1], slo.target, slo.min_bad)
            assert (m in got) == alert.firing


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles"])
def test_months_and_quarters_add_up_from_their_days(tmp_path_factory: pytest.TempPathFactory, zone: str) -> None:
    # Requests of a year and a bit. Catches a quarter of three months cut at UTC midnight, and unweighted averages.
    rng = Random(zone)
    program = Program(tmp_path_factory.mktemp("calendar"))
    begun = datetime(2025, 9, 20, tzinfo=UTC)
    made = [
        {"ts": (begun + timedelta(hours=i * 3 + rng.random())).isoformat(), "request_id": str(i),
         "tier": rng.choices(["primary", "secondary"], [97, 3 + (i // 600) % 3])[0]}
        for i in range(3300)
    ]  # fmt: skip
    program("ingest", write_lines(program.folder / "log.jsonl", made))
    ran = program("burn", "--calendar", "--target", "0.97", "--tz", zone, "--json").json
    local = parse_zone(zone)
    months: dict[str, Counter[str]] = {}
    for r in made:
        at = moment(str(r["ts"])).astimezone(local)
        for name in (f"{at:%Y-%m}", f"{at.year}-Q{(at.month + 2) // 3}"):
            months.setdefault(name, Counter())[str(r["tier"])] += 1
    got = {t["term"]: t for t in ran["slos"][0]["terms"]}
    assert {n: (t["good"], t["total"]) for n, t in got.items()} == {
        n: (c["primary"], c.total()) for n, c in months.items()
    }
    for name, term in got.items():
        bad, total = months[name]["secondary"], months[name].total()
        assert term["error_budget_spent"] == pytest.approx(bad / (0.03 * total), abs=1e-12)
        assert term["met"] == (bad <= 0.03 * total)
    names = list(got)
    partial = {n for n, t in got.items() if t["partial"]}
    assert partial == {names[0], "2025-Q3", [n for n in names if "Q" not in n][-1], names[-1]}


def test_a_term_is_whole_only_with_all_its_days() -> None:
    zone = parse_zone("Europe/Berlin")
    days = [
        Day(d, start_of_day(d, zone), start_of_day(d + timedelta(days=1), zone), False)
        for d in (date(2026, 2, 1) + timedelta(days=i) for i in range(28))
    ]
    counts = [Counts(9 if i == 3 else 10, 10) for i in range(28)]
    month, quarter = terms(days, counts, Fraction(99, 100))
    assert (month.name, month.partial, quarter.name, quarter.partial) == ("2026-02", False, "2026-Q1", True)
    assert month.worst == ((date(2026, 2, 4), Counts(9, 10)),)
    assert terms(days[:-1], counts[:-1], Fraction(99, 100))[0].partial


@pytest.mark.parametrize("dim", ["intent", "tenant", "served_model", "reason"])
def test_each_group_burns_as_the_filter_on_it_does(store: Program, dim: str) -> None:
    # Catches counts that leak between groups, and a group without a value that is dropped.
    at = ("--as-of", "2026-11-19T11:07:00Z")
    grouped = store("burn", "--by", dim, *at, "--json").json
    whole = store("burn", *at, "--json").json["slos"][0]
    groups = grouped["slos"][0]["groups"]
    assert sum(g["total"] for g in groups) == whole["total"]
    assert sum(g["good"] for g in groups) == whole["good"]
    for g in groups:
        one = store("burn", "--where", f"{dim}={g['key'][dim]}", *at, "--json").json["slos"][0]
        for key in ("good", "total", "alerts", "error_budget", "ok"):
            assert g[key] == one[key], (g["key"], key)
        assert g["small_sample"] == (0.03 * g["total"] < 1)
    urgency = []
    for g in groups:
        fired = {a["severity"] for a in g["alerts"] if a["firing"]}
        urgency.append(0 if "page" in fired else 1 if fired else 2 if not g["met"] else 3)
    assert urgency == sorted(urgency)


def test_a_calendar_window_begins_with_the_month_and_its_budget_lasts_until_its_end(store: Program, truth: Log) -> None:
    ran = store("burn", "--window", "month", "--as-of", "2026-11-15T06:00:00Z", "--json").json["slos"][0]
    assert ran["window"] == "month"
    assert ran["span"] == {"start": "2026-11-01T00:00:00Z", "end": "2026-11-15T06:00:00Z"}
    good, total = truth.counts(datetime(2026, 11, 15, 6, tzinfo=UTC), (14 * 24 + 6) * 60)
    assert (ran["good"], ran["total"]) == (good, total)
    assert [a["factor"] for a in ran["alerts"]] == [14.4, 6, 3, 1]
    quarter = store("burn", "--window", "quarter", "--as-of", "2026-11-15T06:00:00Z", "--json").json["slos"][0]
    assert quarter["span"]["start"] == "2026-10-01T00:00:00Z"
    assert [a["factor"] for a in quarter["alerts"]] == [14.4, 6, 3, 1]
    assert quarter["alerts"][0]["budget_percent"] == pytest.approx(2 / 3)


def test_calendar_periods_across_clock_changes_and_years() -> None:
    berlin = parse_zone("Europe/Berlin")
    cases = {
        ("month", "2026-03-31T21:59:00+00:00"): ("2026-02-28T23:00", "2026-03-31T22:00"),
        ("month", "2026-03-31T22:01:00+00:00"): ("2026-03-31T22:00", "2026-04-30T22:00"),
        ("quarter", "2026-12-31T22:59:00+00:00"): ("2026-09-30T22:00", "2026-12-31T23:00"),
        ("week", "2026-11-21T12:00:00+00:00"): ("2026-11-15T23:00", "2026-11-22T23:00"),
        ("week", "2026-11-15T23:00:00+00:00"): ("2026-11-08T23:00", "2026-11-15T23:00"),
    }
    for (unit, at), want in cases.items():
        window = calendar_window(unit, datetime.fromisoformat(at), berlin)
        assert (f"{window.start:%Y-%m-%dT%H:%M}", f"{window.end:%Y-%m-%dT%H:%M}") == want, (unit, at)


def test_an_explanation_names_the_threshold_and_the_counts(store: Program) -> None:
    alerts = store("burn", "--explain", "--json").json["slos"][0]["alerts"]
    shown = store("burn", "--explain").out
    for a in alerts:
        assert f"{a['long']}: {a['long_bad']:,} of {a['long_total']:,} bad" in a["explanation"]
        assert f"{a['factor']:.4g} x 0.03 = {a['factor'] * 0.03:.4g}" in a["explanation"]
        assert ("FIRES" in a["explanation"]) == a["firing"]
        assert a["explanation"].split(". ")[0] in " ".join(shown.split())


@pytest.mark.parametrize(
    "words",
    [("--replay", "30d", "--by", "intent"), ("--calendar", "--explain"), ("--by", "intent", "--explain"),
     ("--by", "colour"), ("--replay", "soon"), ("--window", "fortnight")],
)  # fmt: skip
def test_options_that_contradict_each_other_are_refused(store: Program, words: tuple[str, ...]) -> None:
    ran = store("burn", *words)
    assert (ran.code, ran.out) == (2, "")
    assert "fix:" in ran.err or "exclude" in ran.err
