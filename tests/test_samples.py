"""The sample logs: made by their generator, and telling the story that they promise."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import polars
import pytest

from tests.conftest import ROOT, Program

SAMPLES = ROOT / "sample_logs"


def test_the_generator_makes_exactly_these_records(tmp_path: Path) -> None:
    subprocess.run([sys.executable, SAMPLES / "generate.py", tmp_path], check=True, timeout=300)
    made, kept = sorted(p.name for p in tmp_path.iterdir()), sorted(SAMPLES.glob("2026-*"))
    assert made == sorted([*(p.name for p in kept), "truth.json"])
    for path in SAMPLES.glob("*.jsonl.gz"):
        assert gzip.decompress((tmp_path / path.name).read_bytes()) == gzip.decompress(path.read_bytes()), path.name
    assert polars.read_parquet(tmp_path / "2026-11.parquet").equals(polars.read_parquet(SAMPLES / "2026-11.parquet"))
    assert (tmp_path / "truth.json").read_text() == (SAMPLES / "truth.json").read_text()


def test_the_samples_are_a_few_megabytes() -> None:
    assert sum(p.stat().st_size for p in SAMPLES.iterdir() if p.is_file()) < 8 << 20


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Program:
    program = Program(tmp_path_factory.mktemp("demo"), now="2026-11-21T06:00:00Z")
    ran = program("demo")
    assert ran.code == 0, ran.err
    assert "Try next: tiermix mix --by reason" in ran.out
    assert list((program.folder / "reports").glob("tiermix-*.html"))
    return program


def test_the_slide_goes_from_99_5_to_about_53_percent_while_the_metric_stays_at_half_a_percent(demo: Program) -> None:
    days = demo("mix", "--db", "tiermix-demo.duckdb", "--days", "180", "--json").json["days"]
    weeks = [days[i : i + 14] for i in range(0, 180, 14)]
    shares = [sum(d["tiers"]["primary"] for d in w) / sum(d["total"] for d in w) for w in weeks]
    assert shares[0] == pytest.approx(0.995, abs=0.002)
    assert shares[-1] == pytest.approx(0.53, abs=0.012)
    for start in range(0, 180, 30):
        until = days[min(start + 29, 179)]["day"]
        metric = demo(
            "mix", "--db", "tiermix-demo.duckdb", "--since", days[start]["day"], "--until", until, "--json"
        ).json["fallback_metric"]  # fmt: skip
        assert metric["share"] == pytest.approx(0.005, abs=0.0015)


def test_the_four_mechanisms_begin_when_the_truth_says_and_take_what_it_says(demo: Program) -> None:
    truth = json.loads((SAMPLES / "truth.json").read_text())
    groups = demo("mix", "--db", "tiermix-demo.duckdb", "--days", "180", "--by", "reason", "--json").json
    days = [d["day"] for d in groups["days"]]
    totals = [d["total"] for d in groups["days"]]
    by_reason = {g["key"]["reason"]: g["days"] for g in groups["groups"]}
    assert len(truth["mechanisms"]) == 4
    for planted in truth["mechanisms"]:
        counts = by_reason[planted["reason"]]
        first = next(i for i, n in enumerate(counts) if n)
        assert abs((date.fromisoformat(days[first]) - date.fromisoformat(planted["onset"])).days) <= 1
        points = 100 * sum(counts[-14:]) / sum(totals[-14:])
        assert points == pytest.approx(planted["points_last_14_days"], abs=0.01)
    canned = by_reason["cost_guard"]
    assert sum(bool(n) for n in canned) == 60
    assert all(canned[-60:])


def test_the_records_carry_what_later_questions_need() -> None:
    lines = gzip.decompress((SAMPLES / "2026-10.jsonl.gz").read_bytes()).splitlines()
    records = [json.loads(line) for line in lines]
    fields = Counter(k for r in records for k in r)
    for name in (
        "tool_calls",
        "tool_ok",
        "agent_override",
        "schema_valid",
        "cache_age_s",
        "drill",
        "attempts",
        "cost_usd",
    ):
        assert fields[name], name
    late = [r for r in records if r["ts"][11:13] >= "21" and r["traffic_class"] != "critical"]
    runs = Counter(r["user"] for r in late if r["tier"] == "canned")
    assert runs.most_common(1)[0][1] > 15  # users who get hardly anything else
