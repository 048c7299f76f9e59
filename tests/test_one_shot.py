"""`mix FILE` reads only what it counts by, and must say what a store of the same file says."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.conftest import SMALL_CONFIG, Program

Record = dict[str, Any]


def records() -> list[Record]:
    """Requests whose log names the tier of each, over three days, some of them drills."""
    rng, start = Random(5), datetime(2026, 11, 10, tzinfo=UTC)
    made = []
    for i in range(600):
        tier = rng.choice(["primary", "primary", "secondary", "canned", "unserved"])
        made.append(
            {
                "ts": (start + timedelta(minutes=7 * i, seconds=rng.randrange(60))).isoformat(),
                "request_id": f"r{i}", "tier": tier, "intended_tier": rng.choice(["primary", "secondary", None]),
                "requested_model": "gpt-5", "served_model": rng.choice(["gpt-5", "gpt-5-mini", "other"]),
                "provider": "openai", "reason": rng.choice([None, "cost_guard"]), "status": "ok",
                "fallback": rng.choice([True, False, None]), "drill": rng.random() < 0.05, "intent": "faq",
                "input_tokens": rng.randrange(900), "attempts": [{"model": "gpt-5"}],
            }
        )  # fmt: skip
    return made


def _all(**changes: object) -> Callable[[list[Record]], list[Record]]:
    return lambda made: [r | changes for r in made]


def _renamed(names: dict[str, str]) -> Callable[[list[Record]], list[Record]]:
    return lambda made: [r | {k: names.get(r[k], r[k]) for k in ("tier", "intended_tier")} for r in made]


def _last(**changes: object) -> Callable[[list[Record]], list[Record]]:
    return lambda made: [*made[:-1], made[-1] | changes]


# Each catches a count by tier that goes on where it must give way to a closer look.
CASES: dict[str, Callable[[list[Record]], list[Record]]] = {
    "as it is": lambda made: made,
    "shuffled": lambda made: Random(1).sample(made, len(made)),
    "one without a tier": _last(tier=None, served_model="gpt-5-mini"),
    "one with an empty tier": _last(tier="", served_model="gpt-5-mini"),
    "none with a tier": _all(tier=None),
    "one tier that is not declared": _last(tier="gold"),
    "tiers in an order of their own": _renamed({"primary": "zinc", "secondary": "gold", "canned": "tin"}),
    "a tier that was only intended": _last(intended_tier="gold"),
    "one twice": lambda made: [*made, made[100] | {"tier": "canned"}],
    "one without an id": _last(request_id=None),
    "two alike without an id": lambda made: [*made, made[7] | {"request_id": ""}, made[7] | {"request_id": ""}],
    "a number as tier": _last(tier=7),
    "an object as tier": _last(tier={"a": "b"}),
    "a list as intended tier": _last(intended_tier=["a"]),
    "an object as id": _last(request_id={"a": "b"}),
    "a time that is none": _last(ts="soon"),
    "a time without a zone": _last(ts="2026-11-12 11:11:11"),
    "a number as time": _last(ts=1794478504),
    "a drill that is none": _last(drill="maybe"),
    "a fallback that is none": _last(fallback="maybe"),
    "truths in words": _all(drill="no", fallback="true"),
    "a drill at the end": _last(drill=True),
    "nothing but drills": _all(drill=True),
    "very long names": _last(tier="t" * 300, request_id="i" * 300),
    "an empty object": lambda made: [*made, {}],
}


def _write(path: Path, made: list[Record]) -> Path:
    path.write_text("".join(json.dumps(r) + "\n" for r in made))
    return path


@pytest.mark.parametrize("declared", [False, True], ids=["no tiers declared", "declared"])
@pytest.mark.parametrize("case", CASES)
def test_a_file_asked_directly_says_what_a_store_of_it_says(tiermix: Program, case: str, declared: bool) -> None:
    log = _write(tiermix.folder / "app.jsonl", CASES[case](records()))
    if declared:
        (tiermix.folder / "tiermix.toml").write_text(SMALL_CONFIG)
    for command in (("mix", "--json"), ("mix", "--by", "tier", "--json")):
        direct = tiermix(command[0], log, *command[1:], "--db", "none.duckdb")
        tiermix("ingest", log, "--max-bad", "1")
        stored = tiermix(*command)
        assert direct.code == stored.code
        assert direct.code == 3 or direct.json == stored.json


def test_a_parquet_file_asked_directly_says_what_a_store_of_it_says(tiermix: Program) -> None:
    import polars

    log = tiermix.folder / "app.parquet"
    polars.DataFrame(records()).write_parquet(log)
    direct = tiermix("mix", log, "--json", "--db", "none.duckdb").json
    assert tiermix("ingest", log).code == 0
    assert direct == tiermix("mix", "--json").json


def test_two_files_of_which_one_names_no_tiers(tiermix: Program) -> None:
    made = records()
    one = _write(tiermix.folder / "one.jsonl", made[:300])
    two = _write(tiermix.folder / "two.jsonl", [r | {"tier": None} for r in made[200:]])
    direct = tiermix("mix", one, two, "--json", "--db", "none.duckdb").json
    assert tiermix("ingest", one, two).code == 0
    assert direct == tiermix("mix", "--json").json


# What a count by tier does not need, and does not read.
@pytest.mark.parametrize("fault", [{"input_tokens": -5}, {"attempts": "none"}, {"intent": {"a": 1}}, {"status": "odd"}])
def test_a_fault_in_a_field_that_no_count_needs_takes_no_request_out_of_it(tiermix: Program, fault: Record) -> None:
    made = records()
    made[10] |= fault | {"drill": False}
    log = _write(tiermix.folder / "app.jsonl", made)
    counted = sum(not r["drill"] for r in made)
    # Catches a count that always gives way to the closer look: that finds the fault.
    assert tiermix("mix", log, "--json", "--db", "none.duckdb").json["totals"]["total"] == counted
    assert tiermix("mix", log, "--by", "intent", "--json", "--db", "none.duckdb").json["totals"]["total"] == counted - 1
    assert tiermix("ingest", log, "--max-bad", "1", "--json").json["quarantined"] == 1
