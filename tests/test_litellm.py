"""LiteLLM: real payloads of the real proxy and router, with the answers that their clients saw."""

from __future__ import annotations

import csv
import gzip
import json
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import HERE, Program, write_lines
from tiermix import sql
from tiermix.config.settings import Config
from tiermix.errors import UnreadableFile
from tiermix.ingest import ingest
from tiermix.inputs import Found
from tiermix.store import Store

PROXY = HERE / "data" / "litellm_proxy.jsonl.gz"
ROUTER = HERE / "data" / "litellm_router.jsonl.gz"


def stored(folder: Path, question: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(folder / "tiermix.duckdb"), read_only=True) as db:
        return db.execute(question).fetchall()


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def expected_proxy() -> dict[str, dict[str, str]]:
    with (HERE / "data" / "litellm_proxy_expected.csv").open() as lines:
        return {row["litellm_call_id"]: row for row in csv.DictReader(lines)}


def check_proxy(folder: Path) -> None:
    got = stored(
        folder,
        "SELECT request_id, r.requested_model, route, r.served_model, r.provider, r.status, r.fallback, "
        "coalesce(len(r.attempts), 1), r.attempts[1].status_code, r.attempts[1].error, o.cached "
        "FROM requests r JOIN request_log l USING (request_id) JOIN outcomes o ON o.outcome_id = l.outcome_id",
    )
    want = expected_proxy()
    assert len(got) == len(want) == 40
    for call, requested, route, model, provider, status, fallback, attempts, code, error, cached in got:
        row = want[call]
        assert requested == row["requested_model_group"], call
        assert (route or "") == row["served_model_group"], call
        assert (model or "") == row["served_model"], call
        assert status == {"success": "ok", "failure": "error"}[row["final_status"]], call
        assert fallback == (row["fallback"] == "1"), call
        assert attempts == int(row["log_rows"]), call
        assert cached == (row["cache_hit"] == "1"), call
        assert (str(code or ""), error or "") == (row["first_error_code"], row["first_error_class"]), call
        if status == "ok":
            assert provider == row["provider"], call


def test_the_proxy_gives_exactly_the_expected_requests(tiermix: Program) -> None:
    # Catches grouping by trace_id, counting rows, and taking the requested group from the serving row.
    ran = tiermix("ingest", PROXY, "--json")
    assert ran.code == 0, ran.err
    assert (ran.json["lines"], ran.json["accepted"], ran.json["requests"]) == (53, 53, 40)
    check_proxy(tiermix.folder)


def test_a_session_of_many_proxy_requests_stays_many_requests(tiermix: Program) -> None:
    # trace_id may be a caller's session. Catches joining proxy rows by trace_id.
    rows = rows_of(PROXY)
    for row in rows:
        row["trace_id"] = "one-session"
    assert tiermix("ingest", write_lines(tiermix.folder / "session.jsonl", rows)).code == 0
    check_proxy(tiermix.folder)


def test_webhook_batches_and_single_objects_hold_the_same_requests(tiermix: Program, shared: Path) -> None:
    folder = shared / "litellm" / "proxy_1.106.2"
    ran = tiermix("ingest", folder / "generic_api_webhook_batches.jsonl.gz", "--json")
    assert (ran.json["lines"], ran.json["requests"]) == (53, 40)
    check_proxy(tiermix.folder)
    again = tiermix(
        "ingest", folder / "s3_standard_logging_payload.jsonl.gz", folder / "one_s3_object_example.json", "--json"
    )
    assert (again.json["accepted"], again.json["duplicate"], again.json["requests"]) == (0, 54, 0)
    check_proxy(tiermix.folder)


def truth(rows: list[dict[str, Any]]) -> Counter[str]:
    """The model that answered each request: the success of each trace; the router gives each request its own trace."""
    return Counter(r["response"]["model"] for r in rows if r["status"] == "success")


def test_the_router_extract_counts_requests_and_not_attempts(tiermix: Program) -> None:
    rows = rows_of(ROUTER)
    ran = tiermix("ingest", ROUTER, "--json")
    assert ran.json["requests"] == len({r["trace_id"] for r in rows}) < len(rows)
    got = Counter(dict(stored(tiermix.folder, "SELECT served_model, count(*) FROM requests GROUP BY 1")))
    assert got == truth(rows)


def test_the_whole_router_log_gives_what_its_clients_saw(tiermix: Program, shared: Path) -> None:
    folder = shared / "litellm" / "router_sdk"
    seen = Counter(row["model"] for row in rows_of(folder / "truth.jsonl.gz"))
    assert tiermix("ingest", folder / "payloads.jsonl.gz").code == 0
    got = Counter(dict(stored(tiermix.folder, "SELECT served_model, count(*) FROM requests GROUP BY 1")))
    assert got == seen
    mix = tiermix("mix", "--json", "--by", "served_model").json
    assert mix["totals"]["total"] == 1200
    assert mix["totals"]["tiers"]["primary"] == 1156
    assert {g["key"]["served_model"]: g["total"] for g in mix["groups"]} == seen


def test_requests_of_the_router_that_share_a_session_are_told_apart(tiermix: Program) -> None:
    # One trace_id over requests one after the other: a success ends a request, a failure belongs to what follows.
    rows = rows_of(ROUTER)
    traces: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        traces.setdefault(row["trace_id"], []).append(row)
    clock = 1795300000.0
    for attempts in traces.values():
        for row in sorted(attempts, key=lambda r: r["endTime"]):
            length = row["endTime"] - row["startTime"]
            row |= {"trace_id": "session", "startTime": clock, "endTime": clock + length}
            clock += length + 0.01
        clock += 1
    ran = tiermix("ingest", write_lines(tiermix.folder / "session.jsonl", rows), "--json")
    assert ran.json["requests"] == len(traces)


def payload(i: int, group: str, ok: bool, start: float, **more: Any) -> dict[str, Any]:
    return {
        "id": f"id-{i}", "litellm_call_id": f"call-{i}", "trace_id": "t", "call_type": "acompletion",
        "status": "success" if ok else "failure", "model_group": group, "model": f"openai/{group}-model",
        "custom_llm_provider": "openai", "startTime": start, "endTime": start + 0.5, "cache_hit": None,
        "error_information": {"error_code": "" if ok else "429", "error_class": "" if ok else "RateLimitError"},
        "metadata": {}, "hidden_params": {"additional_headers": {}}, "response": {},
    } | more  # fmt: skip


def requests_of(tiermix: Program, rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    assert tiermix("ingest", write_lines(tiermix.folder / "log.jsonl", rows)).code == 0
    return stored(
        tiermix.folder,
        "SELECT requested_model, served_model, status, fallback, coalesce(len(attempts), 1) FROM requests ORDER BY ts",
    )


def test_going_back_to_the_first_route_starts_a_new_request(tiermix: Program) -> None:
    # A fallback chain never returns to the group it left: the first request failed for good.
    rows = [payload(1, "big", False, 1e9), payload(2, "small", False, 1e9 + 1), payload(3, "big", True, 1e9 + 2)]
    assert requests_of(tiermix, rows) == [
        ("big", None, "error", False, 2),
        ("big", "openai/big-model", "ok", False, 1),
    ]


def test_a_failure_long_before_a_success_is_a_request_of_its_own(tiermix: Program) -> None:
    rows = [payload(1, "big", False, 1e9), payload(2, "big", True, 1e9 + 200)]
    assert [r[2] for r in requests_of(tiermix, rows)] == ["error", "ok"]


def test_a_retry_in_the_same_group_is_no_fallback(tiermix: Program) -> None:
    rows = [payload(1, "big", False, 1e9), payload(2, "big", True, 1e9 + 1)]
    assert requests_of(tiermix, rows) == [("big", "openai/big-model", "ok", False, 2)]


def test_a_header_that_counts_fallbacks_is_believed_when_the_failure_row_is_missing(tiermix: Program) -> None:
    row = payload(1, "small", True, 1e9, hidden_params={"additional_headers": {"x-litellm-attempted-fallbacks": 1}})
    assert requests_of(tiermix, [row])[0][3] is True


@pytest.mark.parametrize("cut", [1, 7, 30, 52])
def test_attempts_that_straddle_two_files_become_one_request(tiermix: Program, cut: int) -> None:
    # Two nights: the second brings the success of a request whose failure came in the first, in either order.
    rows = rows_of(PROXY)
    tiermix("ingest", write_lines(tiermix.folder / "b.jsonl", rows[cut:]))
    tiermix("ingest", write_lines(tiermix.folder / "a.jsonl", rows[:cut]))
    check_proxy(tiermix.folder)
    rolled = stored(tiermix.folder, "SELECT sum(requests) FROM mix_minute")
    by_dim = stored(tiermix.folder, "SELECT dim, sum(requests) FROM mix_hour GROUP BY 1")
    assert rolled == [(40,)]
    assert {n for _, n in by_dim} == {40}


def test_declared_tiers_place_router_decisions_and_name_the_switch(tiermix: Program) -> None:
    # The complexity router sends five of eight requests to gpt-4o-mini without any failure.
    (tiermix.folder / "tiermix.toml").write_text(
        '[[tier]]\nname = "primary"\nmodels = ["gpt-4o"]\n[[tier]]\nname = "mid"\nmodels = ["claude-*"]\n'
        '[[tier]]\nname = "small"\nmodels = ["gpt-4o-mini*"]\n[[tier]]\nname = "cache"\ncached = true\n'
    )
    assert tiermix("ingest", PROXY).code == 0
    got = stored(
        tiermix.folder, "SELECT tier, intended_tier, demoted, reason, count(*) FROM requests WHERE requested_model = "
        "'smart-router' GROUP BY ALL ORDER BY ALL"
    )  # fmt: skip
    assert got == [
        ("primary", "primary", False, None, 4),
        ("small", "primary", True, "complexity_router", 4),
    ]


def old(i: int, trace: str, ok: bool, start: float, answer: str, **more: Any) -> dict[str, Any]:
    """A payload of before 1.83, without litellm_call_id."""
    row = payload(i, "big", ok, start, trace_id=trace, id=answer, **more)
    del row["litellm_call_id"]
    return row


@pytest.mark.parametrize("files", [1, 2])
def test_old_payloads_whose_answer_id_repeats_are_requests_of_their_own(tiermix: Program, files: int) -> None:
    rows = [old(1, "t1", True, 1e9, "chatcmpl-123"), old(2, "t2", True, 1e9 + 3600, "chatcmpl-123")]
    for n in range(files):
        part = rows if files == 1 else rows[n : n + 1]
        assert tiermix("ingest", write_lines(tiermix.folder / f"{n}.jsonl", part)).code == 0
    assert len(stored(tiermix.folder, "SELECT DISTINCT request_id FROM requests")) == 2


def proxied(i: int, group: str, ok: bool, start: float, who: str = "u", **more: Any) -> dict[str, Any]:
    """A payload as the proxy of 1.77 and 1.83 writes it into a session; a failure has the id of its call."""
    about = {"user_api_key_hash": "k", "user_api_key_request_route": "/v1/chat/completions"}
    return old(i, "session", ok, start, f"id-{i}", end_user=who, metadata=about, model_parameters={"stream": False}) | {
        "model_group": group, "model": f"openai/{group}-model", **more,
    }  # fmt: skip


def test_requests_of_a_session_that_ran_at_once_are_told_apart_by_their_user(tiermix: Program) -> None:
    # As 1.83.0 logged parallel requests of one session. Catches joining one user's answer to another's failure.
    rows = [
        proxied(1, "big", False, 1e9, "a"), proxied(2, "big", True, 1e9 + 0.1, "b"),
        proxied(3, "big", False, 1e9 + 0.2, "c"), proxied(4, "small", True, 1e9 + 2, "c"),
        proxied(5, "tiny", True, 1e9 + 3, "a"),
    ]  # fmt: skip
    assert tiermix("ingest", write_lines(tiermix.folder / "log.jsonl", rows)).code == 0
    got = stored(tiermix.folder, 'SELECT "user", requested_model, served_model, fallback FROM requests ORDER BY 1')
    assert got == [
        ("a", "big", "openai/tiny-model", True),
        ("b", "big", "openai/big-model", False),
        ("c", "big", "openai/small-model", True),
    ]  # fmt: skip


def test_what_fails_again_and_again_in_a_session_of_the_proxy_is_as_many_requests(tiermix: Program) -> None:
    # Since 1.73 the proxy logs the first failure alone of a request that streams nothing: an outage is not one request.
    rows = [proxied(1, "big", False, 1e9), proxied(2, "big", False, 1e9 + 2), proxied(3, "small", True, 1e9 + 4)]
    assert requests_of(tiermix, rows) == [
        ("big", None, "error", False, 1),
        ("big", "openai/small-model", "ok", True, 2),
    ]


@pytest.mark.parametrize(
    ("streams", "route"), [(True, "/v1/chat/completions"), (False, None)], ids=["a stream", "before 1.73"]
)
def test_where_the_proxy_logs_every_failure_they_are_one_request(
    tiermix: Program, streams: bool, route: str | None
) -> None:
    about = {"user_api_key_hash": "k", "user_api_key_request_route": route}
    rows = [
        proxied(
            n, group, ok, 1e9 + n, id="id" if not ok else "answer", metadata=about, model_parameters={"stream": streams}
        )
        for n, (group, ok) in enumerate([("big", False), ("big", False), ("small", True)])
    ]
    assert requests_of(tiermix, rows) == [("big", "openai/small-model", "ok", True, 3)]


def test_where_nothing_joins_an_answer_to_the_failures_before_it_what_was_asked_for_is_unknown(
    tiermix: Program,
) -> None:
    # As the proxy of 1.55.10 logs a fallback: without trace_id or litellm_call_id. Catches a stand-in called primary.
    rows = [proxied(1, "big", False, 1e9, trace_id=None), proxied(2, "small", True, 1e9 + 1, trace_id=None)]
    assert requests_of(tiermix, rows) == [
        ("big", None, "error", None, 1),
        (None, "openai/small-model", "ok", None, 1),
    ]
    assert stored(tiermix.folder, "SELECT tier FROM requests ORDER BY ts") == [("unserved",), ("unknown",)]


def test_a_success_that_counts_no_retry_absorbs_no_failure_before_it(tiermix: Program) -> None:
    # In 1,200 real router traces a success says 0 retries and 0 fallbacks exactly where no failure precedes it.
    headers = {"additional_headers": {"x-litellm-attempted-retries": 0, "x-litellm-attempted-fallbacks": 0}}
    rows = [payload(1, "big", False, 1e9), payload(2, "big", True, 1e9 + 1, hidden_params=headers)]
    assert [r[2] for r in requests_of(tiermix, rows)] == ["error", "ok"]


def test_a_fallback_without_its_failure_row_is_not_called_primary(tiermix: Program) -> None:
    # With success_callback alone the failure is not in the log: what was asked for is unknown.
    served = [r for r in rows_of(PROXY) if r["status"] == "success"]
    assert tiermix("ingest", write_lines(tiermix.folder / "log.jsonl", served)).code == 0
    rescued = stored(tiermix.folder, "SELECT requested_model, tier FROM requests WHERE fallback")
    assert rescued == [(None, "secondary")] * 9


@pytest.mark.parametrize("apart", [False, True])
def test_attempts_of_several_requests_under_one_id_make_no_two_requests_of_one_id(
    tiermix: Program, apart: bool
) -> None:
    # A gateway that repeats its call ids. Catches naming each request after its first attempt without a look at others.
    row = {
        "id": "a", "litellm_call_id": "same", "trace_id": "t", "call_type": "acompletion", "status": "success",
        "model_group": "premium", "model": "gpt-4o", "startTime": 1795234164.0, "endTime": 1795234165.0,
    }  # fmt: skip
    later = row | {"id": "b", "startTime": 1795234170.0, "endTime": 1795234171.0}
    other = later | {"trace_id": "u"} if apart else later
    assert tiermix("ingest", write_lines(tiermix.folder / "log.jsonl", [row, other])).code == 0
    assert stored(tiermix.folder, "SELECT request_id FROM request_log ORDER BY ALL") == (
        [("same",)] if apart else [("same",), ("same#2",)]
    )
    assert stored(tiermix.folder, "SELECT sum(requests) FROM mix_minute") == [(1 if apart else 2,)]


@pytest.mark.parametrize("before", ["another DuckDB", "schema 3"])
def test_attempts_are_known_again_though_their_hashes_are_not(tiermix: Program, before: str) -> None:
    # Half of the attempts come one night later. Catches trusting stored hashes, and a migration that makes none.
    rows = rows_of(PROXY)
    write_lines(tiermix.folder / "first.jsonl", rows[::2])
    write_lines(tiermix.folder / "all.jsonl", rows)
    assert tiermix("ingest", "first.jsonl").code == 0
    with duckdb.connect(str(tiermix.folder / "tiermix.duckdb")) as db:
        if before == "schema 3":
            db.execute(
                "ALTER TABLE attempt_log DROP COLUMN attempt_hash; ALTER TABLE attempt_log DROP COLUMN group_hash"
            )
            db.execute("ALTER TABLE request_log DROP COLUMN group_hash; DROP TABLE drift_acknowledged")
            db.execute("DROP TABLE span_log")
            db.execute(
                "ALTER TABLE request_log ADD COLUMN source VARCHAR; ALTER TABLE attempt_log ADD COLUMN source VARCHAR"
            )
            db.execute("UPDATE meta SET value = '3' WHERE key = 'schema'")
        else:
            db.execute("UPDATE attempt_log SET attempt_hash = 1, group_hash = 2")
            db.execute("UPDATE request_log SET group_hash = 3")
            db.execute("UPDATE meta SET value = 'other' WHERE key = 'hash'")
    ran = tiermix("ingest", "all.jsonl", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["duplicate"] == len(rows[::2])
    assert stored(tiermix.folder, "SELECT count(*), count(DISTINCT request_id) FROM request_log") == [(40, 40)]
    assert stored(tiermix.folder, "SELECT CAST(sum(requests) AS INTEGER) FROM mix_minute") == [(40,)]
    wrong = "SELECT count(*) FROM attempt_log WHERE attempt_hash <> hash(attempt_id) OR group_hash <> hash(group_key)"
    assert stored(tiermix.folder, wrong) == [(0,)]


def test_a_request_of_one_attempt_is_folded_as_a_chain_of_one() -> None:
    # Catches any column of ingest/fold_lone that differs from what ingest/fold_attempts makes of the same attempt.
    with duckdb.connect() as db:
        for schema in ("schema/001_store", "schema/004_attempt_hash"):
            db.execute(sql.load(schema).text.partition("UPDATE")[0])
        rng = random.Random(5)
        for n in range(2000):
            start = datetime(2026, 11, 12, tzinfo=UTC) + timedelta(seconds=rng.randrange(9999))
            row = {
                "source": "litellm", "attempt_id": f"a{n}", "group_key": f"g{n}", "request_id": f"r{n % 1990}",
                "started": start, "ended": start + timedelta(milliseconds=rng.randrange(5000)), "batch_id": 1,
                **{c: rng.random() < 0.5 for c in ("split", "ok", "stream", "first", "cached", "drill")},
                "fallback": rng.choice((True, False, None)), "status_code": rng.choice((None, 200, 429)),
                **{c: rng.choice((None, c, f"{c} 2")) for c in ("requested_model", "route", "model", "provider",
                   "intended_model", "reason", "error", "tenant", "user", "feature", "intent", "traffic_class",
                   "prompt_version")},
                "input_tokens": rng.choice((None, 7)), "output_tokens": rng.choice((None, 9)),
                "cost_usd": rng.choice((None, 0.5)), "tool_calls": rng.choice((None, 2)),
            }  # fmt: skip
            listed = ", ".join(f'"{c}"' for c in row)
            db.execute(f"INSERT INTO attempt_log ({listed}) VALUES ({', '.join('?' * len(row))})", list(row.values()))
        db.execute("CREATE VIEW attempts AS FROM attempt_log; CREATE VIEW lone AS FROM attempt_log")
        chain, lone = (sql.load(f"ingest/{name}").text for name in ("fold_attempts", "fold_lone"))
        assert db.execute(f"SELECT count(*) FROM ({lone})").fetchone() == (2000,)
        names = [row[0] for row in db.execute(f"DESCRIBE {chain}").fetchall()]
        assert names == [row[0] for row in db.execute(f"DESCRIBE {lone}").fetchall()]
        assert db.execute(f"({chain}) EXCEPT ALL ({lone})").fetchall() == []


@pytest.mark.parametrize("indent", [None, 2])
def test_a_cut_object_is_quarantined_or_refused_as_what_it_is(tmp_path: Path, indent: int | None) -> None:
    # Catches a cut object that is taken for the objects inside of it: those are of no known source.
    whole = json.dumps(rows_of(PROXY)[0], indent=indent)
    told = []
    for size in range(1, len(whole) - 1, len(whole) // 12):
        path = tmp_path / f"{size}.json"
        path.write_text(whole[:size])
        with Store.in_memory() as store:
            try:
                done = ingest(store, Found((path,), frozenset((path,))), Config(), now=datetime.now(UTC))
            except UnreadableFile as refused:
                told.append(refused.message)
                continue
            assert (done.files[0].source, done.lines, done.quarantined) == ("litellm", 1, 1)
            assert [why for why, *_ in store.ask("trust/quarantine")] == ["not JSON: it is cut off"]
            told.append("quarantined")
    early = told.count("the only record in it is cut off, too early to tell whose it is")
    assert 0 < early < len(told)
    assert set(told[early:]) == {"quarantined"}
