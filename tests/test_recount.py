"""mix and burn against a recount in plain Python, on the sample logs and on generated ones, at random moments."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import polars
import pytest

from tests.conftest import ROOT, SMALL_CONFIG, Program, small_records, write_lines
from tests.recount import Log, midnight

SAMPLES = ROOT / "sample_logs"
MAINTENANCE = (datetime(2026, 9, 16, 1, tzinfo=UTC), datetime(2026, 9, 16, 5, tzinfo=UTC))


def sample_records() -> Iterator[dict[str, Any]]:
    for path in sorted(SAMPLES.glob("*.jsonl.gz")):
        yield from (json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines())
    for row in polars.read_parquet(SAMPLES / "2026-11.parquet").iter_rows(named=True):
        yield row | {"ts": row["ts"].isoformat()}


@pytest.fixture(scope="module")
def sample_store(tmp_path_factory: pytest.TempPathFactory) -> Program:
    program = Program(tmp_path_factory.mktemp("samples"), now="2026-11-21T06:00:00Z")
    (program.folder / "tiermix.toml").write_text((SAMPLES / "tiermix.toml").read_text())
    ran = program("ingest", *sorted(SAMPLES.glob("*.jsonl.gz")), SAMPLES / "2026-11.parquet")
    assert ran.code == 0, ran.err
    return program


@pytest.fixture(scope="module")
def sample_truth() -> Log:
    return Log(sample_records(), {}, [MAINTENANCE])


@pytest.mark.parametrize("seed", range(4))
def test_mix_of_the_samples_at_random_moments(sample_store: Program, sample_truth: Log, seed: int) -> None:
    rng = Random(seed)
    zone = ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/Los_Angeles"][seed]
    as_of = datetime(2026, 6, 1, tzinfo=UTC) + timedelta(seconds=rng.randrange(170 * 86400))
    if seed % 2:
        as_of = as_of.replace(second=0)
    days = rng.randrange(1, 60)
    start = midnight(as_of - timedelta(microseconds=1), zone)
    start = midnight(start - timedelta(days=days - 1) + timedelta(hours=12 if days > 1 else 0), zone)
    got = sample_store("mix", "--days", str(days), "--as-of", as_of.isoformat(), "--tz", zone, "--json").json
    want = sample_truth.mix(start, as_of, zone)
    assert {d["day"]: {t: n for t, n in d["tiers"].items() if n} for d in got["days"] if d["total"]} == want
    for dim in ("intent", "tenant", "reason", "user"):
        by = sample_store(
            "mix", "--days", str(days), "--as-of", as_of.isoformat(), "--tz", zone, "--json", "--by", dim
        ).json
        groups = {g["key"][dim]: {t: n for t, n in g["tiers"].items() if n} for g in by["groups"]}
        assert groups == sample_truth.groups(start, as_of, dim), dim


@pytest.mark.parametrize("seed", range(6))
def test_burn_of_the_samples_at_random_moments(sample_store: Program, sample_truth: Log, seed: int) -> None:
    rng = Random(100 + seed)
    as_of = datetime(2026, 6, 1, tzinfo=UTC) + timedelta(seconds=rng.randrange(172 * 86400))
    if seed % 2:
        as_of = as_of.replace(second=0)
    days, target = rng.choice([7, 28, 30]), rng.choice(["0.97", "0.99", "0.995", "0.94", "0.999"])
    got = sample_store(
        "burn", "--target", target, "--window", f"{days}d", "--slo", "primary-share",
        "--as-of", as_of.isoformat(), "--json",
    ).json["slos"][0]  # fmt: skip
    good, total = sample_truth.counts(as_of, days * 1440)
    assert (got["good"], got["total"]) == (good, total)
    assert got["sli"] == pytest.approx(good / total, abs=1e-15)
    assert got["error_budget_remaining"] == pytest.approx(1 - (total - good) / total / (1 - float(target)), rel=1e-9)
    want = sample_truth.alerts(as_of, days, target)
    assert [{k: a[k] for k in want[0]} for a in got["alerts"]] == want
    for alert in got["alerts"]:
        if alert["long_total"]:
            ratio = alert["long_bad"] / alert["long_total"]
            assert alert["long_burn"] == pytest.approx(ratio / (1 - float(target)), rel=1e-9)


def test_burn_of_a_filtered_slo(sample_store: Program, sample_truth: Log) -> None:
    as_of = datetime(2026, 10, 3, 14, 25, tzinfo=UTC)
    got = sample_store("burn", "--slo", "refunds", "--as-of", as_of.isoformat(), "--json").json["slos"][0]
    want = sample_truth.counts(as_of, 28 * 1440, ("primary", "secondary"), intent="refund-policy")
    assert (got["good"], got["total"]) == want


@pytest.mark.parametrize("seed", range(3))
def test_generated_logs_in_any_split_and_order_give_the_same_counts(tmp_path: Path, seed: int) -> None:
    # Shuffled, cut into files, with an overlap: nothing may be lost or counted twice.
    rng = Random(seed)
    records = small_records(seed=seed, count=900)
    truth = Log(records, {"gpt-5": "primary", "gpt-5-mini": "secondary"})
    shuffled = rng.sample(records, len(records))
    cut = rng.randrange(100, 800)
    program = Program(tmp_path)
    (tmp_path / "tiermix.toml").write_text(SMALL_CONFIG)
    first = program("ingest", write_lines(tmp_path / "a.jsonl", shuffled[:cut]), "--json").json
    second = program("ingest", write_lines(tmp_path / "b.jsonl", shuffled[cut - 50 :]), "--json").json
    assert (first["accepted"], second["duplicate"], second["accepted"]) == (cut, 50, 900 - cut)
    got = program("mix", "--days", "30", "--json").json
    end = datetime.fromisoformat(got["as_of"])
    want = truth.mix(end - timedelta(days=60), end)
    assert {d["day"]: {t: n for t, n in d["tiers"].items() if n} for d in got["days"] if d["total"]} == want
    assert got["fallback_metric"]["fired"] == sum(bool(r.get("fallback")) for _, _, r in truth.rows)
    assert got["fallback_metric"]["known"] == sum(r.get("fallback") is not None for _, _, r in truth.rows)


def test_the_one_shot_answer_equals_that_of_a_store(small_store: Program, small_log: Path) -> None:
    stored = small_store("mix", "--json").json
    direct = small_store("mix", small_log, "--json", "--db", "none.duckdb").json
    piped = small_store("mix", "-", "--json", stdin=small_log.read_bytes()).json
    assert stored == direct == piped
    assert not (small_store.folder / "none.duckdb").exists()


def test_the_pasted_sql_gives_the_numbers_of_the_command(small_store: Program) -> None:
    import duckdb

    for name in ("mix/by_minute", "mix/by_hour", "mix/by_request", "burn/by_minute", "burn/by_request", "trust/window"):
        text = small_store("sql", name).out
        with duckdb.connect(str(small_store.folder / "tiermix.duckdb"), read_only=True) as db:
            rows = db.execute(text).fetchall()
        assert rows, name
        if name == "mix/by_minute":
            total = small_store("mix", "--json").json["totals"]["total"]
            assert sum(r[3] for r in rows) == total
