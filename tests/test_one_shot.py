"""`mix FILE` reads only what it counts by, and must say what a store of the same file says."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.conftest import Program
from tiermix.answers import Desk, mix
from tiermix.config.settings import Config, Tier
from tiermix.errors import NoData
from tiermix.ingest import ingest
from tiermix.inputs import Found
from tiermix.model import Keep, Mix
from tiermix.store import Store

Record = dict[str, Any]
NOW = datetime(2026, 11, 21, tzinfo=UTC)


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


def answered(logs: Sequence[Path], config: Config, keep: Keep) -> tuple[tuple[int, int], Mix | str]:
    """Lines and quarantined ones of the logs, and the mix of them or why there is none."""
    with Store.in_memory() as store:
        done = ingest(store, Found(tuple(logs), frozenset(logs)), config, now=NOW, keep=keep)
        desk = Desk(store, config, NOW)
        try:
            answer: Mix | str = mix(desk, desk.window(30, None, None))
        except NoData as none:
            answer = none.message
        return (done.lines, done.quarantined), answer


DECLARED = Config(
    tiers=(Tier("primary", models=("gpt-5",)), Tier("secondary", models=("gpt-5-mini*",)), Tier("canned"))
)


@pytest.mark.parametrize("config", [Config(), DECLARED], ids=["no tiers declared", "declared"])
@pytest.mark.parametrize("case", CASES)
def test_a_file_asked_directly_says_what_a_store_of_it_says(tmp_path: Path, case: str, config: Config) -> None:
    log = _write(tmp_path / "app.jsonl", CASES[case](records()))
    stored = answered([log], config, "requests")
    assert answered([log], config, "tiers") == stored
    assert answered([log], config, "outcomes") == stored


def test_a_parquet_file_asked_directly_says_what_a_store_of_it_says(tmp_path: Path) -> None:
    import polars

    log = tmp_path / "app.parquet"
    polars.DataFrame(records()).write_parquet(log)
    assert answered([log], DECLARED, "tiers") == answered([log], DECLARED, "requests")


def test_two_files_of_which_one_names_no_tiers(tmp_path: Path) -> None:
    made = records()
    one = _write(tmp_path / "one.jsonl", made[:300])
    two = _write(tmp_path / "two.jsonl", [r | {"tier": None} for r in made[200:]])
    assert answered([one, two], Config(), "tiers") == answered([one, two], Config(), "requests")


# What a count by tier does not need, and does not read.
@pytest.mark.parametrize("fault", [{"input_tokens": -5}, {"attempts": "none"}, {"intent": {"a": 1}}, {"status": "odd"}])
def test_a_fault_in_a_field_that_no_count_needs_takes_no_request_out_of_it(tmp_path: Path, fault: Record) -> None:
    made = records()
    made[10] |= fault | {"drill": False}
    log = _write(tmp_path / "app.jsonl", made)
    counted = sum(not r["drill"] for r in made)
    totals = {}
    for keep in ("requests", "outcomes", "tiers"):
        _, answer = answered([log], Config(), keep)
        assert isinstance(answer, Mix)
        totals[keep] = answer.totals.total
    # Catches a count that always gives way to the closer look: that finds the fault.
    assert totals == {"requests": counted - 1, "outcomes": counted - 1, "tiers": counted}


def test_mix_of_a_file_counts_by_tier_alone_and_by_intent_looks_closer(tiermix: Program) -> None:
    log = _write(tiermix.folder / "app.jsonl", [r | {"drill": False} for r in records()])
    with log.open("a") as more:
        more.write(json.dumps(records()[0] | {"request_id": "odd", "drill": False, "input_tokens": -5}) + "\n")
    for by, counted in (((), 601), (("--by", "tier"), 601), (("--by", "intent"), 600), (("--by", "reason"), 600)):
        assert tiermix("mix", log, *by, "--json").json["totals"]["total"] == counted


def test_requests_are_the_same_when_all_of_their_hashes_is(tmp_path: Path) -> None:
    with Store.in_memory() as store:
        pairs = "SELECT min(i), max(i) FROM range(400_000) AS t(i) GROUP BY hash('r' || i) >> 32 HAVING count(*) > 1"
        halves = [f"r{i}" for pair in store.execute(pairs) for i in pair]
        assert len(halves) > 10
        made = [r | {"request_id": i} for r, i in zip(records(), halves, strict=False)]
        log = _write(tmp_path / "app.jsonl", made)
        ingest(store, Found((log,), frozenset((log,))), Config(), now=NOW)
        assert store.ask("ingest/added_twice", {"batch_id": 1}) == [(False, False)]
        store.ask("ingest/begin_count")
        store.execute("INSERT INTO counted SELECT 0, 0, request_hash FROM request_log")
        assert store.ask("ingest/counted_twice") == [(False,)]
        # Catches halves that are compared alone, above, and requests that are there twice and are not seen, here.
        for table in ("counted", "request_log"):
            store.execute(f"INSERT INTO {table} SELECT * FROM {table} LIMIT 1")
        assert store.ask("ingest/added_twice", {"batch_id": 1}) == [(True, False)]
        assert store.ask("ingest/counted_twice") == [(True,)]
