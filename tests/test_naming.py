"""Kinds of outcomes that the head of a log does not have are found without reading all of it again."""

from __future__ import annotations

import json
from array import array
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tiermix.broken import Part
from tiermix.config.settings import Config
from tiermix.ingest import ingest, naming
from tiermix.inputs import Found
from tiermix.model import Keep
from tiermix.store import Store

# Enough bytes that DuckDB's threads read parts of the file out of turn.
LINES, PAD = 50_000, "x" * 1_600
NOW = datetime(2026, 11, 22, tzinfo=UTC)
HEAD = 500


def reason(n: int) -> str | None:
    """Every 911th request has one of its own, and two in the head one that returns."""
    return f"rare {n}" if n % 911 == 910 else ("usual" if n % 2 else None)


def write(path: Path, *, broken: bool) -> dict[str | None, int]:
    """A log, and how many requests it has by reason."""
    counts: Counter[str | None] = Counter()
    with path.open("w") as out:
        for n in range(LINES):
            if broken and n % 997 == 3:
                out.write('{"ts": "2026-11-\n')
                continue
            counts[reason(n)] += 1
            record = {"ts": f"2026-11-12T{n % 24:02}:00:00Z", "request_id": f"r{n}", "tier": "secondary", "pad": PAD}
            out.write(json.dumps(record | {"reason": reason(n)}) + "\n")
    return dict(counts)


def counted(path: Path, keep: Keep) -> dict[str | None, int]:
    """How many requests the store counts by reason."""
    with Store.in_memory() as store:
        ingest(store, Found((path,), frozenset((path,))), Config(), now=NOW, keep=keep, max_bad=1)
        rows = store.execute("SELECT reason, sum(requests) FROM mix_minute JOIN outcomes USING (outcome_id) GROUP BY 1")
        return {why: int(count) for why, count in rows}


@pytest.fixture
def named_from(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Which files outcomes are named from, and up to which limit."""
    seen: list[tuple[str, str]] = []
    real = naming.name_outcomes_of

    def name_outcomes_of(store: Store, source: Any, way: naming.Way, limit: str) -> None:
        seen.append((Path(source.params["path"]).name, limit))
        real(store, source, way, limit)

    monkeypatch.setattr(naming, "name_outcomes_of", name_outcomes_of)
    monkeypatch.setattr(naming, "HEAD_ROWS", HEAD)
    return seen


@pytest.mark.parametrize("keep", ["requests", "outcomes"])
@pytest.mark.parametrize("broken", [False, True])
@pytest.mark.parametrize("many", [1_500, 12_000])
def test_rare_kinds_are_named_from_a_part_of_the_file(
    tmp_path: Path,
    named_from: list[tuple[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    keep: Keep,
    broken: bool,
    many: int,
) -> None:
    # Catches an order of rows that is not that of the lines, also where so many are known as in far larger files.
    monkeypatch.setattr(naming, "isqrt", lambda _: many)
    monkeypatch.setattr(naming, "_SHARE", 1)
    path = tmp_path / "app.jsonl"
    assert write(path, broken=broken) == counted(path, keep)
    assert named_from == [("app.jsonl", f" LIMIT {HEAD}"), ("part.jsonl", "")]


def test_kinds_that_are_not_found_so_are_named_from_all_of_it(
    tmp_path: Path, named_from: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(path: Path, size: int, many: int, firsts: Path) -> tuple[array[int], Part]:
        firsts.touch()
        return array("q"), Part(firsts)

    monkeypatch.setattr(naming, "glimpse", nothing)
    path = tmp_path / "app.jsonl"
    assert write(path, broken=False) == counted(path, "requests")
    assert named_from == [("app.jsonl", f" LIMIT {HEAD}"), ("part.jsonl", ""), ("app.jsonl", "")]


@pytest.mark.parametrize(
    ("place", "stretches"),
    [
        (12, [(100, 200)]),  # between two known lines
        (10, [(100, 200)]),  # one of them
        (9, [(0, 100), (400, 500)]),  # before the first that its thread read, or behind the last of another
        (25, [(200, 300)]),  # behind the last that its thread read
        (1, [(300, 400)]),
        (-3, [(200, 300)]),
        (99, [(200, 300)]),
    ],
)
def test_a_row_stands_beside_the_known_lines_before_and_behind_it(place: int, stretches: list[tuple[int, int]]) -> None:
    # Lines at 100 and 200 were read by one thread, which wrote behind the one that read those at 300 and 400.
    known = [(2, 0), (3, 5), (0, 10), (1, 20)]
    found = naming._around([place], known, [100, 200, 300, 400], 500)
    assert [(s.offset, s.offset + s.size) for s in found] == stretches


def test_a_log_of_nothing_but_rare_kinds_is_read_again_at_once(
    tmp_path: Path, named_from: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Looking for as many would cost more.
    monkeypatch.setitem(globals(), "reason", str)
    path = tmp_path / "app.jsonl"
    assert write(path, broken=False) == counted(path, "outcomes")
    assert named_from == [("app.jsonl", f" LIMIT {HEAD}"), ("app.jsonl", "")]
