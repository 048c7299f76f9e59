"""Every gateway's records, field by field as that gateway writes them, and what they must mean.

The LiteLLM payloads have a file of their own. Records marked REAL are read from the folder of real logs.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import HERE, Program, write_lines
from tiermix.sources import dialects

FIELDS = "request_id, requested_model, served_model, provider, status, fallback, reason, coalesce(len(attempts), 1), cost_usd"  # a single attempt that succeeded is not kept

Wanted = tuple[str, str | None, str | None, str | None, str, bool | None, str | None, int | None, float | None]


def stored(folder: Path, fields: str = FIELDS, where: str = "true") -> list[tuple[Any, ...]]:
    with duckdb.connect(str(folder / "tiermix.duckdb"), read_only=True) as db:
        return db.execute(f"SELECT {fields} FROM requests WHERE {where} ORDER BY ts, request_id").fetchall()


def otlp(*spans: dict[str, Any], service: str = "bot") -> dict[str, Any]:
    about = [{"key": "service.name", "value": {"stringValue": service}}]
    return {
        "resourceSpans": [
            {"resource": {"attributes": about}, "scopeSpans": [{"scope": {"name": "x"}, "spans": list(spans)}]}
        ]
    }


def span(n: int, parent: str, code: int = 0, name: str = "chat", **attributes: Any) -> dict[str, Any]:
    start = 1795234164000000000 + n * 1_000_000_000
    return {
        "traceId": "t1", "spanId": f"s{n}", "parentSpanId": parent, "name": name, "kind": 3,
        "startTimeUnixNano": str(start), "endTimeUnixNano": str(start + 500_000_000),
        "attributes": [{"key": k.replace("__", "."), "value": {"stringValue": v}} for k, v in attributes.items()],
        "status": {"code": code} if code else {},
    }  # fmt: skip


OTEL = otlp(
    span(0, "", name="answer"),
    span(1, "p1", 2, gen_ai__operation__name="chat", gen_ai__request__model="gpt-4o", error__type="RateLimitError",
         gen_ai__system="openai"),
    span(2, "p1", gen_ai__operation__name="chat", gen_ai__request__model="gpt-4o-mini",
         gen_ai__response__model="gpt-4o-mini-2024-07-18", gen_ai__system="openai"),
    span(3, "p2", gen_ai__operation__name="chat", gen_ai__request__model="gpt-4o", gen_ai__response__model="gpt-4o-2024-08-06",
         gen_ai__provider__name="openai"),
    span(4, "p2", gen_ai__operation__name="execute_tool", gen_ai__request__model="gpt-4o"),
    span(5, "p3", 2, openinference__span__kind="LLM", llm__system="openai", llm__invocation_parameters='{"model": "gpt-4o"}'),
    span(6, "p3", openinference__span__kind="LLM", llm__model_name="gpt-4o-2024-08-06", llm__system="openai"),
    span(7, "p3", openinference__span__kind="TOOL", llm__model_name="x"),
)  # fmt: skip

CASES: dict[str, tuple[list[Any], list[Wanted]]] = {
    "litellm_spend": (
        [
            {"request_id": "chatcmpl-a6de", "litellm_call_id": "4f16", "call_type": "acompletion",
             "startTime": "2026-11-21 04:09:44.654348+00:00", "endTime": "2026-11-21 04:09:44.698+00:00",
             "request_duration_ms": 44, "model": "anthropic/claude-sonnet-4-5-20250929", "model_group": "mid",
             "custom_llm_provider": "anthropic", "spend": 0.0044, "cache_hit": "None", "status": "success",
             "request_tags": "[\"feature:agent\"]",
             "metadata": "{\"attempted_fallbacks\":2,\"attempted_retries\":0,\"original_model_group\":\"premium\"}"},
            {"request_id": "old", "call_type": "acompletion", "startTime": "2026-11-21 04:10:44+00:00",
             "endTime": "2026-11-21 04:10:45+00:00", "model": "gpt-4o", "model_group": "premium", "api_key": "k",
             "custom_llm_provider": "openai", "spend": 0.001, "cache_hit": "", "status": "success", "metadata": "{}"},
            {"request_id": "bad", "call_type": "acompletion", "startTime": "2026-11-21 04:11:44+00:00",
             "endTime": "2026-11-21 04:11:45+00:00", "model": "gpt-4o", "model_group": "premium", "api_key": "k",
             "custom_llm_provider": "openai", "spend": 0, "cache_hit": "", "status": "failure",
             "metadata": "{\"error_information\": {\"error_class\": \"RateLimitError\"}}"},
        ],
        [
            ("4f16", "premium", "anthropic/claude-sonnet-4-5-20250929", "anthropic", "ok", True, None, 1, 0.0044),
            ("old", None, "gpt-4o", "openai", "ok", None, None, 1, 0.001),  # cannot tell: no key is not a zero
            ("bad", "premium", None, "openai", "error", None, "RateLimitError", 1, 0.0),
        ],
    ),
    "otel": (
        [OTEL],
        [
            ("t1/s1", "gpt-4o", "gpt-4o-mini-2024-07-18", "openai", "ok", True, "RateLimitError", 2, None),
            ("t1/s3", "gpt-4o", "gpt-4o-2024-08-06", "openai", "ok", None, None, 1, None),
            ("t1/s5", "gpt-4o", "gpt-4o-2024-08-06", "openai", "ok", None, None, 2, None),  # the same model again: a retry,
        ],
    ),
    "langfuse": (
        [
            {"id": "7f0c", "trace_id": "t-91", "type": "GENERATION", "name": "litellm-acompletion",
             "parent_observation_id": None, "start_time": "2026-08-03 10:15:04.120000",
             "end_time": "2026-08-03 10:15:05.980000", "provided_model_name": "claude-sonnet-4-5-20250929",
             "level": "DEFAULT", "status_message": "", "usage_details": {"input": 285, "output": 236, "total": 521},
             "total_cost": 0.0044, "latency": 1.86, "user_id": "u-7", "tags": ["feature:chat"],
             "metadata": {"model_group": "mid"}},
            {"id": "span", "trace_id": "t-91", "type": "SPAN", "start_time": "2026-08-03 10:15:04", "level": "DEFAULT"},
            {"id": "e1", "trace_id": "t-92", "type": "GENERATION", "parent_observation_id": "p",
             "start_time": "2026-08-03 10:16:04", "end_time": "2026-08-03 10:16:05", "provided_model_name": "gpt-4o",
             "level": "ERROR", "status_message": "429"},
            {"id": "e2", "trace_id": "t-92", "type": "GENERATION", "parent_observation_id": "p",
             "start_time": "2026-08-03 10:16:06", "end_time": "2026-08-03 10:16:07", "provided_model_name": "gpt-4o-mini",
             "level": "DEFAULT"},
            {"id": "e3", "trace_id": "t-92", "type": "GENERATION", "parent_observation_id": "p",
             "start_time": "2026-08-03 10:16:08", "end_time": "2026-08-03 10:16:09", "provided_model_name": "o3",
             "level": "DEFAULT"},
        ],
        [
            ("7f0c", "mid", "claude-sonnet-4-5-20250929", None, "ok", None, None, 1, 0.0044),
            ("e1", "gpt-4o", "gpt-4o-mini", None, "ok", True, "429", 2, None),
            ("e3", None, "o3", None, "ok", None, None, 1, None),  # an agent's next call, not a fallback
        ],
    ),
    "helicone": (
        [
            {"request_id": "h-1", "request_created_at": "2026-08-03T10:15:04.120Z", "response_status": 200,
             "request_model": "gpt-4o", "response_model": "gpt-4o-2024-08-06", "provider": "OPENAI", "request_user_id": "u-7",
             "request_properties": {"feature": "chat"}, "delay_ms": 1860, "time_to_first_token": 410, "prompt_tokens": 285,
             "completion_tokens": 236, "costUSD": 0.0031, "cache_reference_id": "00000000-0000-0000-0000-000000000000"},
            {"request_id": "h-2", "request_created_at": "2026-08-03T10:15:05Z", "response_status": 500,
             "request_model": "gpt-4o", "response_model": None, "provider": "OPENAI"},
        ],
        [
            ("h-1", "gpt-4o", "gpt-4o-2024-08-06", "OPENAI", "ok", None, None, 1, 0.0031),
            ("h-2", "gpt-4o", "gpt-4o", "OPENAI", "error", None, None, 1, None),
        ],
    ),
    "portkey": (
        [
            {"id": "550e", "trace_id": "tr-1", "created_at": "2026-08-03T10:15:04.120Z", "ai_org": "openai",
             "ai_model": "gpt-4o", "req_units": 285, "res_units": 0, "total_units": 285, "cost": 0, "response_time": 310,
             "response_status_code": 429, "config": "pc-fallback-1", "metadata": {"_user": "u-7", "feature": "chat"}},
            {"id": "551f", "trace_id": "tr-1", "created_at": "2026-08-03T10:15:04.480Z", "ai_org": "anthropic",
             "ai_model": "claude-sonnet-4-5", "req_units": 285, "res_units": 236, "total_units": 521, "cost": 0.44,
             "response_time": 1460, "response_status_code": 200.0, "config": "pc-fallback-1", "metadata": {}},
            {"id": "5520", "trace_id": "tr-1", "created_at": "2026-08-03T10:15:09Z", "ai_org": "openai", "ai_model": "gpt-4o",
             "cost": 1, "response_time": 100, "response_status_code": 200},
        ],
        [
            ("550e", "gpt-4o", "claude-sonnet-4-5", "anthropic", "ok", True, "429", 2, 0.0044),  # cents
            ("5520", "gpt-4o", "gpt-4o", "openai", "ok", False, None, 1, 0.01),  # the caller's trace goes on
        ],
    ),
    "openrouter": (
        [
            {"id": "gen-177", "request_id": "req-9", "created_at": "2026-08-03T10:15:04.120Z",
             "model": "anthropic/claude-sonnet-4.5", "router": "openrouter/auto", "provider_name": "Amazon Bedrock",
             "provider_responses": [{"provider_name": "Anthropic", "status": 529, "latency": 210},
                                    {"provider_name": "Amazon Bedrock", "status": 200, "latency": 480}],
             "latency": 690, "generation_time": 1460, "tokens_prompt": 285, "tokens_completion": 236, "total_cost": 0.0044,
             "streamed": True, "cancelled": False, "finish_reason": "stop", "external_user": "u-7"},
            {"id": "gen-178", "created_at": "2026-08-03T10:15:05Z", "model": "openai/gpt-4o", "provider_name": "OpenAI",
             "provider_responses": [{"provider_name": "OpenAI", "status": 200, "latency": 480}], "total_cost": 0.001},
        ],
        [
            ("req-9", "openrouter/auto", "anthropic/claude-sonnet-4.5", "Amazon Bedrock", "ok", True, "529", 2, 0.0044),
            ("gen-178", None, "openai/gpt-4o", "OpenAI", "ok", False, None, 1, 0.001),
        ],
    ),
    "bifrost": (
        [
            {"id": "r1", "timestamp": "2026-08-03T10:15:04Z", "provider": "openai", "model": "gpt-4o", "fallback_index": 0,
             "number_of_retries": 2, "latency": 812, "status": "error", "error_details": {"status_code": 429}},
            {"id": "r1f1", "parent_request_id": "r1", "timestamp": "2026-08-03T10:15:05Z", "provider": "anthropic",
             "model": "claude-sonnet-4-5", "fallback_index": 1, "number_of_retries": 0, "latency": 1460,
             "token_usage": {"prompt_tokens": 285, "completion_tokens": 236, "total_tokens": 521}, "cost": 0.0044,
             "status": "success", "team_id": "search"},
            {"id": "r2", "timestamp": "2026-08-03T10:16:04Z", "provider": "openai", "model": "gpt-4o", "fallback_index": 0,
             "latency": 812, "status": "processing"},
            {"id": "r3", "timestamp": "2026-08-03T10:17:04Z", "provider": "openai", "model": "gpt-4o", "fallback_index": 0,
             "latency": 812, "status": "success"},
        ],
        [
            ("r1", "gpt-4o", "claude-sonnet-4-5", "anthropic", "ok", True, "429", 2, 0.0044),
            ("r3", "gpt-4o", "gpt-4o", "openai", "ok", False, None, 1, None),
        ],
    ),
    "kong": (
        [
            {"started_at": 1785752104120, "request": {"id": "9c1e", "uri": "/chat"}, "response": {"status": 200},
             "latencies": {"request": 1860, "proxy": 1790, "kong": 9}, "consumer": {"username": "search"},
             "ai": {"proxy": {"meta": {"request_model": "gpt-4o", "response_model": "claude-sonnet-4-5",
                                       "provider_name": "anthropic", "llm_latency": 1710, "request_mode": "oneshot"},
                              "usage": {"prompt_tokens": 285, "completion_tokens": 236, "total_tokens": 521, "cost": 0.0044},
                              "cache": {}, "tried_targets": [{"provider": "openai", "model": "gpt-4o"},
                                                             {"provider": "anthropic", "model": "claude-sonnet-4-5"}]}}},
            {"started_at": 1785752105120, "request": {"id": "9c1f"}, "response": {"status": 200},
             "ai": {"proxy": {"meta": {"request_model": "gpt-4o", "response_model": "gpt-4o", "provider_name": "openai"},
                              "tried_targets": [{"provider": "openai", "model": "gpt-4o"},
                                                {"provider": "openai", "model": "gpt-4o"}]}}},
        ],
        [
            ("9c1e", "gpt-4o", "claude-sonnet-4-5", "anthropic", "ok", True, None, 2, 0.0044),
            ("9c1f", "gpt-4o", "gpt-4o", "openai", "ok", False, None, 2, None),  # the same target again is a retry
        ],
    ),
    "databricks": (
        [
            {"event_time": "2026-08-03T10:15:04Z", "request_id": "q1", "endpoint_name": "chat-prod",
             "destination_model": "claude-sonnet-4-5", "status_code": 200, "latency_ms": 1860, "time_to_first_byte_ms": 410,
             "input_tokens": 285, "output_tokens": 236, "request_tags": {"team": "search"},
             "routing_information": {"attempts": [
                 {"action": "INITIAL_ATTEMPT", "destination": "gpt-4o", "status_code": 429, "error_code": "RATE_LIMIT"},
                 {"action": "FALLBACK", "destination": "claude-sonnet-4-5", "status_code": 200}]}},
            {"event_time": "2026-08-03T10:15:05Z", "request_id": "q2", "endpoint_name": "chat-prod",
             "destination_model": "gpt-4o", "status_code": 503, "latency_ms": 18},
        ],
        [
            ("q1", "gpt-4o", "claude-sonnet-4-5", None, "ok", True, "RATE_LIMIT", 2, None),
            ("q2", None, "gpt-4o", None, "error", None, None, 1, None),  # without attempts, the first may have been another
        ],
    ),
    "envoy": (
        [
            {"start_time": "2026-08-03T10:15:04.120Z", "x-request-id": "e-1", "gen_ai.request.model": "gpt-4o-mini",
             "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
             "gen_ai.provider.name": "default/openai/route/aigw-run/rule/0/ref/0", "gen_ai.usage.input_tokens": 15,
             "gen_ai.usage.output_tokens": 7, "gen_ai.usage.total_tokens": 22, "response_code": 200, "duration": 1526,
             "response_flags": "-"},
            {"start_time": "2026-08-03T10:15:05Z", "x-request-id": "e-2", "gen_ai.request.model": "gpt-4o",
             "gen_ai.response.model": "-", "gen_ai.usage.input_tokens": "-", "response_code": 503, "duration": 5},
        ],
        [
            ("e-1", "gpt-4o-mini", "gpt-4o-mini-2024-07-18", "default/openai/route/aigw-run/rule/0/ref/0", "ok", None, None,
             1, None),
            ("e-2", "gpt-4o", "gpt-4o", None, "error", None, None, 1, None),
        ],
    ),
    "cloudflare": (
        [
            {"id": "01K1", "created_at": "2026-08-03T10:15:04Z", "provider": "anthropic", "model": "claude-sonnet-4-5",
             "duration": 1860, "status_code": 200, "success": True, "cached": False, "tokens_in": 285, "tokens_out": 236,
             "cost": 0.0044, "step": 1, "metadata": {"team": "search"}},
            {"id": "01K2", "created_at": "2026-08-03T10:15:05Z", "provider": "openai", "model": "gpt-4o", "duration": 1860,
             "status_code": 200, "success": True, "cached": False, "tokens_in": 1, "tokens_out": 2, "cost": 0.1, "step": 0},
        ],
        [
            ("01K1", None, "claude-sonnet-4-5", "anthropic", "ok", True, None, 1, 0.0044),
            ("01K2", "gpt-4o", "gpt-4o", "openai", "ok", False, None, 1, 0.1),
        ],
    ),
    "vllm_semantic_router": (
        [
            {"level": "info", "ts": "2026-08-03T10:15:04Z", "msg": "routing_decision", "request_id": "v-1",
             "original_model": "auto", "selected_model": "llama-8b", "decision": "easy_math", "reason_code": "auto_routing",
             "routing_latency_ms": 7},
            {"level": "info", "ts": "2026-08-03T10:15:05Z", "msg": "llm_usage", "request_id": "v-1", "model": "llama-8b",
             "prompt_tokens": 10, "completion_tokens": 20, "completion_latency_ms": 900, "cost": 0.002, "currency": "USD"},
            {"level": "info", "ts": "2026-08-03T10:15:05Z", "msg": "starting", "request_id": "v-9"},
        ],
        [("v-1", "auto", "llama-8b", None, "ok", False, "auto_routing", 2, 0.002)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_records_mean_what_the_gateway_means(tiermix: Program, name: str) -> None:
    records, want = CASES[name]
    ran = tiermix("ingest", write_lines(tiermix.folder / "log.jsonl", records), "--json")
    assert ran.code == 0, ran.err
    assert ran.json["files"][0]["source"] == name
    assert (ran.json["lines"], ran.json["accepted"], ran.json["quarantined"]) == (len(records), len(records), 0)
    assert stored(tiermix.folder) == want
    again = tiermix("ingest", write_lines(tiermix.folder / "copy.jsonl", records), "--json").json
    assert again["requests"] == 0
    assert stored(tiermix.folder) == want


def payload(n: int, *, params: dict[str, Any] | None = None, answer: Any = None, **metadata: Any) -> dict[str, Any]:
    """A success as LiteLLM's proxy writes it."""
    return {
        "id": f"chatcmpl-{n}", "litellm_call_id": f"call-{n}", "trace_id": f"t{n}", "call_type": "acompletion",
        "status": "success", "model_group": "premium", "model": "anthropic/claude-fable-5", "custom_llm_provider": "anthropic",
        "startTime": 1795234164.0 + n, "endTime": 1795234165.0 + n, "cache_hit": None, "response": answer,
        "model_parameters": {"stream": False, **(params or {})}, "error_information": {"error_code": "", "error_class": ""},
        "metadata": {"user_api_key_hash": "k", "user_api_key_team_id": "search", **metadata},
    }  # fmt: skip


def spent(n: int, **metadata: Any) -> dict[str, Any]:
    """A success as LiteLLM's proxy bills it."""
    return {
        "request_id": f"chatcmpl-{n}", "litellm_call_id": f"call-{n}", "call_type": "acompletion", "api_key": "k",
        "startTime": f"2026-11-19 04:0{n}:44+00:00", "endTime": f"2026-11-19 04:0{n}:45+00:00", "status": "success",
        "model": "anthropic/claude-fable-5", "model_group": "premium", "custom_llm_provider": "anthropic", "spend": 0.01,
        "cache_hit": "None", "metadata": json.dumps(metadata),
    }  # fmt: skip


REFUSED = {
    "prompt_tokens": 412, "iterations": [
        {"type": "message", "model": "claude-fable-5", "input_tokens": 412, "output_tokens": 0},
        {"type": "fallback_message", "model": "claude-opus-4-8", "input_tokens": 412, "output_tokens": 264},
    ],
}  # fmt: skip
ANSWERED = {"prompt_tokens": 412, "iterations": [{"type": "message", "model": "claude-fable-5", "input_tokens": 412}]}
QUIET = "tier, intended_tier, served_model, reason, fallback"


@pytest.mark.parametrize(
    ("record", "want"),
    [
        (payload(1, usage_object=REFUSED), ("secondary", "claude-opus-4-8", "refusal")),
        (payload(1, usage_object=ANSWERED), ("primary", "anthropic/claude-fable-5", None)),
        (payload(1, usage_object={"iterations": None}), ("primary", "anthropic/claude-fable-5", None)),
        (
            payload(1, params={"service_tier": "priority"}, answer={"service_tier": "default"}),
            ("secondary", "anthropic/claude-fable-5", "service_tier_default"),
        ),
        (
            payload(1, params={"service_tier": "default"}, answer={"service_tier": "flex"}),
            ("secondary", "anthropic/claude-fable-5", "service_tier_flex"),
        ),
        # What was left to the provider, given as asked, better than asked, or not told is no demotion.
        *(
            (
                payload(1, params={"service_tier": asked}, answer={"service_tier": given}),
                ("primary", "anthropic/claude-fable-5", None),
            )
            for asked, given in (
                ("auto", "default"),
                ("priority", "priority"),
                ("flex", "default"),
                ("priority", None),
                (None, "default"),
            )
        ),
        (
            payload(1, params={"service_tier": "priority"}, answer="redacted-by-litellm"),
            ("primary", "anthropic/claude-fable-5", None),
        ),
        (payload(1, azure_spillover=True), ("secondary", "anthropic/claude-fable-5", "azure_spillover")),
        (spent(1, attempted_fallbacks=0, usage_object=REFUSED), ("secondary", "claude-opus-4-8", "refusal")),
        (spent(1, usage_object=REFUSED), ("secondary", "claude-opus-4-8", "refusal")),
        (spent(1, attempted_fallbacks=0, usage_object=ANSWERED), ("primary", "anthropic/claude-fable-5", None)),
        (
            spent(1, attempted_fallbacks=0, azure_spillover=True),
            ("secondary", "anthropic/claude-fable-5", "azure_spillover"),
        ),
        (
            otlp(
                span(1, "p", gen_ai__request__model="gpt-5", gen_ai__response__model="gpt-5-2026-05-01",
                     openai__request__service_tier="priority", openai__response__service_tier="default")
            ),
            ("secondary", "gpt-5-2026-05-01", "service_tier_default"),
        ),
        (
            otlp(
                span(1, "p", gen_ai__request__model="gpt-5", gen_ai__response__model="gpt-5",
                     gen_ai__openai__request__service_tier="scale", gen_ai__openai__response__service_tier="scale")
            ),
            ("primary", "gpt-5", None),
        ),
        (
            otlp(span(1, "p", gen_ai__request__model="claude-fable-5", gen_ai__response__model="claude-opus-4-8")),
            ("secondary", "claude-opus-4-8", None),  # another model than was asked for; why is not said
        ),
        (
            otlp(span(1, "p", gen_ai__request__model="claude-opus-4.8", gen_ai__response__model="us.anthropic.claude-opus-4-8-v1:0")),
            ("primary", "us.anthropic.claude-opus-4-8-v1:0", None),
        ),
    ],
)  # fmt: skip
def test_a_switch_that_leaves_no_error_is_found_where_the_record_shows_it(
    tiermix: Program, record: dict[str, Any], want: tuple[str, str, str | None]
) -> None:
    # Catches taking the answer of a stand-in for that of the model that was asked for, and any difference of service
    # tiers for a demotion.
    ran = tiermix("ingest", write_lines(tiermix.folder / "log.jsonl", [record]), "--json")
    assert (ran.code, ran.json["accepted"]) == (0, 1), ran.err
    [(tier, intended, served, reason, fallback)] = stored(tiermix.folder, QUIET)
    assert (tier, served, reason) == want
    assert intended == "primary"
    assert fallback is not True  # no fallback of the gateway fired


def test_a_refusal_after_a_failed_attempt_is_one_request(tiermix: Program) -> None:
    failed = payload(1) | {
        "id": "f1", "status": "failure", "startTime": 1795234163.0, "endTime": 1795234163.5,
        "error_information": {"error_code": "429", "error_class": "RateLimitError"},
    }  # fmt: skip
    rows = [failed, payload(1, usage_object=REFUSED)]
    assert tiermix("ingest", write_lines(tiermix.folder / "log.jsonl", rows)).code == 0
    assert stored(tiermix.folder, "tier, served_model, len(attempts)") == [("secondary", "claude-opus-4-8", 2)]


def test_what_a_log_cannot_tell_is_said_with_its_source_and_the_number_of_requests(tiermix: Program) -> None:
    # A CSV that names served models only, old spend logs, and a log that tells everything. Catches counting drills, the
    # other sources, and requests of another tier as known.
    (tiermix.folder / "activity.csv").write_text(
        "generation_id,created_at,model_permaslug,provider_name,tokens_prompt,cost_total\n"
        + "".join(f"gen-{n},2026-11-19 10:0{n}:00,openai/gpt-4o,OpenAI,5,0.1\n" for n in range(3))
    )
    old = [spent(n) for n in range(2)] + [spent(5, attempted_fallbacks=0)]
    told = {"tier": "primary", "intended_tier": "primary", "fallback": False, "ts": "2026-11-19T10:00:00Z"}
    drill = {"ts": "2026-11-19T10:00:00Z", "served_model": "gpt-4o", "drill": True, "request_id": "d"}
    native = [told | {"request_id": f"n{n}"} for n in range(4)] + [drill]
    files = [write_lines(tiermix.folder / "spend.jsonl", old), write_lines(tiermix.folder / "native.jsonl", native)]
    assert tiermix("ingest", "activity.csv", *files).code == 0
    want = [
        {"source": "litellm_spend", "intended": 2, "fallback": 2},
        {"source": "openrouter_activity", "intended": 3, "fallback": 3},
    ]
    trust = tiermix("status", "--json").json["trust"]
    assert (trust["cannot_tell"], trust["fallback_unknown"]) == (want, 5)
    shown = " ".join(tiermix("status", env={"COLUMNS": "200"}).out.split())
    assert "intended tier not recorded 5 requests (litellm_spend 2, openrouter_activity 3)" in shown
    assert "fallback not recorded 5 requests (litellm_spend 2, openrouter_activity 3)" in shown
    assert tiermix("report", "-o", "r.html", "--days", "5").code == 0
    page = (tiermix.folder / "r.html").read_text()
    assert "intended tier not recorded" in page
    assert "5 requests (litellm_spend 2, openrouter_activity 3)" in page
    assert tiermix("report", "--json", "--days", "5").json["trust"]["cannot_tell"] == want


def test_the_capacity_that_was_served_can_be_declared_a_tier(tiermix: Program) -> None:
    (tiermix.folder / "tiermix.toml").write_text(
        '[[tier]]\nname = "best"\nmodels = ["claude-fable-*"]\n'
        '[[tier]]\nname = "shared"\nreasons = ["service_tier_*", "azure_spillover"]\n'
    )
    rows = [payload(1, azure_spillover=True), payload(2)]
    assert tiermix("ingest", write_lines(tiermix.folder / "log.jsonl", rows)).code == 0
    found = [("shared", "azure_spillover"), ("best", None)]
    assert stored(tiermix.folder, "tier, reason") == found


def test_every_shipped_source_has_a_test_of_its_records() -> None:
    elsewhere = {
        "native",
        "litellm",
        "langfuse_api",
        "langfuse_observations",
        "openrouter_activity",
        "cloudflare_logpush",
        "vllm_router_decisions",
    }
    assert set(CASES) | elsewhere == set(dialects())


def test_openrouter_activity_as_csv(tiermix: Program) -> None:
    (tiermix.folder / "activity.csv").write_text(
        "generation_id,created_at,cost_total,byok_usage_inference,tokens_prompt,tokens_completion,model_permaslug,"
        "provider_name,variant,cancelled,streamed,user,finish_reason_normalized,generation_time_ms,api_key_name,app_name\n"
        'gen-1,2026-06-28 03:46:57.713,0.0044,0,285,236,anthropic/claude-4.5-sonnet,"Bedrock, EU",standard,false,true,u7,stop,'
        "1460,search,chat\n"
        "gen-2,2026-06-28 03:47:57.713,0.001,0,28,23,openai/gpt-4o,OpenAI,standard,false,true,,error,1460,search,chat\n"
    )
    ran = tiermix("ingest", "activity.csv", "--json")
    assert (ran.json["files"][0]["source"], ran.json["lines"]) == ("openrouter_activity", 2)
    assert stored(tiermix.folder) == [
        ("gen-1", None, "anthropic/claude-4.5-sonnet", "Bedrock, EU", "ok", None, None, 1, 0.0044),
        ("gen-2", None, "openai/gpt-4o", "OpenAI", "error", None, None, 1, 0.001),
    ]


def test_a_mapping_reads_csv(tiermix: Program) -> None:
    (tiermix.folder / "tiermix.toml").write_text(
        '[source.mine.fields]\nts = "when"\nserved_model = "model name"\nrequested_model = "asked"\nrequest_id = "no"\n'
    )
    (tiermix.folder / "log.csv").write_text(
        "no,when,asked,model name\n1,2026-06-28T00:00:00Z,a,a\n2,2026-06-28T00:00:01Z,a,b\n"
    )
    assert tiermix("ingest", "log.csv", "--json").json["requests"] == 2
    assert tiermix("mix", "--json").tiers == {"primary": 1, "secondary": 1}


def test_logpush_is_refused_with_its_reason(tiermix: Program) -> None:
    record = {
        "Cached": False,
        "Endpoint": "e",
        "Gateway": "g",
        "Model": "gpt-4o",
        "Provider": "openai",
        "StatusCode": 200,
    }
    ran = tiermix("ingest", write_lines(tiermix.folder / "push.jsonl", [record]))
    assert ran.code == 3
    assert "carry no time in clear" in ran.err
    assert "fix: export the logs through the AI Gateway Logs API" in ran.err


def test_router_decisions_of_a_benchmark_are_refused_with_their_reason(tiermix: Program, shared: Path) -> None:
    ran = tiermix("ingest", shared / "vllm_semantic_router" / "router_decisions.semantic_router.jsonl")  # REAL
    assert ran.code == 3
    assert "seconds from the start of a run" in ran.err


def expected() -> list[dict[str, str]]:
    with (HERE / "data" / "litellm_proxy_expected.csv").open() as lines:
        return list(csv.DictReader(lines))


def test_spend_logs_of_the_real_proxy(tiermix: Program, shared: Path) -> None:
    want = {r["litellm_call_id"]: r for r in expected() if r["final_status"] == "success"}
    ran = tiermix("ingest", shared / "litellm" / "proxy_1.106.2" / "spendlogs.jsonl.gz", "--json")  # REAL
    assert ran.json["requests"] == len(want) == 37
    for call, requested, model, _, _, fallback, *_ in stored(tiermix.folder):
        assert (requested, model, fallback) == (
            want[call]["requested_model_group"], want[call]["served_model"], want[call]["fallback"] == "1",
        )  # fmt: skip


def test_otlp_traces_of_the_real_proxy(tiermix: Program, shared: Path) -> None:
    # Catches counting raw_gen_ai_request spans, and reading gen_ai.response.model, which is the alias here.
    want = {r["litellm_call_id"]: r for r in expected()}
    ran = tiermix("ingest", shared / "litellm" / "proxy_1.106.2" / "proxy_otlp_traces.jsonl.gz", "--json")  # REAL
    assert ran.json["requests"] == len(want) == 40
    for call, requested, model, _, status, fallback, *_ in stored(tiermix.folder):
        row = want[call]
        assert status == {"success": "ok", "failure": "error"}[row["final_status"]]
        assert fallback == (row["fallback"] == "1")
        if status == "ok" and row["cache_hit"] == "0":
            assert (requested, model) == (row["requested_model_group"], row["served_model"])


@pytest.mark.parametrize(
    "name",
    ["openllmetry_openai_otlp.jsonl", "otel_openai_v2_otlp.jsonl", "otel_openai_v2_latest_experimental_otlp.jsonl"],
)
def test_spans_of_real_instrumentations(tiermix: Program, shared: Path, name: str) -> None:
    # Twelve calls answered by the model they asked for, and three 429s that the application rescued with the mini.
    path = shared / "otlp" / name
    spans = [
        s for line in path.read_text().splitlines() for r in json.loads(line)["resourceSpans"] for x in r["scopeSpans"]
        for s in x["spans"] if any(a["key"] == "gen_ai.request.model" for a in s["attributes"])
    ]  # fmt: skip
    failed = sum(s["status"].get("code") == 2 for s in spans)
    ran = tiermix("ingest", path, "--json")  # REAL
    assert ran.json["requests"] == len(spans) - failed
    rows = stored(tiermix.folder)
    assert Counter(r[5] for r in rows) == {True: failed, None: len(spans) - 2 * failed}
    assert {r[1] for r in rows if r[5]} == {"gpt-4o"}
    assert tiermix("mix", "--json").tiers == {"primary": len(spans) - 2 * failed, "secondary": failed}


def test_the_example_trace_of_the_protocol_has_no_model_calls(tiermix: Program, shared: Path) -> None:
    ran = tiermix("ingest", shared / "otlp" / "trace.json", "--json")  # REAL
    assert (ran.code, ran.json["accepted"], ran.json["requests"]) == (0, 1, 0)


def test_real_langfuse_traces(tiermix: Program, shared: Path) -> None:
    folder = shared / "langfuse"
    known = {
        o["id"]: o for path in folder.glob("*.json") for o in json.loads(path.read_text())["observations"]
        if o["type"] == "GENERATION" and o["model"]
    }  # fmt: skip
    generations = list(known.values())  # some traces are in two files
    ran = tiermix("ingest", folder, "--json")  # REAL
    assert ran.json["accepted"] + ran.json["duplicate"] == ran.json["lines"] == len(list(folder.glob("*.json")))
    rows = stored(tiermix.folder)
    assert sum(r[7] for r in rows) == len(generations)
    assert Counter(r[2] for r in rows if r[4] == "ok") == Counter(
        o["model"] for o in generations if o["level"] != "ERROR"
    )
    assert {r[5] for r in rows} <= {None, True}  # these logs can never say that no fallback fired


def test_lines_of_several_rows_are_accounted_for_as_lines(tiermix: Program) -> None:
    second = json.loads(json.dumps(OTEL).replace('"t1"', '"t2"'))
    empty: dict[str, Any] = {"resourceSpans": []}
    text = "\n".join([json.dumps(OTEL), "broken", json.dumps(second), json.dumps(empty), '{"resourceSpans": 3}'])
    (tiermix.folder / "a.jsonl").write_text(text)
    made = tiermix("ingest", "a.jsonl", "--json", "--max-bad", "1").json
    assert (made["lines"], made["accepted"], made["duplicate"], made["quarantined"]) == (5, 3, 0, 2)
    assert made["requests"] == 6
    (tiermix.folder / "b.jsonl.gz").write_bytes(gzip.compress((json.dumps(OTEL) + "\n").encode()))
    again = tiermix("ingest", "b.jsonl.gz", "--json").json
    assert (again["lines"], again["duplicate"], again["requests"]) == (1, 1, 0)
    with duckdb.connect(str(tiermix.folder / "tiermix.duckdb"), read_only=True) as db:
        assert db.execute("SELECT line FROM quarantine ORDER BY line").fetchall() == [(2,), (5,)]


@pytest.mark.parametrize(
    "odd", [{"scopeSpans": "x"}, {"spans": []}, {"scopeSpans": [{"spans": {}}]}, {"scopeSpans": [{}]}]
)
def test_spans_that_stand_where_none_belong_are_not_passed_over(tiermix: Program, odd: dict[str, Any]) -> None:
    # Catches a record of spans, all of which are lost, that counts as accepted.
    lines = [OTEL, {"resourceSpans": [odd]}, {"resourceSpans": [{"scopeSpans": []}]}]
    made = tiermix("ingest", write_lines(tiermix.folder / "a.jsonl", lines), "--json", "--max-bad", "1").json
    assert (made["lines"], made["accepted"], made["quarantined"], made["requests"]) == (3, 2, 1, 3)


def test_explain_shows_what_would_become_of_a_file_and_stores_nothing(tiermix: Program) -> None:
    records = [
        *CASES["portkey"][0],
        {"id": "x", "trace_id": "t", "ai_model": "m", "created_at": "noon", "response_status_code": 200},
    ]
    ran = tiermix("ingest", "--explain", write_lines(tiermix.folder / "log.jsonl", records))
    assert ran.code == 0, ran.err
    for part in (
        ": portkey, Portkey log export",
        "because 4 of the first 4",
        "an attempt; attempts are joined",
        "4 lines read, 1 of them",
        "the start time is not a time",
        "claude-sonnet-4-5",
        "no request has intent",
    ):
        assert part in ran.out.replace("\n", " "), part
    assert [p.name for p in tiermix.folder.iterdir()] == ["log.jsonl"]
