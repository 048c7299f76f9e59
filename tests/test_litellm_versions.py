"""LiteLLM: what real proxies of several versions logged of single requests, and what their clients saw of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import HERE, Program, write_lines

LOGGED = (HERE / "data" / "litellm_versions.jsonl").read_text().splitlines()
CASES: dict[str, list[dict[str, Any]]] = {c["case"]: c["records"] for c in map(json.loads, LOGGED)}
SONNET = "claude-sonnet-4-5-20250929"
COOLED = "RouterRateLimitError"
# What was asked for, what answered, its tier, how it ended, whether a fallback fired (None: no record tells), and why.
WANT: dict[str, list[tuple[Any, ...]]] = {
    # While a group cools down, the record names the group of the fallback as if it had been asked for.
    "1.109.1_cooldown_group": [("mid", "openai/gpt-4.1-mini", "secondary", "ok", True, COOLED)] * 2,
    "1.109.1_cooldown_stream": [("premium", f"anthropic/{SONNET}", "secondary", "ok", True, COOLED)],
    "1.77.7_cooldown_model_is_group": [("premium", SONNET, "secondary", "ok", True, COOLED)],
    "1.77.7_cooldown_stream_fallback_hidden": [("premium", SONNET, "secondary", "ok", True, COOLED)],
    # A failure is logged when the next attempt has begun already.
    "1.77.7_cooldown_split": [("mid", "gpt-4o-mini", "secondary", "ok", True, COOLED)],
    "1.77.7_stream_retries_split": [("premium", SONNET, "secondary", "ok", True, "InternalServerError")],
    "1.77.7_messages_failed_twice": [("solo", None, "unserved", "error", False, "InternalServerError")],
    # The group of the fallback is not logged at all; another model answered than the one that failed.
    "1.77.7_messages_fallback": [("aprem", SONNET, "secondary", "ok", None, "BaseLLMException")],
    "1.83.14_messages_fallback": [("aprem", f"anthropic/{SONNET}", "secondary", "ok", None, "BaseLLMException")],
    "1.83.14_responses_stream_fallback": [
        ("premium", f"anthropic/{SONNET}", "secondary", "ok", None, "InternalServerError")
    ],
    # It stands in a header.
    "1.83.14_responses_asked_lost": [
        ("premium", f"anthropic/{SONNET}", "secondary", "ok", True, "InternalServerError")
    ],
    # The chat that a response is made of is logged, too.
    "1.77.7_responses_twice": [("mid", SONNET, "primary", "ok", False, None)],
    "1.77.7_responses_fallback_twice": [("premium", SONNET, "secondary", "ok", None, "InternalServerError")],
    "1.77.7_responses_fallback_split": [("mid", "gpt-4o-mini", "secondary", "ok", None, "InternalServerError")],
    # Spend logs: a row a billed retry, and the group that was tried last.
    "1.109.1_billed_retry": [("solo", None, "unserved", "error", None, "Timeout")],
    "1.77.7_failed_after_fallback": [("premium", None, "unserved", "error", None, "InternalServerError")],
}


def stored(folder: Path) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(folder / "tiermix.duckdb"), read_only=True) as db:
        return db.execute(
            "SELECT requested_model, served_model, tier, status, fallback, reason FROM requests ORDER BY ts"
        ).fetchall()


@pytest.mark.parametrize("case", CASES)
def test_a_request_is_what_its_client_saw(tiermix: Program, case: str) -> None:
    write_lines(tiermix.folder / "log.jsonl", CASES[case])
    ran = tiermix("ingest", "log.jsonl", "--json")
    assert (ran.code, ran.json["quarantined"]) == (0, 0), ran.err
    assert stored(tiermix.folder) == WANT[case]


@pytest.mark.parametrize("case", CASES)
def test_its_records_may_come_one_by_one_and_the_last_first(tiermix: Program, case: str) -> None:
    for record in reversed(CASES[case]):
        write_lines(tiermix.folder / "log.jsonl", [record])
        assert tiermix("ingest", "log.jsonl", "--max-bad", "1").code == 0
    assert stored(tiermix.folder) == WANT[case]


def test_a_group_of_another_error_is_none(tiermix: Program) -> None:
    # What an error of a model says is the model's, and may be a prompt.
    record = json.loads(json.dumps(CASES["1.109.1_cooldown_stream"][0]))
    record["error_information"]["error_class"] = "BadRequestError"
    write_lines(tiermix.folder / "log.jsonl", [record])
    assert tiermix("ingest", "log.jsonl").code == 0
    assert stored(tiermix.folder)[0][0] == "mid"
