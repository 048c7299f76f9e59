"""Spans are kept, so that a trace may arrive in any number of nights; test_otel.py has what then comes out."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path
from typing import Any

import duckdb

from tests.conftest import Program, write_lines
from tests.test_sources import stored

BEGAN = 1_794_000_000_000_000_000
CLIENT, SERVER = 3, 2


def span(trace: str, name: str, up: str = "", *, kind: int = 1, **attributes: str) -> dict[str, Any]:
    """A record of one span, whose id is its name."""
    said = [{"key": k.replace("__", "."), "value": {"stringValue": v}} for k, v in attributes.items()]
    one = {
        "traceId": trace, "spanId": name, "parentSpanId": up, "name": name, "kind": kind, "attributes": said,
        "startTimeUnixNano": str(BEGAN), "endTimeUnixNano": str(BEGAN + 10**9), "status": {},
    }  # fmt: skip
    return {"resourceSpans": [{"resource": {}, "scopeSpans": [{"scope": {"name": "x"}, "spans": [one]}]}]}


def call(trace: str, name: str, up: str = "", **attributes: str) -> dict[str, Any]:
    """A model call."""
    return span(trace, name, up, kind=CLIENT, gen_ai__request__model="gpt-4o", **attributes)


def kept(folder: Path) -> list[dict[str, Any]]:
    """The spans in the store."""
    with duckdb.connect(str(folder / "tiermix.duckdb"), read_only=True) as db:
        return [json.loads(row[0]) for row in db.execute("SELECT span FROM span_log").fetchall()]


def test_what_cannot_matter_to_a_call_is_not_kept(tiermix: Program) -> None:
    # Catches a store that grows with every query of a database and every page served without a model.
    records = [
        call("a", "chat", "page"), span("a", "query", "page", kind=CLIENT), span("a", "page", kind=SERVER),
        span("b", "query", "page", kind=CLIENT), span("b", "page", kind=SERVER),
    ]  # fmt: skip
    assert tiermix("ingest", write_lines(tiermix.folder / "log.jsonl", records)).code == 0
    assert sorted((s["trace"], s["id"]) for s in kept(tiermix.folder)) == [("a", "chat"), ("a", "page")]


def test_a_span_that_comes_again_is_kept_once_and_is_a_duplicate(tiermix: Program) -> None:
    records = [call("a", "chat", "page"), span("a", "page", kind=SERVER)]
    assert tiermix("ingest", write_lines(tiermix.folder / "log.jsonl", records)).code == 0
    ran = tiermix("ingest", write_lines(tiermix.folder / "later.jsonl", [*records, call("b", "chat")]), "--json")
    assert (ran.json["accepted"], ran.json["duplicate"], ran.json["requests"]) == (2, 1, 1)
    assert len(kept(tiermix.folder)) == 3


def test_people_are_kept_as_hashed_as_elsewhere(tiermix: Program, monkeypatch: Any) -> None:
    # The outer span alone names them, and comes a night earlier. Catches names that are kept, or hashed twice.
    monkeypatch.setenv("TIERMIX_HASH_KEY", "k" * 32)
    (tiermix.folder / "tiermix.toml").write_text("[privacy]\nhash_users = true\n")
    outer = call("a", "outer", tenant__id="acme", user__id="ada@example.org")
    other = call("b", "other", tenant__id="acme", user__id="ada@example.org")
    for night, record in enumerate((outer, call("a", "inner", "outer"), other)):
        assert tiermix("ingest", write_lines(tiermix.folder / f"{night}.jsonl", [record])).code == 0
    people = stored(tiermix.folder, 'tenant, "user"')
    assert len(people) == 2
    assert len(set(people)) == 1
    assert "acme" not in str(people)
    store = (tiermix.folder / "tiermix.duckdb").read_bytes()
    assert b"ada@" not in store
    assert "acme" not in json.dumps(kept(tiermix.folder))


def test_absurd_names_do_not_reach_the_store(tiermix: Program) -> None:
    records = [call("a", "chat", gen_ai__response__model="m" * 1_000_000), call("t" * 100_000, "chat")]
    assert tiermix("ingest", write_lines(tiermix.folder / "log.jsonl", records)).code == 0
    assert [(s["trace"], len(s["got"])) for s in kept(tiermix.folder)] == [("a", 1024)]
    again = [*records, call("a", "other")]
    ran = tiermix("ingest", write_lines(tiermix.folder / "later.jsonl", again), "--json")
    assert (ran.json["duplicate"], ran.json["requests"]) == (2, 1)


def test_events_of_the_vllm_router_may_come_in_any_order(tiermix: Program) -> None:
    # Only the last one tells that the request failed. Catches judging the others without it.
    event: dict[str, Any] = {"ts": "2026-11-12T00:00:00Z", "request_id": "r"}
    events = [
        event | {"msg": "routing_decision", "original_model": "auto", "selected_model": "big", "reason_code": "hard"},
        event | {"msg": "llm_usage", "model": "big", "prompt_tokens": 10, "completion_tokens": 5},
        event | {"msg": "router_replay_complete", "selected_model": "big", "response_status": 503},
    ]
    for order in permutations(events):
        (tiermix.folder / "tiermix.duckdb").unlink(missing_ok=True)
        for night, record in enumerate(order):
            assert tiermix("ingest", write_lines(tiermix.folder / f"{night}.jsonl", [record])).code == 0
        assert stored(tiermix.folder, "requested_model, status, error") == [("auto", "error", "503")]


def test_traces_are_known_again_though_their_hashes_are_not(tiermix: Program) -> None:
    # As another DuckDB may have left them.
    assert tiermix("ingest", write_lines(tiermix.folder / "0.jsonl", [call("a", "outer")])).code == 0
    with duckdb.connect(str(tiermix.folder / "tiermix.duckdb")) as db:
        db.execute("UPDATE span_log SET trace_hash = 1")
        db.execute("UPDATE meta SET value = 'other' WHERE key = 'hash'")
    assert tiermix("ingest", write_lines(tiermix.folder / "1.jsonl", [call("a", "inner", "outer")])).code == 0
    assert len(stored(tiermix.folder, "request_id")) == 1


def test_attempts_of_a_store_that_kept_no_spans_are_not_counted_again(tiermix: Program) -> None:
    # Stores before schema 7 have the attempts alone.
    records = [call("a", "one"), call("b", "two")]
    assert tiermix("ingest", write_lines(tiermix.folder / "0.jsonl", records[:1])).code == 0
    with duckdb.connect(str(tiermix.folder / "tiermix.duckdb")) as db:
        db.execute("DROP TABLE span_log")
        db.execute("UPDATE meta SET value = '6' WHERE key = 'schema'")
    ran = tiermix("ingest", write_lines(tiermix.folder / "1.jsonl", records), "--json")
    assert (ran.json["duplicate"], ran.json["requests"]) == (1, 1)


def test_an_ingest_that_joins_earlier_requests_says_so(tiermix: Program) -> None:
    # Two calls in one span of a framework, which comes last. Catches "-1 requests added".
    failed = call("a", "one", "framework", error__type="Timeout")
    failed["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["status"] = {"code": 2}
    failed["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["endTimeUnixNano"] = str(BEGAN)
    for night, records in enumerate(([failed, call("a", "two", "other")], [call("a", "other", "framework")])):
        ran = tiermix("ingest", write_lines(tiermix.folder / f"{night}.jsonl", records))
        assert ran.code == 0, ran.err
    assert len(stored(tiermix.folder, "request_id")) == 1
    assert "1 request fewer in" in ran.out
    assert "belong to the same requests" in ran.out
