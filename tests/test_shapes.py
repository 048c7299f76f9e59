"""Older, newer and rarer shapes of the records of each gateway, and what they must mean.

The records are composed after the gateways' sources, documentation and users' logs; the usual shapes are in test_sources.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from tests.conftest import Program, write_lines
from tests.test_sources import Wanted, stored

Shape = tuple[str, list[Any], list[Wanted]]


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def tagged(values: dict[str, Any]) -> list[dict[str, Any]]:
    """OTLP attributes."""
    kinds = {bool: "boolValue", int: "intValue", float: "doubleValue", str: "stringValue"}
    return [{"key": k, "value": {kinds[type(v)]: str(v) if type(v) is int else v}} for k, v in values.items()]


def spans(*calls: tuple[str, str, dict[str, Any]], failed: tuple[int, ...] = (), raised: str = "") -> dict[str, Any]:
    """A line of OTLP of spans, each of a name, a parent and attributes, a second apart."""
    made = []
    for n, (name, parent, about) in enumerate(calls):
        start = 1795234164000000000 + n * 1_000_000_000
        span: dict[str, Any] = {
            "traceId": "t1", "spanId": f"s{n}", "parentSpanId": parent, "name": name, "kind": 1,
            "startTimeUnixNano": str(start), "endTimeUnixNano": str(start + 500_000_000), "attributes": tagged(about),
            "status": {"code": 2} if n in failed else {},
        }  # fmt: skip
        if n in failed and raised:
            span["events"] = [{"name": "exception", "attributes": tagged({"exception.type": raised})}]
        made.append(span)
    about = {"attributes": tagged({"service.name": "bot"})}
    return {"resourceSpans": [{"resource": about, "scopeSpans": [{"scope": {"name": "x"}, "spans": made}]}]}


def renamed(request: dict[str, Any], trace: str) -> dict[str, Any]:
    """A line of OTLP as collectors wrote it before scopes had their name."""
    text = (
        json.dumps(request).replace('"scopeSpans"', '"instrumentationLibrarySpans"').replace('"t1"', json.dumps(trace))
    )
    parsed: dict[str, Any] = json.loads(text.replace('"scope"', '"instrumentationLibrary"'))
    return parsed


def payload(n: int, *, ok: bool = True, **more: Any) -> dict[str, Any]:
    """LiteLLM's payload as versions before 1.83 wrote it: without a litellm_call_id."""
    return {
        "id": f"chatcmpl-{n}", "trace_id": f"t{n}", "call_type": "acompletion", "status": "success" if ok else "failure",
        "model_group": "best", "model": "gpt-4o", "custom_llm_provider": "openai", "cache_hit": None, "stream": False,
        "startTime": 1795234164.0 + n, "endTime": 1795234164.5 + n, "response_cost": 0.01, "end_user": "",
        "request_tags": [], "requester_ip_address": None, "model_parameters": {}, "hidden_params": {},
        "error_information": {"error_code": "" if ok else "429", "error_class": "" if ok else "RateLimitError"},
        "metadata": {"user_api_key_hash": None, "user_api_key_alias": None}, **more,
    }  # fmt: skip


def spent(n: int, **more: Any) -> dict[str, Any]:
    return {
        "request_id": f"r{n}", "call_type": "acompletion", "api_key": "k", "cache_hit": "None", "spend": 0.01,
        "startTime": f"2026-11-19 09:2{n}:46.847371", "endTime": f"2026-11-19 09:2{n}:46.951954", "model": "gpt-4o",
        "user": "", "team_id": "", "end_user": "", "model_group": "best", "custom_llm_provider": "openai",
        "request_tags": "[]", "messages": "{}", "response": "{}", "status": "success", "metadata": "{}", **more,
    }  # fmt: skip


def routed(n: int, status: int, cost: float, currency: str) -> list[dict[str, Any]]:
    """The events of a request of the vLLM router, the last of which says how it ended."""
    chosen = {
        "ts": f"2026-08-03T10:15:0{n}",
        "request_id": f"v-{n}",
        "original_model": "auto",
        "selected_model": "llama-8b",
    }
    return [
        chosen | {"msg": "routing_decision", "reason_code": "auto_routing"},
        {"ts": chosen["ts"], "request_id": chosen["request_id"], "msg": "llm_usage", "model": "llama-8b",
         "completion_latency_ms": 0, "cost": cost, "currency": currency},
        chosen | {"msg": "router_replay_complete", "response_status": status},
    ]  # fmt: skip


# fmt: off
SHAPES: dict[str, Shape] = {
    # In older versions the part has the plugin's own name, tokens were in the singular, and other plugins stood beside it.
    "kong, by the name of its plugin": (
        "kong",
        [
            {"started_at": 1795213201719, "request": {"id": "k1"}, "response": {"status": 200}, "latencies": {"request": 900},
             "ai": {"payload": {"request": "x"},
                    "ai-proxy": {"meta": {"request_model": "command", "response_model": "command", "provider_name": "cohere",
                                          "plugin_id": "p"}, "usage": {"prompt_token": 3, "completion_token": 4, "cost": 0.5}},
                    "ai-request-transformer": {"meta": {"request_model": "gpt-35-turbo", "provider_name": "azure"}}}},
            {"started_at": 1795213202719, "request": {"id": "k2"}, "response": {"status": 200},
             "ai": {"ai-proxy-advanced": {"meta": {"request_model": "gpt-4o", "response_model": "gpt-4o",
                                                   "provider_name": "openai"}, "cache": {"cache_status": "Hit"}}}},
        ],
        [
            ("k1", "command", "command", "cohere", "ok", None, None, 1, 0.5),
            ("k2", "gpt-4o", "gpt-4o", "openai", "ok", None, "cache_hit", 1, None),
        ],
    ),
    # A gateway has other traffic too, and some kinds of calls are logged without their model.
    "kong, other traffic and calls without a model": (
        "kong",
        [
            {"started_at": 1795213201719, "request": {"id": "health"}, "response": {"status": 200}, "latencies": {"request": 1}},
            {"started_at": 1795213202719, "request": {"id": "k1"}, "response": {"status": 200},
             "ai": {"proxy": {"tried_targets": [{"provider": "openai", "route_type": "llm/v1/responses", "port": 443}]}}},
            {"started_at": 1795213203719, "request": {"id": "k2"}, "response": {"status": 503},
             "ai": {"proxy": {"meta": {"request_model": "gpt-4o", "provider_name": "mistral"},
                              "tried_targets": [{"provider": "openai", "model": "gpt-4o"},
                                                {"provider": "mistral", "model": "tiny"}]}}},
        ],
        [
            ("k1", None, "openai", "openai", "ok", False, None, 1, None),
            ("k2", "gpt-4o", "tiny", "mistral", "error", True, None, 2, None),
        ],
    ),
    # The keys of the documentation before those of the semantic conventions, and calls of tools between them.
    "envoy, with the older keys": (
        "envoy",
        [
            {"start_time": "2026-11-19T16:51:37.894Z", "x-request-id": "e1", "genai_model_name": "gpt-4o-mini",
             "genai_model_name_override": None, "genai_backend_name": "default/a/route/r/rule/0/ref/0", "genai_tokens_input": 15,
             "genai_tokens_output": 7, "response_code": 200, "duration": 1526},
            {"start_time": "2026-11-19T16:52:37Z", "x-request-id": "tool", "genai_model_name": None, "mcp_method": "tools/call",
             "mcp_backend": "search", "response_code": 200, "duration": 653},
            {"start_time": "2026-11-19T16:53:37Z", "x-request-id": "e2", "genai_model_name": "gpt-4o",
             "genai_model_name_override": "claude-sonnet-4-5", "genai_backend_name": "default/b/route/r/rule/0/ref/1",
             "response_code": 200, "duration": 9},
        ],
        [
            ("e1", "gpt-4o-mini", "gpt-4o-mini", "default/a/route/r/rule/0/ref/0", "ok", None, None, 1, None),
            ("e2", "gpt-4o", "claude-sonnet-4-5", "default/b/route/r/rule/0/ref/1", "ok", None, None, 1, None),
        ],
    ),
    # A private cloud's metrics: the caller outside of the metadata, which is two lists.
    "portkey, metrics of a private cloud": (
        "portkey",
        [
            {"id": "p1", "trace_id": "t1", "created_at": "2026-11-19T10:30:45.123Z", "is_success": 1.0, "ai_org": "openai",
             "ai_model": "gpt-4", "req_units": 150.0, "res_units": 200.0, "cost": 1.5, "response_status_code": 200.0,
             "response_time": 1250.0, "cache_status": "miss", "_user": "u-7", "_organisation": "acme",
             "metadata": {"key": ["team"], "value": ["a"]}, "last_used_option_index": 0},
            # Its share of the load or a stand-in: the index does not say.
            {"id": "p2", "trace_id": "t2", "created_at": "2026-11-19T10:31:45.123Z", "ai_org": "azure", "ai_model": "gpt-4",
             "cost": 1.5, "response_status_code": 200.0, "last_used_option_index": "config.targets[1]"},
        ],
        [
            ("p1", "gpt-4", "gpt-4", "openai", "ok", False, None, 1, 0.015),
            ("p2", None, "gpt-4", "azure", "ok", None, None, 1, 0.015),  # and what it stood in for is not there
        ],
    ),
    # The columns that https://portkey.ai/docs/product/observability/logs-export lists; none of them is an id.
    "portkey, the columns of an export": (
        "portkey",
        [
            {"created_at": "2026-11-19 10:30:45", "is_success": 0, "ai_org": "openai", "ai_model": "gpt-4o", "cost": 0,
             "response_status_code": 429, "response_time": 310, "trace_id": "t1", "mode": "FALLBACK", "cache_status": "DISABLED"},
            {"created_at": "2026-11-19 10:30:46", "is_success": 1, "ai_org": "openai", "ai_model": "gpt-4o-mini", "cost": 2,
             "response_status_code": 200, "response_time": 900, "trace_id": "t1", "mode": "FALLBACK", "cache_status": "MISS"},
            {"created_at": "2026-11-19 10:31:46", "is_success": 1, "ai_org": "openai", "ai_model": "gpt-4o", "cost": 0,
             "response_status_code": 200, "response_time": 9, "trace_id": "t2", "mode": "SINGLE", "cache_status": "SEMANTIC HIT"},
        ],
        [
            (md5("t1|2026-11-19 10:30:45|openai|gpt-4o|429|310"), "gpt-4o", "gpt-4o-mini", "openai", "ok", True, "429", 2, 0.02),
            (md5("t2|2026-11-19 10:31:46|openai|gpt-4o|200|9"), "gpt-4o", "gpt-4o", "openai", "ok", False, "cache_hit", 1, 0.0),
        ],
    ),
    # What kind of configuration chose among the targets says what a later one is. Catches taking an answer of a later target
    # for what was asked for, an index inside of an index for the first, and a request after a failed one for its fallback:
    # retries of a target are in its row, so the first target has nothing before it.
    "portkey, what the index of the target says": (
        "portkey",
        [
            {"id": f"p{n}", "trace_id": trace, "created_at": f"2026-11-19T10:30:{n:02d}Z", "ai_org": "openai", "ai_model": "gpt-4o",
             "cost": 0, "response_status_code": code, "response_time": 300, "last_used_option_index": place, "mode": mode}
            for n, (trace, place, mode, code) in enumerate([
                ("t0", 1, "fallback", 200), ("t1", "config.targets[1]", "LOADBALANCE", 200), ("t2", -1, "single", 200),
                ("t3", "config.targets[0].targets[1]", "loadbalance", 200), ("t4", 0, "fallback", 503), ("t4", 0, "fallback", 200),
                ("", 0, None, 200), ("", None, None, 200), ("t8", "10.0", None, 200), ("", 0, "fallback", 503),
            ])
        ],
        [
            ("p0", None, "gpt-4o", "openai", "ok", True, None, 1, 0.0),
            ("p1", "gpt-4o", "gpt-4o", "openai", "ok", False, None, 1, 0.0),
            ("p2", "gpt-4o", "gpt-4o", "openai", "ok", False, None, 1, 0.0),
            ("p3", None, "gpt-4o", "openai", "ok", None, None, 1, 0.0),
            ("p4", "gpt-4o", None, None, "error", False, "503", 1, 0.0),
            ("p5", "gpt-4o", "gpt-4o", "openai", "ok", False, None, 1, 0.0),
            ("p6", "gpt-4o", "gpt-4o", "openai", "ok", False, None, 1, 0.0),
            ("p7", None, "gpt-4o", "openai", "ok", None, None, 1, 0.0),  # no trace: what failed before it cannot be found
            ("p8", None, "gpt-4o", "openai", "ok", None, None, 1, 0.0),
            ("p9", "gpt-4o", None, None, "error", None, "503", 1, 0.0),  # nor what came after it
        ],
    ),
    # Where a row does not say which of the chain it is, that is not the first.
    "bifrost, without the place in the chain": (
        "bifrost",
        [{"id": "r1", "timestamp": "2026-08-03T10:15:04Z", "provider": "openai", "model": "gpt-4o", "fallback_index": None,
          "latency": 812, "status": "success", "cost": 0.5}],
        [("r1", None, "gpt-4o", "openai", "ok", None, None, 1, 0.5)],
    ),
    # The same provider again is a retry. Catches calling any failed response before the answer a fallback.
    "openrouter, a retry of the same provider": (
        "openrouter",
        [
            {"id": f"gen-{n}", "created_at": f"2026-08-03T10:15:0{n}Z", "model": "openai/gpt-4o", "provider_name": "OpenAI",
             "total_cost": 0.5, "provider_responses": [
                 {"provider_name": first, "model_permaslug": "openai/gpt-4o", "status": status},
                 {"provider_name": "OpenAI", "model_permaslug": "openai/gpt-4o", "status": 200}]}
            for n, (first, status) in enumerate([("OpenAI", 500), ("Azure", None)])
        ],
        [
            ("gen-0", "openai/gpt-4o", "openai/gpt-4o", "OpenAI", "ok", False, None, 2, 0.5),
            ("gen-1", None, "openai/gpt-4o", "OpenAI", "ok", True, None, 2, 0.5),  # no status: it never answered
        ],
    ),
    # Catches calling the served destination the one that was asked for when no attempt says so, and no fallback when the
    # attempts do not say what they were.
    "databricks, rows that cannot tell": (
        "databricks",
        [
            {"event_time": f"2026-11-19T10:15:0{n}Z", "request_id": f"q{n}", "endpoint_name": "prod", "destination_name": "spare",
             "destination_model": "gpt-4o-mini", "status_code": 200, "routing_information": {"attempts": tried}}
            for n, tried in enumerate([
                None, [], [{"destination": "main", "status_code": 429}, {"destination": "spare", "status_code": 200}],
                [{"action": "INITIAL_ATTEMPT", "status_code": 429}, {"action": "FALLBACK", "status_code": 200}],
                [{"destination": "spare", "status_code": 200}],
            ])
        ],
        [
            ("q0", None, "gpt-4o-mini", None, "ok", None, None, 1, None),
            ("q1", None, "gpt-4o-mini", None, "ok", None, None, 1, None),
            ("q2", None, "gpt-4o-mini", None, "ok", None, "429", 2, None),
            ("q3", None, "gpt-4o-mini", None, "ok", True, "429", 2, None),
            ("q4", "gpt-4o-mini", "gpt-4o-mini", None, "ok", False, None, 1, None),
        ],
    ),
    # The plugin writes UNSPECIFIED where it has no model: kong/llm/plugin/shared-filters/serialize-analytics.lua.
    # Catches a model of that name, served as asked.
    "kong, a model that is not specified": (
        "kong",
        [
            {"started_at": 1785752104120 + n, "request": {"id": f"k{n}"}, "response": {"status": status},
             "ai": {"proxy": {"meta": {"request_model": "UNSPECIFIED", "response_model": answered, "provider_name": provider}}}}
            for n, (status, answered, provider) in enumerate([
                (200, "gpt-4o", "openai"), (400, "UNSPECIFIED", "UNSPECIFIED"), (200, "UNSPECIFIED", "openai")])
        ],
        [
            ("k0", None, "gpt-4o", "openai", "ok", None, None, 1, None),
            ("k1", None, None, None, "error", None, None, 1, None),
            ("k2", None, "openai", "openai", "ok", None, None, 1, None),
        ],
    ),
    # Catches an answer of a later backend, or of any whose name is not logged, called the model that was asked for.
    "envoy, without the model that answered": (
        "envoy",
        [
            {"start_time": f"2026-08-03T10:15:0{n}Z", "x-request-id": f"e-{n}", "gen_ai.request.model": "gpt-4o",
             "gen_ai.provider.name": backend, "response_code": 200}
            for n, backend in enumerate(["default/a/route/r/rule/0/ref/0", "default/b/route/r/rule/0/ref/1", None])
        ],
        [
            ("e-0", "gpt-4o", "gpt-4o", "default/a/route/r/rule/0/ref/0", "ok", None, None, 1, None),
            ("e-1", "gpt-4o", None, "default/b/route/r/rule/0/ref/1", "ok", None, None, 1, None),
            ("e-2", "gpt-4o", None, None, "ok", None, None, 1, None),
        ],
    ),
    # Catches the model that was asked for taken for the one that answered.
    "helicone, without the model that answered": (
        "helicone",
        [
            {"request_id": f"h-{n}", "request_created_at": f"2026-08-03 10:15:0{n}", "response_status": 200, "provider": "OPENAI",
             "request_model": "gpt-4o", "response_model": None, "model_override": override}
            for n, override in enumerate([None, "gpt-4o"])
        ],
        [
            ("h-0", "gpt-4o", None, "OPENAI", "ok", None, None, 1, None),
            ("h-1", "gpt-4o", "gpt-4o", "OPENAI", "ok", None, None, 1, None),
        ],
    ),
    # Decision and usage alone say nothing of the end. A model without a price costs 0 there, in an unknown currency:
    # src/semantic-router/pkg/extproc/processor_res_usage.go. Catches a failure that counts as served, and euros as dollars.
    "vllm_semantic_router, failures and prices": (
        "vllm_semantic_router",
        [*routed(0, 503, 0.5, "USD"), *routed(1, 200, 0.0, "unknown"), *routed(2, 200, 0.5, "EUR")],
        [
            ("v-0", "auto", None, None, "error", False, "503", 3, 0.5),
            ("v-1", "auto", "llama-8b", None, "ok", False, "auto_routing", 3, None),
            ("v-2", "auto", "llama-8b", None, "ok", False, "auto_routing", 3, None),
        ],
    ),
    # Catches a crash where nothing but the trace has an id, a call of a model passed over because only its group is named,
    # and an attempt of the router's that no trace joins to others called primary.
    "litellm, without some of its ids and names": (
        "litellm",
        [
            payload(1, id=None), payload(2, model=None),
            payload(3, id="x", litellm_call_id="c3", trace_id=None),
        ],
        [
            ("t1", "best", "gpt-4o", "openai", "ok", False, None, 1, 0.01),
            ("t2/chatcmpl-2", "best", None, "openai", "ok", False, None, 1, 0.01),
            ("c3", None, "gpt-4o", "openai", "ok", None, None, 1, 0.01),
        ],
    ),
    # The parent of a realtime session's requests is the session: they are no chain, though each may have one.
    "bifrost, a session of several requests": (
        "bifrost",
        [
            {"id": "s1", "parent_request_id": "session", "timestamp": "2026-11-19T10:22:05Z", "object": "realtime.response",
             "provider": "openai", "model": "gpt-4o", "fallback_index": 0, "latency": 40, "status": "success"},
            {"id": "s2", "parent_request_id": "session", "timestamp": "2026-11-19T10:22:06Z", "object": "realtime.response",
             "provider": "openai", "model": "gpt-4o", "fallback_index": 0, "status": "error",
             "error_details": {"status_code": 500, "error": {"type": "server_error", "message": "x"}}},
            # The gateway waited for five minutes before it gave up, and does not say so.
            {"id": "s3", "parent_request_id": "session", "timestamp": "2026-11-19T10:27:07Z", "object": "realtime.response",
             "provider": "anthropic", "model": "claude", "fallback_index": 1, "latency": 40, "status": "success"},
        ],
        [
            ("s1", "gpt-4o", "gpt-4o", "openai", "ok", False, None, 1, None),
            ("s2", "gpt-4o", "claude", "anthropic", "ok", True, "server_error", 2, None),
        ],
    ),
    # The database has JSON in texts, and calls that are no requests of a model.
    "bifrost, rows of its database": (
        "bifrost",
        [
            {"id": "d1", "parent_request_id": "", "timestamp": "2026-11-19T10:22:05Z", "object_type": "chat.completion",
             "provider": "openai", "model": "gpt-4o", "fallback_index": 0, "latency": 4, "status": "success", "cost": 0,
             "token_usage": '{"prompt_tokens": 3}', "cache_debug": '{"cache_hit": true, "hit_type": "semantic"}',
             "error_details": "", "metadata": '{"feature": "chat"}'},
            {"id": "d2", "timestamp": "2026-11-19T10:23:05Z", "object_type": "list_models", "provider": "openai", "model": "",
             "fallback_index": 0, "status": "success"},
        ],
        [("d1", "gpt-4o", "gpt-4o", "openai", "ok", False, "cache_hit", 1, 0.0)],
    ),
    # `alias` is the name that the caller used, when the gateway resolved it (framework/logstore/tables.go).
    "bifrost, an alias of a model": (
        "bifrost",
        [
            {"id": "a1", "timestamp": "2026-11-19T10:22:05Z", "object": "chat.completion", "provider": "openai",
             "model": "gpt-4o", "alias": "best", "fallback_index": 0, "latency": 4, "status": "success"},
            {"id": "a2", "timestamp": "2026-11-19T10:23:05Z", "object": "chat.completion", "provider": "openai",
             "model": "gpt-4o", "alias": "best", "fallback_index": 0, "latency": 4, "status": "error",
             "error_details": {"status_code": 429}},
            {"id": "a3", "parent_request_id": "a2", "timestamp": "2026-11-19T10:23:06Z", "object": "chat.completion",
             "provider": "openai", "model": "gpt-4o-mini", "fallback_index": 1, "latency": 4, "status": "success"},
        ],
        [
            ("a1", "best", "gpt-4o", "openai", "ok", False, None, 1, None),
            ("a2", "best", "gpt-4o-mini", "openai", "ok", True, "429", 2, None),
        ],
    ),
    # A destination has a name and a model, and only that of the one that served is told.
    "databricks, destinations and tools": (
        "databricks",
        [
            {"event_time": "2026-11-19T10:15:04Z", "request_id": "q1", "endpoint_name": "prod", "destination_name": "main",
             "destination_model": "claude-sonnet-4-5", "status_code": 200,
             "routing_information": {"attempts": [{"action": "INITIAL_ATTEMPT", "destination": "main", "status_code": 200}]}},
            {"event_time": "2026-11-19T10:16:04Z", "request_id": "q2", "endpoint_name": "prod", "destination_name": "spare",
             "destination_model": "gpt-4o", "status_code": 200,
             "routing_information": {"attempts": [
                 {"action": "INITIAL_ATTEMPT", "destination": "main", "status_code": 429, "error_code": "LIMIT"},
                 {"action": "FALLBACK", "destination": "spare", "status_code": 200}]}},
            {"event_time": "2026-11-19T10:17:04Z", "request_id": "tool", "endpoint_name": "mcp", "destination_model": None,
             "destination_name": None, "status_code": 200, "invocation_id": "i"},
        ],
        [
            ("q1", "claude-sonnet-4-5", "claude-sonnet-4-5", None, "ok", False, None, 1, None),
            ("q2", "main", "gpt-4o", None, "ok", True, "LIMIT", 2, None),
        ],
    ),
    "cloudflare, metadata as a text": (
        "cloudflare",
        [
            {"id": "c1", "created_at": "2026-11-19 10:15:04", "provider": "openai", "model": "gpt-4o", "duration": 1860,
             "status_code": 429, "success": False, "cached": False, "step": 0, "metadata": '{"team": "search", "user": 12}'},
            {"id": "c2", "created_at": "2026-11-19 10:16:04", "provider": "openai", "model": "gpt-4o", "duration": 18,
             "status_code": 200, "success": True, "cached": True, "step": 0, "metadata": {"team": "AI"}},
        ],
        [
            ("c1", "gpt-4o", "gpt-4o", "openai", "error", False, None, 1, None),
            ("c2", "gpt-4o", "gpt-4o", "openai", "ok", False, "cache_hit", 1, None),
        ],
    ),
    # Older records do not list the providers; those of the web interface are all numbered 0.
    "openrouter, older records and the web interface's": (
        "openrouter",
        [
            {"id": 0, "generation_id": "gen-1", "created_at": "2026-11-19T03:37:28.054Z", "model": "openai/gpt-4o",
             "provider_name": "OpenAI", "latency": 10941, "generation_time": 12615, "native_tokens_prompt": 8},
            {"id": 0, "generation_id": "gen-2", "created_at": "2026-11-19T03:38:28.054Z", "model": "openai/gpt-4o",
             "provider_name": "OpenAI", "latency": 1250, "generation_time": 1200, "moderation_latency": 50},
        ],
        [
            ("gen-1", None, "openai/gpt-4o", "OpenAI", "ok", None, None, 1, None),
            ("gen-2", None, "openai/gpt-4o", "OpenAI", "ok", None, None, 1, None),
        ],
    ),
    # Every attempt names the canonical slug of its model: with a list of models, the one that failed was asked for.
    "openrouter, a list of models": (
        "openrouter",
        [
            {"id": "gen-1", "created_at": "2026-11-19T03:37:28.054Z", "model": "anthropic/claude-sonnet-4.5", "router": None,
             "provider_name": "Anthropic", "provider_responses": [
                 {"provider_name": "OpenAI", "model_permaslug": "openai/gpt-4o", "status": 429, "latency": 100},
                 {"provider_name": "Anthropic", "model_permaslug": "anthropic/claude-4.5-sonnet-20250929", "status": 200}]},
            {"id": "gen-2", "created_at": "2026-11-19T03:38:28.054Z", "model": "anthropic/claude-sonnet-4.5",
             "provider_name": "Amazon Bedrock", "provider_responses": [
                 {"provider_name": "Anthropic", "model_permaslug": "anthropic/claude-4.5-sonnet-20250929", "status": 529},
                 {"provider_name": "Amazon Bedrock", "model_permaslug": "anthropic/claude-4.5-sonnet-20250929", "status": 200}]},
        ],
        [
            ("gen-1", "openai/gpt-4o", "anthropic/claude-sonnet-4.5", "Anthropic", "ok", True, "429", 2, None),
            ("gen-2", "anthropic/claude-sonnet-4.5", "anthropic/claude-sonnet-4.5", "Amazon Bedrock", "ok", True, None, 2, None),
        ],
    ),
    # Frameworks make generations around those that call a model, without a name of one; the API's traces skip them too.
    "langfuse, a generation without a model": (
        "langfuse",
        [
            {"id": "o1", "trace_id": "t1", "type": "GENERATION", "parent_observation_id": "p", "start_time": "2026-08-03 10:16:04",
             "end_time": "2026-08-03 10:16:05", "provided_model_name": None, "level": "DEFAULT"},
            {"id": "o2", "trace_id": "t1", "type": "GENERATION", "parent_observation_id": "p", "start_time": "2026-08-03 10:16:04",
             "end_time": "2026-08-03 10:16:05", "provided_model_name": "gpt-4o", "level": "DEFAULT"},
        ],
        [("o2", None, "gpt-4o", None, "ok", None, None, 1, None)],
    ),
    "langfuse_observations, a generation without a model": (
        "langfuse_observations",
        [
            {"id": "o1", "traceId": "t1", "type": "GENERATION", "startTime": "2026-11-19T10:15:04Z", "model": None, "level": "DEFAULT"},
            {"id": "o2", "traceId": "t1", "type": "GENERATION", "startTime": "2026-11-19T10:15:04Z", "model": "gpt-4o",
             "level": "DEFAULT", "parentObservationId": "p"},
        ],
        [("o2", None, "gpt-4o", None, "ok", None, None, 1, None)],
    ),
    # Nothing in the field is no reference to a cached answer.
    "helicone, an empty reference to the cache": (
        "helicone",
        [{"request_id": "h-1", "request_created_at": "2026-08-03 10:15:04.120", "response_status": "200", "request_model": "gpt-4o",
          "response_model": "gpt-4o", "provider": "OPENAI", "delay_ms": "1860", "cost": "0.5", "cache_reference_id": ""}],
        [("h-1", "gpt-4o", "gpt-4o", "OPENAI", "ok", None, None, 1, 0.5)],
    ),
    # Around every call of a provider the SDK has a span of its own, with the same model.
    "otel, of the Vercel AI SDK": (
        "otel",
        [
            spans(
                ("ai.generateText", "", {"ai.operationId": "ai.generateText", "ai.model.id": "gpt-4.1"}),
                ("ai.generateText.doGenerate", "s0", {"ai.operationId": "ai.generateText.doGenerate", "ai.model.id": "gpt-4.1",
                                                      "ai.model.provider": "openai.chat", "ai.usage.promptTokens": 12}),
                ("ai.toolCall", "s0", {"ai.operationId": "ai.toolCall", "ai.toolCall.name": "x"}),
                ("ai.streamText.doStream", "s0", {"ai.operationId": "ai.streamText", "ai.model.id": "gpt-4.1",
                                                  "ai.response.model": "gpt-4.1-2025-04-14"}),
            )
        ],
        [
            ("t1/s1", "gpt-4.1", "gpt-4.1", "openai.chat", "ok", None, None, 1, None),
            ("t1/s3", "gpt-4.1", "gpt-4.1-2025-04-14", None, "ok", None, None, 1, None),
        ],
    ),
    # What is under way is announced by a span without an end of its own.
    "otel, of Logfire": (
        "otel",
        [
            spans(
                ("chat gpt-4o", "p", {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o", "gen_ai.system": "openai",
                                      "logfire.span_type": "pending_span"}),
                ("chat gpt-4o", "p", {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o", "gen_ai.system": "openai",
                                      "operation.cost": 0.25}),
            )
        ],
        [("t1/s1", "gpt-4o", "gpt-4o", "openai", "ok", None, None, 1, 0.25)],
    ),
    "otel, a fault that only the event of the exception names": (
        "otel",
        [
            spans(
                ("ChatCompletion", "p", {"openinference.span.kind": "LLM", "llm.invocation_parameters": '{"model": "gpt-4o"}'}),
                ("ChatCompletion", "p", {"openinference.span.kind": "LLM", "llm.model_name": "gpt-4o-mini-2024-07-18",
                                         "llm.invocation_parameters": '{"model": "gpt-4o-mini"}', "llm.cost.total": 0.5}),
                failed=(0,), raised="openai.RateLimitError",
            )
        ],
        [("t1/s0", "gpt-4o", "gpt-4o-mini-2024-07-18", None, "ok", True, "RateLimitError", 2, 0.5)],
    ),
    "otel, the first names of OpenLLMetry": (
        "otel",
        [
            spans(("openai.chat", "p", {"llm.vendor": "OpenAI", "llm.request.type": "chat", "llm.request.model": "gpt-4",
                                        "llm.response.model": "gpt-4-0613", "llm.usage.prompt_tokens": 3})),
        ],
        [("t1/s0", "gpt-4", "gpt-4-0613", "OpenAI", "ok", None, None, 1, None)],
    ),
    # The request of old collectors (OTLP before 0.15), and what stands in a request, as Tempo hands it out.
    "otel, of old collectors and of Tempo": (
        "otel",
        [
            renamed(spans(("chat", "p", {"gen_ai.request.model": "gpt-4", "gen_ai.system": "openai"})), "p0"),
            spans(
                ("chat", "q", {"gen_ai.request.model": "gpt-4o"}), ("chat", "q", {"gen_ai.request.model": "gpt-4o-mini"}), failed=(0,)
            )["resourceSpans"][0],
        ],
        [
            ("p0/s0", "gpt-4", "gpt-4", "openai", "ok", None, None, 1, None),
            ("t1/s0", "gpt-4o", "gpt-4o-mini", None, "ok", True, "error", 2, None),
        ],
    ),
    # The operations of the conventions that call no model, and the kinds of OpenLLMetry's spans around those that do.
    "otel, spans around the calls": (
        "otel",
        [
            spans(
                ("invoke_workflow x", "", {"gen_ai.operation.name": "invoke_workflow", "gen_ai.request.model": "gpt-4o"}),
                ("plan", "s0", {"gen_ai.operation.name": "plan", "gen_ai.request.model": "gpt-4o"}),
                ("retrieval", "s0", {"gen_ai.operation.name": "retrieval", "gen_ai.request.model": "embed-3"}),
                ("upsert_memory", "s0", {"gen_ai.operation.name": "upsert_memory", "gen_ai.request.model": "gpt-4o"}),
                ("x.workflow", "", {"traceloop.span.kind": "workflow", "gen_ai.request.model": "gpt-4o"}),
                ("generate_content m", "s4", {"gen_ai.operation.name": "generate_content", "gen_ai.request.model": "gemini-2.5-pro",
                                              "gen_ai.provider.name": "gcp.gemini"}),
            )
        ],
        [("t1/s5", "gemini-2.5-pro", "gemini-2.5-pro", "gcp.gemini", "ok", None, None, 1, None)],
    ),
    # Called without a router there is no group, and in some versions no id but that of the answer.
    "litellm, without a router": (
        "litellm",
        [payload(1, trace_id=None, model_group=""), payload(2, trace_id=None, model_group=None, ok=False)],
        [
            ("chatcmpl-1", "gpt-4o", "gpt-4o", "openai", "ok", False, None, 1, 0.01),
            ("chatcmpl-2", "gpt-4o", None, None, "error", False, "RateLimitError", 1, 0.01),
        ],
    ),
    "litellm, calls that are no requests of a model": (
        "litellm",
        [
            payload(1, call_type="call_mcp_tool", model="MCP: search", model_group=None),
            payload(2, call_type="list_mcp_tools", model="", model_group=None),
            payload(3, call_type="aretrieve_batch", model="gpt-4o"),
            payload(4, metadata={"user_api_key_hash": "h", "user_api_key_alias": "litellm-internal-health-check"}),
            payload(5, call_type="aembedding", model="embed-3", model_group="embed"),
            payload(6, call_type="abatch_completion"),
        ],
        [
            ("t5/chatcmpl-5", "embed", "embed-3", "openai", "ok", False, None, 1, 0.01),
            ("t6/chatcmpl-6", "best", "gpt-4o", "openai", "ok", False, None, 1, 0.01),
        ],
    ),
    # Before there was a column for it, metadata said how a request ended. A dump may have metadata as an object.
    "litellm_spend, older rows and other calls": (
        "litellm_spend",
        [
            {k: v for k, v in spent(0, metadata={"status": "failure", "error_information": {"error_class": "RateLimitError"}}).items()
             if k != "status"},
            spent(1, call_type="call_mcp_tool", model="MCP: search", model_group=""),
            spent(2, api_key="litellm-internal-health-check", user="litellm-internal-health-check"),
            spent(3, metadata={"attempted_fallbacks": 0, "user_api_key_alias": "key-a"}),
        ],
        [
            ("r0", "best", None, "openai", "error", None, "RateLimitError", 1, 0.01),
            ("r3", "best", "gpt-4o", "openai", "ok", False, None, 1, 0.01),
        ],
    ),
    "langfuse_observations": (
        "langfuse_observations",
        [
            {"id": "o1", "traceId": "t1", "type": "GENERATION", "startTime": "2026-11-19T10:15:04.120Z",
             "endTime": "2026-11-19T10:15:05.980Z", "model": "claude-sonnet-4-5", "level": "DEFAULT", "parentObservationId": "p",
             "usageDetails": {"input": 10, "output": 20}, "calculatedTotalCost": 0.3, "metadata": {"model_group": "mid"}},
            {"id": "o2", "traceId": "t1", "type": "SPAN", "startTime": "2026-11-19T10:15:04.120Z", "level": "DEFAULT"},
            {"id": "o3", "traceId": "t2", "type": "GENERATION", "startTime": "2026-11-19T10:16:04Z",
             "endTime": "2026-11-19T10:16:05Z", "model": "gpt-4o", "level": "ERROR", "statusMessage": "429",
             "parentObservationId": "p", "usageDetails": {}},
            {"id": "o4", "traceId": "t2", "type": "GENERATION", "startTime": "2026-11-19T10:16:06Z",
             "endTime": "2026-11-19T10:16:07Z", "model": "gpt-4o-mini", "level": "DEFAULT", "parentObservationId": "p",
             "usage": {"input": 1, "output": 2, "unit": "TOKENS"}},
        ],
        [
            ("o1", "mid", "claude-sonnet-4-5", None, "ok", None, None, 1, 0.3),
            ("o3", "gpt-4o", "gpt-4o-mini", None, "ok", True, "429", 2, None),
        ],
    ),
    # An answer from the router's cache has no usage, and what was asked for is all its event names.
    "vllm_semantic_router, an answer from its cache": (
        "vllm_semantic_router",
        [
            {"level": "info", "ts": "2026-11-19T10:15:04.123Z", "msg": "routing_decision", "request_id": "v-1",
             "original_model": "auto", "selected_model": "llama-8b", "category": "math", "reason_code": "auto_routing"},
            {"level": "info", "ts": "2026-11-19T10:15:05.023Z", "msg": "llm_usage", "request_id": "v-1", "model": "llama-8b",
             "completion_latency_ms": 900, "prompt_tokens": 10},
            {"level": "info", "ts": "2026-11-19T10:16:05.1Z", "msg": "cache_hit", "request_id": "v-2", "model": "auto"},
            {"level": "info", "ts": "2026-11-19T10:16:05.1Z", "msg": "cache_hit", "backend": "redis", "request_id": None},
        ],
        [
            ("v-1", "auto", "llama-8b", None, "ok", False, "auto_routing", 2, None),
            ("v-2", "auto", None, None, "ok", False, "cache_hit", 1, None),
        ],
    ),
}
# fmt: on


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_means_what_the_gateway_means(tiermix: Program, name: str) -> None:
    source, records, want = SHAPES[name]
    ran = tiermix("ingest", write_lines(tiermix.folder / "log.jsonl", records), "--json")
    assert ran.code == 0, ran.err
    assert ran.json["files"][0]["source"] == source
    assert (ran.json["lines"], ran.json["accepted"], ran.json["quarantined"]) == (len(records), len(records), 0)
    assert stored(tiermix.folder) == want


def details(tiermix: Program, name: str, fields: str) -> list[tuple[Any, ...]]:
    assert tiermix("ingest", write_lines(tiermix.folder / "log.jsonl", SHAPES[name][1])).code == 0
    return stored(tiermix.folder, fields)


@pytest.mark.parametrize(
    ("name", "fields", "want"),
    [
        (
            "kong, by the name of its plugin",
            "input_tokens, output_tokens, latency_ms",
            [(3, 4, 900), (None, None, None)],
        ),
        ("envoy, with the older keys", "input_tokens, output_tokens", [(15, 7), (None, None)]),
        ("portkey, metrics of a private cloud", 'tenant, "user"', [("acme", "u-7"), (None, None)]),
        ("bifrost, rows of its database", "input_tokens, feature", [(3, "chat")]),
        # Catches taking a name that the gateway resolved for a demotion.
        ("bifrost, an alias of a model", "tier, intended_tier", [("primary", "primary"), ("secondary", "primary")]),
        ("openrouter, a list of models", "tier", [("secondary",), ("primary",)]),
        ("cloudflare, metadata as a text", 'tenant, "user"', [("search", "12"), ("AI", None)]),
        # The time to the first token is not added to that of the whole answer.
        ("openrouter, older records and the web interface's", "latency_ms", [(12615,), (1250,)]),
        ("otel, of the Vercel AI SDK", "input_tokens", [(12,), (None,)]),
        ("litellm_spend, older rows and other calls", 'tenant, "user"', [(None, None), ("key-a", None)]),
        ("langfuse_observations", "input_tokens, output_tokens", [(10, 20), (1, 2)]),
        # From the decision to the usage, which is told when the answer is there.
        ("vllm_semantic_router, an answer from its cache", "latency_ms", [(900,), (0,)]),
    ],
)
def test_a_shape_keeps_what_goes_with_a_request(
    tiermix: Program, name: str, fields: str, want: list[tuple[Any, ...]]
) -> None:
    assert details(tiermix, name, fields) == want


def test_a_table_with_small_objects_in_its_cells_is_a_table(tiermix: Program) -> None:
    # COPY writes {} without quotes. Catches taking those objects for the records.
    rows = [spent(1, metadata='{"attempted_fallbacks": 0}'), spent(2)]
    cells = [
        ",".join('"' + str(v).replace('"', '""') + '"' if '"' in str(v) else str(v) for v in r.values()) for r in rows
    ]
    log = tiermix.folder / "spend.csv"
    log.write_text("\n".join([",".join(rows[0]), *cells]) + "\n")
    ran = tiermix("ingest", log, "--json")
    assert ran.code == 0, ran.err
    assert (ran.json["files"][0]["source"], ran.json["requests"]) == ("litellm_spend", 2)
    assert stored(tiermix.folder, "requested_model, served_model, fallback") == [
        ("best", "gpt-4o", False),
        (None, "gpt-4o", None),
    ]


@pytest.mark.parametrize("around", [("batches",), ("trace", "batches"), ("trace", "resourceSpans")])
def test_a_trace_of_tempo_is_read_as_its_api_returns_it(tiermix: Program, around: tuple[str, ...]) -> None:
    # https://grafana.com/docs/tempo/latest/api_docs/ : /api/traces/ID hands out batches, /api/v2/traces/ID a trace.
    parts: Any = [
        spans((f"chat {n}", f"p{n}", {"gen_ai.request.model": "gpt-4o"}))["resourceSpans"][0] for n in range(2)
    ]
    parts[1] = json.loads(json.dumps(parts[1]).replace('"t1"', '"t2"'))
    for name in reversed(around):
        parts = {name: parts}
    log = tiermix.folder / "trace.json"
    log.write_text(json.dumps(parts, indent=1))
    assert tiermix("ingest", log).code == 0
    assert stored(tiermix.folder, "request_id, requested_model, feature") == [
        ("t1/s0", "gpt-4o", "bot"),
        ("t2/s0", "gpt-4o", "bot"),
    ]


def test_an_empty_end_user_does_not_hide_the_user_of_the_key(tiermix: Program) -> None:
    rows = [payload(1, metadata={"user_api_key_hash": "h", "user_api_key_user_id": "u-7", "user_api_key_team_id": "",
                                 "user_api_key_alias": "key-a"})]  # fmt: skip
    assert tiermix("ingest", write_lines(tiermix.folder / "log.jsonl", rows)).code == 0
    assert stored(tiermix.folder, 'tenant, "user"') == [("key-a", "u-7")]


def test_a_trace_without_a_member_of_its_own_keeps_its_name_and_user(tiermix: Program) -> None:
    observation = {
        "id": "o1", "traceId": "t1", "type": "GENERATION", "startTime": "2026-11-19T10:15:04Z", "model": "gpt-4o",
        "level": "DEFAULT", "usage": {"input": 10, "output": 20},
    }  # fmt: skip
    trace = {"id": "t1", "name": "chat", "userId": "u-7", "observations": [observation]}
    log = tiermix.folder / "trace.json"
    log.write_text(json.dumps(trace, indent=2))
    assert tiermix("ingest", log).code == 0
    assert stored(tiermix.folder, 'feature, "user", input_tokens') == [("chat", "u-7", 10)]


ENDS: dict[str, tuple[dict[str, Any], str, str]] = {
    "langfuse": (
        {"id": "o1", "trace_id": "t1", "type": "GENERATION", "start_time": "2026-08-03 10:15:04", "provided_model_name": "gpt-4o",
         "level": "ERROR", "metadata": {"model_group": "best"}},
        "level", "the record does not say whether the attempt succeeded",
    ),
    "langfuse_observations": (
        {"id": "o1", "traceId": "t1", "type": "GENERATION", "startTime": "2026-08-03T10:15:04Z", "model": "gpt-4o", "level": "ERROR"},
        "level", "the record does not say whether the attempt succeeded",
    ),
    "kong": (
        {"started_at": 1785752104120, "request": {"id": "k"}, "response": {"status": 503},
         "ai": {"proxy": {"meta": {"request_model": "gpt-4o", "response_model": "gpt-4o", "provider_name": "openai"}}}},
        "response", "status is not ok, error or refused",
    ),
    "databricks": (
        {"event_time": "2026-08-03T10:15:04Z", "request_id": "q", "endpoint_name": "prod", "destination_model": "m", "status_code": 503},
        "status_code", "status is not ok, error or refused",
    ),
    "envoy": (
        {"start_time": "2026-08-03T10:15:04Z", "x-request-id": "e", "gen_ai.request.model": "gpt-4o", "response_code": 503},
        "response_code", "status is not ok, error or refused",
    ),
    "cloudflare": (
        {"id": "c", "created_at": "2026-08-03T10:15:04Z", "provider": "p", "model": "m", "cached": False, "step": 0, "success": False},
        "success", "status is not ok, error or refused",
    ),
    "litellm_spend": (spent(1, status="failure"), "status", "status is not ok, error or refused"),
}  # fmt: skip


# The oldest spend logs have no status, and are successes.
@pytest.mark.parametrize(
    ("name", "missing"),
    [(name, missing) for name in ENDS for missing in (True, False) if not (missing and name == "litellm_spend")],
)
def test_a_record_that_does_not_say_how_it_ended_is_not_counted_as_served(
    tiermix: Program, name: str, missing: bool
) -> None:
    # Catches a default of "ok", and any value but a failure's taken for success.
    record, field, reason = ENDS[name]
    odd = record | {field: None if missing else {"status": {"a": 1}, "a": "ERROR"}}
    log = write_lines(tiermix.folder / "log.jsonl", [odd, record])
    made = tiermix("ingest", log, "--json", "--max-bad", "1", "--source", name).json
    assert (made["quarantined"], made["requests"]) == (1, 1)
    assert tiermix("status", "--json").json["quarantine"][0]["reason"] == reason
    assert stored(tiermix.folder, "tier") == [("unserved",)]


@pytest.mark.parametrize("field", ["model", "model_group", "custom_llm_provider"])
def test_an_object_where_an_attempt_names_a_model_or_provider_is_a_bad_line(tiermix: Program, field: str) -> None:
    # Catches the JSON text of the object as the name of a model.
    rows = [payload(1), payload(2) | {field: {"name": "x"}}]
    made = tiermix("ingest", write_lines(tiermix.folder / "log.jsonl", rows), "--json", "--max-bad", "1").json
    assert (made["quarantined"], made["requests"]) == (1, 1)


@pytest.mark.parametrize("source", ["litellm", "litellm_spend"])
def test_a_user_that_is_a_json_text_is_whom_it_names(tiermix: Program, source: str) -> None:
    # LiteLLM logs metadata.user_id of a message as end_user, and Claude Code's is such a text, with a session in it. Catches
    # such lines in the quarantine, and a user per session.
    make = payload if source == "litellm" else spent
    rows = [
        make(n, end_user=json.dumps({"device_id": "d-1", "account_uuid": account, "session_id": f"s{n}"}))
        for n, account in enumerate(["", "u-7", "u-7"], 1)
    ]
    assert tiermix("ingest", write_lines(tiermix.folder / "log.jsonl", rows), "--json").json["quarantined"] == 0
    assert stored(tiermix.folder, '"user"') == [("d-1",), ("u-7",), ("u-7",)]


def test_a_tag_of_a_trace_names_its_feature_before_its_name_does(tiermix: Program) -> None:
    observation = {
        "id": "o1", "traceId": "t1", "type": "GENERATION", "startTime": "2026-11-19T10:15:04Z", "model": "gpt-4o",
        "level": "DEFAULT", "metadata": {"tenant": "acme", "intent": "refund"},
    }  # fmt: skip
    arounds: list[dict[str, Any]] = [
        {"tags": ["a", "feature:chat"]},
        {"trace": {"id": "t1", "name": "x", "tags": ["feature:chat"]}},
    ]
    for n, around in enumerate(arounds):
        trace = {"id": f"t{n}", "name": "completion", "observations": [observation | {"id": f"o{n}"}]} | around
        assert tiermix("ingest", write_lines(tiermix.folder / f"{n}.jsonl", [trace])).code == 0
    assert stored(tiermix.folder, "feature, tenant, intent") == [("chat", "acme", "refund")] * 2
