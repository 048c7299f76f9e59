"""Logs as APIs and log collectors hand them out: the same records inside of other objects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import Program, write_lines
from tests.test_shapes import spent
from tests.test_sources import CASES, stored
from tiermix.sources.envelope import holding, opened

PAGES = {
    "a page": lambda rows: json.dumps({"object": "list", "data": rows, "has_more": False}),
    "a page over many lines": lambda rows: json.dumps({"page": {"n": 1}, "result": rows, "info": [{"a": 1}]}, indent=2),
    "pages, one a line": lambda rows: "\n".join(json.dumps({"logs": [r], "stats": {"n": 1}}) for r in rows),
    "pages in a list": lambda rows: json.dumps([{"items": [r]} for r in rows]),
    "members of members": lambda rows: json.dumps({"data": {"logs": {"edges": rows}, "total": len(rows)}}),
    "entries of a collector": lambda rows: "\n".join(
        json.dumps({"insertId": "x", "timestamp": "2026-11-19T10:00:00Z", "jsonPayload": r}) for r in rows
    ),
}


@pytest.mark.parametrize("name", ["bifrost", "langfuse", "otel"])
@pytest.mark.parametrize("page", PAGES)
def test_records_inside_of_other_objects_are_those_records(tiermix: Program, name: str, page: str) -> None:
    records, want = CASES[name]
    log = tiermix.folder / "page.json"
    log.write_text(PAGES[page](records))
    ran = tiermix("ingest", log, "--json")
    assert ran.code == 0, ran.err
    assert ran.json["files"][0]["source"] == name
    assert (ran.json["lines"], ran.json["quarantined"]) == (len(records), 0)
    assert stored(tiermix.folder) == want


def test_one_record_in_a_member_of_its_own_is_found(tiermix: Program) -> None:
    log = tiermix.folder / "generation.json"
    log.write_text(json.dumps({"data": CASES["openrouter"][0][0]}))
    assert tiermix("ingest", log).code == 0
    assert stored(tiermix.folder) == CASES["openrouter"][1][:1]


def test_a_page_larger_than_what_is_looked_at_is_read_to_its_end(tiermix: Program) -> None:
    rows = [spent(1, request_id=f"r{n}", note="x" * 900) for n in range(4000)]
    log = tiermix.folder / "page.json"
    log.write_text(json.dumps({"total": 4000, "data": rows, "page": 1}))
    ran = tiermix("ingest", log, "--json")
    assert ran.code == 0, ran.err
    assert (ran.json["lines"], ran.json["requests"]) == (4000, 4000)


def test_a_bad_record_of_a_page_costs_only_itself_and_keeps_its_place(tiermix: Program) -> None:
    # Catches offsets that are not those of the file.
    rows = [spent(1), {**spent(2), "startTime": "noon"}, spent(3)]
    text = json.dumps({"total": 3, "data": rows, "page": 1}).replace('"r2"', ' "r2"')
    log = tiermix.folder / "page.json"
    log.write_text(text)
    ran = tiermix("ingest", log, "--max-bad", "0.9", "--json")
    assert (ran.json["lines"], ran.json["accepted"], ran.json["quarantined"]) == (3, 2, 1)
    assert [r[0] for r in stored(tiermix.folder)] == ["r1", "r3"]
    with duckdb.connect(str(tiermix.folder / "tiermix.duckdb"), read_only=True) as db:
        found = db.execute("SELECT byte_offset FROM quarantine").fetchall()
    assert found == [(text.index('{"request_id":  "r2"'),)]


def test_a_page_that_is_no_json_still_gives_its_sound_records(tiermix: Program) -> None:
    text = json.dumps({"total": 3, "data": [spent(n) for n in (1, 2, 3)], "page": 1}).replace('"r2"', "r2")
    log = tiermix.folder / "page.json"
    log.write_text(text)
    ran = tiermix("ingest", log, "--max-bad", "0.9", "--json")
    assert (ran.json["accepted"], ran.json["quarantined"] > 0) == (2, True)
    assert [r[0] for r in stored(tiermix.folder)] == ["r1", "r3"]


def test_explain_says_what_is_inside(tiermix: Program) -> None:
    log = tiermix.folder / "page.json"
    log.write_text(json.dumps({"data": [spent(1), spent(2)], "page": 1}))
    ran = tiermix("ingest", "--explain", log)
    assert ran.code == 0, ran.err
    assert "litellm_spend" in ran.out


def test_records_of_a_team_come_before_those_inside_of_them(tiermix: Program) -> None:
    # A record may hold the records of others, such as a generation that it saved; it is what was described.
    (tiermix.folder / "tiermix.toml").write_text(
        '[source.mine]\n[source.mine.fields]\nts = "at"\nserved_model = "used"\nrequest_id = "no"\n'
    )
    rows = [{"at": "2026-11-19T10:15:04Z", "used": "gpt-4o", "no": "m1", "saved": [spent(1), spent(2)]}]
    ran = tiermix("ingest", write_lines(tiermix.folder / "log.jsonl", rows), "--json")
    assert (ran.json["files"][0]["source"], ran.json["requests"]) == ("mine", 1)


def test_described_records_are_found_inside_of_a_page(tiermix: Program) -> None:
    (tiermix.folder / "tiermix.toml").write_text(
        '[source.mine]\n[source.mine.fields]\nts = "at"\nserved_model = "m.used"\n'
    )
    rows = [{"at": f"2026-11-19T10:1{n}:04Z", "m": {"used": "gpt-4o"}} for n in range(3)]
    log = tiermix.folder / "page.json"
    log.write_text(json.dumps({"entries": rows}))
    ran = tiermix("ingest", log, "--json")
    assert (ran.json["files"][0]["source"], ran.json["requests"]) == ("mine", 3)


def test_what_holds_no_known_records_is_refused_with_its_own_fields(tiermix: Program) -> None:
    log = tiermix.folder / "page.json"
    log.write_text(json.dumps({"errors": [{"code": 1}], "retry": {}}))
    ran = tiermix("ingest", log)
    assert ran.code == 3
    assert "its fields are: errors, retry" in " ".join(ran.err.split())


SCALARS = st.none() | st.booleans() | st.integers() | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
)
RECORDS = st.lists(st.dictionaries(st.text(max_size=4), VALUES, max_size=3), min_size=1, max_size=4)


@given(
    records=RECORDS,
    around=st.dictionaries(st.text(max_size=4), VALUES, max_size=4),
    name=st.text(max_size=5),
    size=st.integers(1, 40),
    indent=st.sampled_from([None, 1]),
    ascii_only=st.booleans(),
)
def test_only_what_the_member_holds_is_left_and_where_it_was(
    records: list[Any], around: dict[str, Any], name: str, size: int, indent: int | None, ascii_only: bool
) -> None:
    # Catches every quote, backslash or bracket that is taken for another, at any cut between two blocks.
    page = json.dumps({**around, name: records}, indent=indent, ensure_ascii=ascii_only)
    text = page.encode("utf-8", "surrogatepass")
    left = b"".join(opened((text[i : i + size] for i in range(0, len(text), size)), (name,)))
    assert len(left) == len(text)
    assert json.loads(left.decode("utf-8", "surrogatepass")) == records
    kept = [i for i, byte in enumerate(left) if byte not in b" \n"]
    assert all(left[i] == text[i] for i in kept)
    assert name in holding(text) or len(around) >= 12


def test_a_page_that_breaks_is_given_on_and_not_passed_over() -> None:
    # Catches records that vanish behind a bracket too many.
    text = b'{"data": [{"a": 1}}, {"b": 2}], "page": 1}'
    assert b'{"b": 2}' in b"".join(opened((text,), ("data",)))


def test_a_cut_page_gives_what_is_there(tmp_path: Path) -> None:
    text = b'{"page": 1, "data": [{"a": 1}, {"b": '
    assert b"".join(opened((text,), ("data",))).split() == b'[{"a": 1}, {"b":'.split()
