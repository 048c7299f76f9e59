"""Logs as log drivers write what a gateway prints: each record as text behind or inside of something else."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import Program
from tests.test_shapes import spent
from tests.test_sources import CASES, stored
from tiermix.sources.drivers import behind, unpacked
from tiermix.sources.records import MAX_RECORD, lines

Line = Callable[[str], str]
AT = "2026-11-21T10:00:00.123456789Z"


def docker(text: str, stream: str = "stdout") -> str:
    return json.dumps({"log": text, "stream": stream, "time": AT})


LINES: dict[str, tuple[str, Line]] = {
    "Docker": ("log", lambda r: docker(r + "\n")),
    "Kubernetes": ("", lambda r: f"{AT} stdout F {r}"),
    "Docker Compose": ("", lambda r: f"gateway-1  | {r}"),
    "kubectl logs --prefix": ("", lambda r: f"[pod/gateway-7c/envoy] {r}"),
    "syslog": ("", lambda r: f'<134>1 {AT} host gateway 12 - [x@1 a="b"] {r}'),
    "a logger of Python": ("", lambda r: f"2026-11-21 10:00:00,123 INFO {{gateway}}: {r}"),
    "Datadog": ("message", lambda r: json.dumps({"ddsource": "litellm", "ddtags": "env:x", "message": r, "tags": {}})),
    "Fluent Bit": (
        "log",
        lambda r: json.dumps({"stream": "stdout", "logtag": "F", "log": r, "x": {}}),
    ),
}


@pytest.mark.parametrize("driver", LINES)
@pytest.mark.parametrize("name", ["envoy", "kong", "vllm_semantic_router"])
def test_records_are_found_behind_and_inside_of_what_a_driver_writes(tiermix: Program, name: str, driver: str) -> None:
    records, want = CASES[name]
    log = tiermix.folder / "gateway.log.gz"
    log.write_bytes(gzip.compress("".join(LINES[driver][1](json.dumps(r)) + "\n" for r in records).encode()))
    ran = tiermix("ingest", log, "--json")
    assert ran.code == 0, ran.err
    assert (ran.json["files"][0]["source"], ran.json["lines"], ran.json["quarantined"]) == (name, len(records), 0)
    assert stored(tiermix.folder) == want


def test_texts_in_the_pages_of_an_api_are_found(tiermix: Program) -> None:
    # CloudWatch: {"events": [{"message": "{...}"}]}
    records, want = CASES["envoy"]
    page = {"events": [{"timestamp": 1, "message": json.dumps(r)} for r in records], "searched": [{"done": True}]}
    log = tiermix.folder / "events.json"
    log.write_text(json.dumps(page, indent=2))
    assert tiermix("ingest", log).code == 0
    assert stored(tiermix.folder) == want


@pytest.mark.parametrize("driver", ["Docker", "Kubernetes"])
def test_what_else_a_container_prints_costs_only_itself_and_keeps_its_place(tiermix: Program, driver: str) -> None:
    # Catches offsets in the text instead of in the file, and a look that ends before the first record.
    printed = [
        "starting",
        *(f"wait {n}" for n in range(60)),
        *map(json.dumps, (spent(1), spent(2))),
        '{"request_id": x}',
    ]
    log = tiermix.folder / "gateway.log"
    log.write_text("".join(LINES[driver][1](p) + "\n" for p in printed))
    ran = tiermix("ingest", log, "--max-bad", "1", "--json")
    assert (ran.json["accepted"], ran.json["quarantined"]) == (2, 62)
    assert [r[0] for r in stored(tiermix.folder)] == ["r1", "r2"]
    with duckdb.connect(str(tiermix.folder / "tiermix.duckdb"), read_only=True) as db:
        last = db.execute("SELECT line, byte_offset, excerpt FROM quarantine ORDER BY line DESC LIMIT 1").fetchone()
    assert last == (64, log.read_text().rindex("\n", 0, -1) + 1, '{"request_id": x}')


def test_explain_says_where_the_records_stand(tiermix: Program) -> None:
    for name, says in (("Docker", "lines as text in log"), ("Kubernetes", "lines behind other text")):
        log = tiermix.folder / f"{name}.log"
        log.write_text("".join(LINES[name][1](json.dumps(spent(n))) + "\n" for n in range(3)))
        assert says in tiermix("ingest", "--explain", log).out


def cut(text: str, at: Sequence[int]) -> list[str]:
    ends = [0, *sorted({min(a, len(text)) for a in at} - {0, len(text)}), len(text)]
    return [text[a:b] for a, b in pairwise(ends)]


def pieces_of_docker(text: str, at: Sequence[int]) -> list[str]:
    return [docker(p) for p in cut(text + "\n", [min(a, len(text)) for a in at])]


def pieces_of_kubernetes(text: str, at: Sequence[int]) -> list[str]:
    *before, last = cut(text, at)
    return [*(f"{AT} stdout P {p}" for p in before), f"{AT} stdout F {last}"]


def of_fluent_bit(text: str, tag: str, stream: str = "stdout") -> str:
    return json.dumps({"time": AT, "stream": stream, "logtag": tag, "log": text})


def pieces_of_fluent_bit(text: str, at: Sequence[int]) -> list[str]:
    *before, last = cut(text, at)
    return [*(of_fluent_bit(p, "P") for p in before), of_fluent_bit(last, "F")]


PIECES = {
    "Docker": ("log", pieces_of_docker),
    "Kubernetes": ("", pieces_of_kubernetes),
    "Fluent Bit": ("log", pieces_of_fluent_bit),
}
NOISE = {
    "Docker": docker("ready\n", "stderr"),
    "Kubernetes": f"{AT} stderr F ready",
    "Fluent Bit": of_fluent_bit("ready", "F", "stderr"),
}


@pytest.mark.parametrize("driver", PIECES)
@given(data=st.data())
def test_pieces_are_put_together(driver: str, data: st.DataObject) -> None:
    """What a driver cut is whole again, wherever it cut and whatever came from the other stream meanwhile.

    Catches pieces that are taken for records, streams that are mixed up, and blanks lost where a piece begins or ends.
    """
    member, written = PIECES[driver]
    texts = [
        json.dumps({"n": n, "text": t, "more": {"a": [t]}})
        for n, t in enumerate(data.draw(st.lists(st.text(), min_size=1)))
    ]
    log = []
    for text in texts:
        for piece in written(text, data.draw(st.lists(st.integers(1, 200), max_size=4))):
            log += [NOISE[driver]] * data.draw(st.integers(0, 1)) + [piece]
    said = [r.data.strip().decode() for r in unpacked(lines(["\n".join(log).encode()]), member)]
    assert [s for s in said if s != "ready"] == texts
    assert said.count("ready") == log.count(NOISE[driver])


@pytest.mark.parametrize("driver", PIECES)
def test_a_file_of_nothing_but_pieces_is_recognised(tiermix: Program, driver: str) -> None:
    rows = [spent(1, request_id=f"r{n}", note="x" * 3000) for n in range(30)]
    log = tiermix.folder / "gateway.log"
    log.write_text("\n".join(p for r in rows for p in PIECES[driver][1](json.dumps(r), range(100, 3000, 100))) + "\n")
    ran = tiermix("ingest", log, "--json")
    assert (ran.code, ran.json["lines"], ran.json["requests"]) == (0, 30, 30)


@pytest.mark.parametrize("driver", PIECES)
def test_a_lost_piece_costs_only_its_record(driver: str) -> None:
    # A driver that is killed leaves the beginning of a line; the next one that it writes is whole.
    member, written = PIECES[driver]
    first, second, third = (json.dumps({"n": n, "text": "x" * 50}) for n in range(3))
    log = written(first, []) + written(second, [20])[:1] + written(third, [])
    said = [r.data.strip().decode() for r in unpacked(lines(["\n".join(log).encode()]), member)]
    assert said == [first, second[:20], third]


def test_pieces_without_end_take_bounded_memory() -> None:
    piece = f"{AT} stdout P {'x' * (1 << 20)}\n".encode()
    first, after = unpacked(
        lines([piece] * (2 * MAX_RECORD >> 20) + [f"{AT} stdout F y\n{AT} stdout F z".encode()]), ""
    )
    assert (first.fault, first.line, after.data) == ("the line is longer than 64 MiB", 1, b"z")
    assert len(first.data) < MAX_RECORD


@pytest.mark.parametrize(
    ("line", "want"),
    [
        ('a {b} {"c": 1}', '{"c": 1}'),
        ('{"c": 1}', ""),
        ('  "usage": {"c": 1}', ""),
        ('[{"c": 1}', ""),
        ('a {"c": 1} b', ""),
        ('a {"c": {"d": 1}', ""),
        ("a", ""),
        ("a { { { { {}", ""),
    ],
)
def test_only_an_object_that_ends_the_line_and_no_json_stands_before_is_taken(line: str, want: str) -> None:
    assert behind(line.encode()).decode() == want


def test_an_object_over_many_lines_is_no_text_of_a_driver(tiermix: Program) -> None:
    # Its last members stand behind their names as records stand behind a time.
    rows: list[dict[str, Any]] = [spent(n, usage={"a": 1, "b": 2, "c": 3, "d": 4}) for n in range(3)]
    log = tiermix.folder / "log.json"
    log.write_text("\n".join(json.dumps(r, indent=1).replace("{\n  ", "{ ") for r in rows))
    assert tiermix("ingest", log, "--json").json["requests"] == 3
