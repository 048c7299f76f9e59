"""What real instrumentations wrote, and what it must mean.

tests/data/otel holds, cut to the attributes that say something and without prompts, what the named versions wrote about
a program that knew what happened: unless it says otherwise, gpt-4o (claude-opus-4-1) failed with 429 and gpt-4o-mini
(claude-sonnet-4-5) answered the same request, under one span of the program.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import Program, write_lines
from tests.test_sources import stored

LOGS = Path(__file__).parent / "data" / "otel"
MEANING = "requested_model, served_model, status, fallback, reason, error, len(attempts), input_tokens"
Meaning = tuple[Any, ...]

SONNET = "claude-sonnet-4-5-20250929"
RESCUED = ("gpt-4o", "gpt-4o-mini-2024-07-18", "ok", True, "RateLimitError", None, 2, 11)
# fmt: off
RAN: dict[str, list[Meaning]] = {
    # The SDK's own spans stand inside of the instrumentation's. Catches counting a call once for each.
    "openinference_anthropic_3.1_sdk_2.12": [
        ("claude-opus-4-1", SONNET, "ok", True, "rate_limit_error", None, 2, 11),
    ],
    # They stand beside those of an older instrumentation, which has none of failures.
    "openllmetry_anthropic_0.33_sdk_2.12": [
        ("claude-opus-4-1", SONNET, "ok", True, "rate_limit_error", None, 2, 11),
    ],
    # Two instrumentations that do not know of each other.
    "openinference_langchain_0.1.80_and_openai_0.1.66": [
        ("gpt-4o", "gpt-4o-mini-2024-07-18", "ok", True, "OpenAIRateLimitError", None, 2, 11),
    ],
    # Calls of one model at the same time, each with two spans. Catches leaving out all that lie within the longest.
    "openinference_langchain_0.1.80_and_openai_0.1.66_parallel": [
        ("gpt-4o", "gpt-4o-2024-08-06", "ok", None, None, None, None, 11),
    ] * 4,
    "openllmetry_langchain_0.62_and_openai_v2_2.3_parallel": [
        ("gpt-4o", "gpt-4o-2024-08-06", "ok", None, None, None, None, 11),
    ] * 3,
    # A batch of five, of which two fail first. Catches a failure that vanishes within the success of another.
    "openinference_langchain_0.1.80_and_openllmetry_openai_0.62_batch": [
        ("gpt-4o", "gpt-4o-2024-08-06", "ok", None, None, None, None, 11),
        ("gpt-4o", "gpt-4o-mini-2024-07-18", "ok", True, "OpenAIRateLimitError", None, 2, 11),
        ("gpt-4o", "gpt-4o-2024-08-06", "ok", None, None, None, None, 11),
        ("gpt-4o", "gpt-4o-mini-2024-07-18", "ok", True, "OpenAIAPIError", None, 2, 11),
        ("gpt-4o", "gpt-4o-2024-08-06", "ok", None, None, None, None, 11),
    ],
    # Only the SDK's span of a stream shows that another model answered than was asked for.
    "openinference_langchain_0.1.80_and_openai_0.1.66_switched": [
        ("gpt-4o", "gpt-4o-mini-2024-07-18", "ok", None, None, None, None, 11),
    ],
    "openllmetry_langchain_0.62_and_openai_v2_2.3_switched": [
        ("gpt-4o", "gpt-4o-mini-2024-07-18", "ok", None, None, None, None, 11),
    ],
    # The steps of an agent without any failure are as many requests.
    "openinference_langchain_0.1.80_and_openai_0.1.66_steps": [
        ("gpt-4o", "gpt-4o-2024-08-06", "ok", None, None, None, None, 11),
        ("gpt-4o-mini", "gpt-4o-mini-2024-07-18", "ok", None, None, None, None, 11),
        ("gpt-4o", "gpt-4o-2024-08-06", "ok", None, None, None, None, 11),
    ],
    # RunnableWithFallbacks of two chains: the calls have other parents, which are twins.
    "openinference_langchain_0.1.80_chains": [
        ("gpt-4o", "gpt-4o-mini-2024-07-18", "ok", True, "OpenAIRateLimitError", None, 2, 11),
    ],
    # The failed attempt stands inside of the call that the second model answered, which names only that one.
    "pydantic_ai_2.62_fallback_model": [
        ("gpt-4o", "gpt-4o-mini-2024-07-18", "ok", True, "ModelRateLimitError", None, 2, 11),
    ],
    # Both fail, the second with 500; around them is a call of "fallback:gpt-4o,gpt-4o-mini".
    "pydantic_ai_2.62_fallback_model_fails": [
        ("gpt-4o", None, "error", None, "ModelRateLimitError", "ModelServerError", 2, None),
    ],
    # An agent's run fails, and the program runs it again with the other model.
    "pydantic_ai_2.62_two_runs": [
        ("gpt-4o", "gpt-4o-mini-2024-07-18", "ok", True, "ModelRateLimitError", None, 2, 11),
    ],
    # The span of a stream that was refused has no error; that of its agent has.
    "pydantic_ai_2.62_stream": [
        ("gpt-4o", "gpt-4o-mini-2024-07-18", "ok", True, "ModelRateLimitError", None, 2, 11),
    ],
    # A text could not be embedded, and the chat went on without it: no fallback.
    "openinference_openai_0.1.66_embedding": [
        ("text-embedding-3-small", None, "error", None, "InternalServerError", "InternalServerError", 1, None),
        ("gpt-4o", "gpt-4o-2024-08-06", "ok", None, None, None, None, 11),
    ],
    # gpt-4o streams its answer, which a second record says again.
    "logfire_5.2_stream": [("gpt-4o", "gpt-4o", "ok", None, None, None, None, None)],
    # With USE_OTEL_LITELLM_REQUEST_SPAN. Outside of the proxy each attempt has a call id of its own.
    "litellm_1.106_request_spans": [
        ("gpt-4o", "gpt-4o-mini-2024-07-18", "ok", True, "RateLimitError", None, 2, 11),
    ],
    # The Router's attempts in two traces, which nothing joins. Catches saying that no fallback fired.
    "litellm_1.106_router": [
        ("best", None, "error", None, "RateLimitError", "RateLimitError", 1, None),
        ("cheap", "openai/gpt-4o-mini", "ok", None, None, None, None, 11),
    ],
    # LiteLLM says the calls on the program's span, the last over the first: what was asked first is gone.
    "litellm_1.106_on_the_parent": [(None, "gpt-4o-mini-2024-07-18", "ok", None, None, None, None, 11)],
    # gpt-4o, gpt-4o-mini, gpt-4o: three answers, of which the program's span names the last.
    "litellm_1.106_on_the_parent_steps": [
        (None, "gpt-4o-2024-08-06", "ok", None, None, None, None, None),
        (None, "gpt-4o-mini-2024-07-18", "ok", None, None, None, None, None),
        (None, "gpt-4o-2024-08-06", "ok", None, None, None, None, None),
    ],
    # gpt-4o was asked, and the provider answered with the mini. Catches taking the deployment for what answered.
    "litellm_1.106_other_model": [("gpt-4o", "gpt-4o-mini", "ok", None, None, None, None, 11)],
    # LiteLLM's proxy; the first request of each log is answered at once, unless it says otherwise. Here a second
    # falls back to claude-sonnet-4-5, as does a third, whose streamed answer is said to have begun before the
    # failure. Catches counting the raw spans of calls without a call id, and a stream apart from its failure.
    "litellm_1.77_proxy": [
        ("gpt-4o", "gpt-4o", "ok", None, None, None, None, 11),
        ("gpt-4o", SONNET, "ok", True, "error", None, 2, 11),
        ("gpt-4o", SONNET, "ok", True, "error", None, 2, 11),
    ],
    # The failure stands on the proxy's span, the rescue is a raw span alone: of another model, of the same (a retry,
    # which may be of another group), of one that is not said. The last writes two raw spans of one answer. Catches a
    # request for each of both spans, a rescue that is missed without a model, and saying that no fallback fired where
    # none can be seen.
    "litellm_1.83_proxy": [
        ("gpt-4o", "openai/gpt-4o", "ok", False, None, None, None, 11),
        ("gpt-4o", SONNET, "ok", True, "RateLimitError", None, 2, None),
        ("gpt-4.1", "gpt-4.1", "ok", None, None, None, 2, None),
        ("gpt-4o", None, "ok", None, None, None, 2, None),
        ("claude-opus-4-1-20250805", "claude-opus-4-1-20250805", "ok", False, None, None, None, 11),
    ],
    # Each attempt in a trace of its own; the third is a retry. The answer has the group's name, "premium". Catches a
    # plain answer or a retry that counts as one of another model.
    "litellm_1.83_proxy_request_spans": [
        ("gpt-4o", "openai/gpt-4o", "ok", False, None, None, None, 11),
        ("gpt-4o", f"anthropic/{SONNET}", "ok", True, "RateLimitError", None, 2, 11),
        ("gpt-4o", "openai/gpt-4o", "ok", False, None, None, 2, 11),
    ],
    # A fallback, a retry, two streams that fell back, the first to a model that is not said. The raw spans of streams
    # stand beside the failure, not within it. Catches joining only what stands within.
    "litellm_1.98_proxy": [
        ("premium", SONNET, "ok", True, "RateLimitError", None, 2, None),
        ("premium", "gpt-4o", "ok", None, None, None, 2, None),
        ("premium", None, "ok", None, None, None, 2, None),
        ("premium", "gpt-4.1-mini", "ok", True, "RateLimitError", None, 2, None),
    ],
    # LITELLM_OTEL_V2: an answer, a fallback, an answer from the cache. Catches counting the spans of the route, the
    # cache and the server, which name the model too, and a group beside its model taken for a switch.
    "litellm_1.109_proxy_v2": [
        ("premium", "openai/gpt-4o", "ok", False, None, None, None, 11),
        ("premium", f"anthropic/{SONNET}", "ok", True, "RateLimitError", None, 2, 11),
        ("premium", "gpt-4o", "ok", False, "cache_hit", None, None, 11),
    ],
    # The group "premium" cools down, and "mid" answers, or once fails as well; LiteLLM names premium, mid, mid, mid.
    # Catches taking what stood in for what was asked for, and no fallback then.
    "litellm_1.109_proxy_cooldown": [
        (None, SONNET, "ok", True, "RouterRateLimitError", None, 2, None),
        (None, SONNET, "ok", True, "RouterRateLimitError", None, 2, None),
        (None, "gpt-4o-mini", "ok", True, "RouterRateLimitError", None, 2, None),
        (None, f"anthropic/{SONNET}", "ok", True, "RouterRateLimitError", None, 2, 11),
    ],
    # completion(fallbacks=[...]): a call around those of both models, which names only the first.
    "openinference_litellm_0.1.51_fallbacks": [
        ("openai/gpt-4o", "openai/gpt-4o-mini", "ok", True, "RateLimitError", None, 2, 11),
    ],
    # A success that does not say what was asked.
    "openinference_litellm_0.1.51_responses": [RESCUED],
    # gpt-4o failed with 429, and nothing says which model it was.
    "openinference_openai_agents_2.6_failure": [(None, None, "error", None, "error", "error", 1, None)],
    # Langfuse's own client around OpenAI's: a model that answered is not one that was asked for. Catches counting its
    # spans of other types, and taking the model of a success for what was wanted.
    "langfuse_5.0_openai": [
        (None, "text-embedding-3-small", "ok", None, None, None, None, 4),
        ("gpt-4o", "gpt-4o-mini-2024-07-18", "ok", True, "Error code: 429 - fake 429", None, 2, 11),
        ("gpt-4o", "gpt-4o-mini-2024-07-18", "ok", True, "Error code: 429 - fake 429", None, 2, 11),
    ],
    # LangChain's model with fallbacks, of which Langfuse keeps what was asked. First gpt-4o-mini answers unasked.
    "langfuse_5.0_langchain": [
        ("gpt-4o", "gpt-4o-mini-2024-07-18", "ok", None, None, None, None, 11),
        ("gpt-4o", "gpt-4o-mini-2024-07-18", "ok", True, "Error code: 429 - fake 429", None, 2, 11),
        ("gpt-4o", "gpt-4o-2024-08-06", "ok", None, None, None, None, 11),
    ],
    # Observations that a program began by hand, in agents and beside tools; the last failure raised.
    "langfuse_5.0_observations": [
        (None, "gpt-4o", "ok", None, None, None, None, 11),
        ("gpt-4o", "gpt-4o-mini", "ok", True, "429 rate limited", None, 2, 11),
        (None, "gpt-4o", "ok", None, None, None, None, 11),
        ("gpt-4o", "gpt-4o-mini", "ok", True, "429 rate limited", None, 2, 11),
        ("gpt-4o", "gpt-4o-mini", "ok", True, "ValueError", None, 2, 11),
    ],
    # A failure is a level, and no status of the span.
    "langfuse_3.2_observations": [
        ("gpt-4o", "gpt-4o-mini", "ok", True, "429 rate limited", None, 2, 11),
        ("gpt-4o", "gpt-4o-mini", "ok", True, "429 rate limited", None, 2, 11),
    ],
}
# fmt: on


@pytest.mark.parametrize("name", RAN)
def test_spans_mean_what_the_program_saw(tiermix: Program, name: str) -> None:
    ran = tiermix("ingest", LOGS / f"{name}.jsonl", "--json")
    assert ran.code == 0, ran.err
    assert (ran.json["files"][0]["source"], ran.json["quarantined"]) == ("otel", 0)
    assert stored(tiermix.folder, MEANING) == RAN[name]


def one_a_line(name: str) -> list[dict[str, Any]]:
    """The spans of a log as exporters without a batch write them."""
    [record] = [json.loads(line) for line in (LOGS / f"{name}.jsonl").read_text().splitlines()]
    return [
        {"resourceSpans": [{"resource": r["resource"], "scopeSpans": [{"scope": s["scope"], "spans": [span]}]}]}
        for r in record["resourceSpans"]
        for s in r["scopeSpans"]
        for span in s["spans"]
    ]


def of_all(folder: Path) -> Counter[Meaning]:
    """What is stored of all the programs together; their traces differ."""
    return Counter(stored(folder, MEANING))


SEEN = Counter(meaning for requests in RAN.values() for meaning in requests)


def test_spans_of_a_line_each_and_each_twice_mean_the_same(tiermix: Program) -> None:
    # Catches joining spans only within a line, and counting a repeated one.
    rows = [row for name in RAN for row in one_a_line(name) * 2]
    assert tiermix("ingest", write_lines(tiermix.folder / "log.jsonl", rows)).code == 0
    assert of_all(tiermix.folder) == SEEN


def test_a_trace_in_two_files_that_are_ingested_together_means_the_same(tiermix: Program) -> None:
    # As a collector leaves them that begins a new file by size. Catches comparing the spans of each file alone.
    for first in (0, 1):
        rows = [row for name in RAN for row in one_a_line(name)[first::2]]
        write_lines(tiermix.folder / f"{first}.jsonl", rows)
    assert tiermix("ingest", "0.jsonl", "1.jsonl").code == 0
    assert of_all(tiermix.folder) == SEEN


def test_items_of_a_loop_that_fail_are_requests_of_their_own(tiermix: Program) -> None:
    # One failed branch and its twin that asks the same model. Catches joining every failed branch with the next one.
    log = (LOGS / "pydantic_ai_2.62_two_runs.jsonl").read_text().replace("gpt-4o-mini-2024-07-18", "gpt-4o-2024-08-06")
    path = tiermix.folder / "log.jsonl"
    path.write_text(log.replace("gpt-4o-mini", "gpt-4o"))
    assert tiermix("ingest", path).code == 0
    assert stored(tiermix.folder, "requested_model, status, fallback") == [
        ("gpt-4o", "error", None),
        ("gpt-4o", "ok", None),
    ]


def test_the_tenant_and_the_user_stand_in_metadata_and_beside_it(tiermix: Program) -> None:
    # OpenInference 0.1.66: using_attributes(user_id="u-7", metadata={"tenant": "acme"}).
    assert tiermix("ingest", LOGS / "openinference_openai_0.1.66_user.jsonl").code == 0
    assert stored(tiermix.folder, 'requested_model, tenant, "user"') == [("gpt-4o", "acme", "u-7")]


def test_what_langfuse_keeps_beside_a_model_is_read(tiermix: Program) -> None:
    # Users, metadata, which are JSON, and costs as Langfuse's client writes them. Catches the cost of a failure, which
    # is always 0, taken for that of a request whose cost nobody knows.
    assert tiermix("ingest", LOGS / "langfuse_5.0_openai.jsonl", LOGS / "langfuse_5.0_observations.jsonl").code == 0
    said = Counter(stored(tiermix.folder, 'tenant, "user", output_tokens, cost_usd'))
    assert said == {
        ("acme", "u1", 5, None): 1,
        (None, None, 5, None): 4,
        (None, None, 5, 0.002): 2,
        (None, None, None, None): 1,
    }


@pytest.mark.parametrize("first", [slice(0, None), slice(0, 2), slice(2, None)], ids=["all", "roots", "calls"])
def test_of_whom_a_trace_of_langfuse_is_stands_on_any_of_its_spans(tiermix: Program, first: slice) -> None:
    # Before 4.0 update_trace(user_id="u1", metadata={"tenant": "acme"}) says it of the root span, which is no call.
    rows = sorted(one_a_line("langfuse_3.2_observations"), key=lambda row: '"handle"' not in json.dumps(row))
    for night in (rows[first], rows):
        assert tiermix("ingest", write_lines(tiermix.folder / "log.jsonl", night)).code == 0
    assert stored(tiermix.folder, 'served_model, tenant, "user"') == [("gpt-4o-mini", "acme", "u1")] * 2


@pytest.mark.parametrize("nights", [("even", "odd"), ("odd", "even"), ("first", "rest")], ids="-".join)
def test_a_trace_that_straddles_nights_means_the_same(tiermix: Program, nights: tuple[str, str]) -> None:
    # Whatever of it comes first. Catches judging a span by what arrived with it, and an earlier judgement that stays.
    spans = {
        "even": slice(0, None, 2), "odd": slice(1, None, 2), "first": slice(0, 1), "rest": slice(1, None),
    }  # fmt: skip
    for night in nights:
        rows = [row for name in RAN for row in one_a_line(name)[spans[night]]]
        assert tiermix("ingest", write_lines(tiermix.folder / f"{night}.jsonl", rows)).code == 0
    assert of_all(tiermix.folder) == SEEN
    with duckdb.connect(str(tiermix.folder / "tiermix.duckdb"), read_only=True) as db:
        assert db.execute("SELECT sum(requests) FROM mix_minute").fetchone() == (SEEN.total(),)
