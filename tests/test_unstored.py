"""The fast way around bad lines leaves the store that the careful way leaves, which is taken only when it must be."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.conftest import small_records
from tests.odd import TEXTS
from tiermix.config.settings import Config
from tiermix.ingest import around, ingest, run, unstored
from tiermix.ingest.batch import Input, Job
from tiermix.ingest.cleaning import Relation, cleaned
from tiermix.inputs import Found
from tiermix.sources.records import Record
from tiermix.store import Store

UNUSABLE = [b'{"a": true}', b'{"ts": "soon", "request_id": "q", "tier": "primary"}', b'{"ts": 5, "tier": "x"}']
NEGATIVE = b'{"ts": "2026-11-12T00:00:00Z", "request_id": "n", "tier": "primary", "input_tokens": -5}'
CUT = [b'{"ts": "2026-11-12T', b"# rotated", b'"tier": "primary"}']
HIDDEN = b'{"ts": "2026-11-12T00:00:00Z", "request_id": "h", "tier": primary}'
WRONG = b'{"ts": "2026-11-12T00:00:00Z", "request_id": "w", "tier": "primary", "input_tokens": "many"}'
NAMELESS = b'{"ts": "2026-11-12T00:00:00Z", "tier": "primary"}'
# Good, though values are missing that all others have, or are of another type and say the same; the outcome is new.
SPARSE = [
    b'{"ts": "2026-11-12T00:00:00Z", "request_id": "s", "tier": "primary", "reason": "none but this"}',
    b'{"ts": "2026-11-12T00:00:00Z", "request_id": "t", "tier": "canned", "latency_ms": "12.5", "input_tokens": true}',
]
KNOWN = b'{"ts": "soon", "request_id": "r00003", "tier": "primary"}'  # the id of a good one

# The bad lines of a log, and whether the fast way finds its way around them.
CASES = {
    "unusable": ([*UNUSABLE, NEGATIVE], True),
    "cut off": (CUT, True),
    "cut off inside": ([HIDDEN], True),
    "of another type": ([WRONG], True),
    "all of these": ([*UNUSABLE, NEGATIVE, *CUT, HIDDEN, WRONG], True),
    "blank lines among them": ([*UNUSABLE, b"", b"  ", *CUT, b"\t"], True),
    "good with few fields": ([*SPARSE, *CUT], True),
    "half with few fields": ([*CUT, *(SPARSE[0].replace(b'"s"', b'"s%d"' % n) for n in range(400))], True),
    "few fields with the id of a good one": ([SPARSE[0].replace(b'"s"', b'"r00003"'), *CUT], False),
    "few fields twice the same": ([SPARSE[0], SPARSE[0], *CUT], False),
    "with the id of a good one": ([KNOWN], False),
    "good without an id": ([NAMELESS], False),
    "both": ([*UNUSABLE, NAMELESS, *CUT], False),
    "twice the same": ([NEGATIVE, NEGATIVE], True),
}


def made(bad: list[bytes]) -> bytes:
    lines = [json.dumps(r).encode() for r in small_records()]
    rng = Random(3)
    for line in bad:
        lines.insert(rng.randrange(len(lines)), line)
    return b"\n".join(lines) + b"\n"


Stored = tuple[list[Any], ...]


def stored(path: Path, config: Config | None = None) -> Stored:
    config = config or Config()
    with Store.in_memory() as store:
        done = ingest(store, Found((path,), frozenset((path,))), config, now=datetime(2026, 11, 21, tzinfo=UTC))
        return (
            [(r.lines, r.accepted, r.duplicate, r.quarantined) for r in done.files],
            store.execute("SELECT * EXCLUDE (batch_id) REPLACE (epoch_us(ts) AS ts) FROM request_log ORDER BY ALL"),
            store.execute("SELECT line, byte_offset, reason, excerpt, digest FROM quarantine ORDER BY line"),
            store.execute("SELECT minute, outcome_id, sum(requests) FROM mix_minute GROUP BY ALL ORDER BY ALL"),
        )


def stored_carefully(path: Path, monkeypatch: pytest.MonkeyPatch) -> Stored:
    """What the careful way leaves in the store."""
    with monkeypatch.context() as only:
        only.setattr(run, "add_directly", lambda *_: None)
        return stored(path)


def forbid_the_careful_way(monkeypatch: pytest.MonkeyPatch) -> None:
    for way in ("add_staged", "add_carefully"):
        monkeypatch.setattr(run, way, lambda *_: pytest.fail("the careful way was taken"))


# How long stretches are, how much of them is looked at at a time, and of how much up to which share of the file.
SIZES = {"as they are": (), "many stretches": (300, 1000, 0, 1.0), "all is judged": (300, 1000, 0, 0.0)}
PATCHED = ("survey._SHORTEST", "unstored._PART", "unstored._SMALL", "unstored._SHARE")


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
@pytest.mark.parametrize("case", CASES)
def test_a_log_with_bad_lines_is_stored_alike_in_both_ways(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str, packed: bool, sizes: str
) -> None:
    bad, found = CASES[case]
    path = tmp_path / ("app.jsonl.gz" if packed else "app.jsonl")
    path.write_bytes(gzip.compress(made(bad)) if packed else made(bad))
    for name, value in zip(PATCHED, SIZES[sizes], strict=False):
        monkeypatch.setattr(f"tiermix.ingest.{name}", value)
    careful = stored_carefully(path, monkeypatch)
    if found:  # catches a fast way that always gives up
        forbid_the_careful_way(monkeypatch)
    assert stored(path) == careful


FULL = {
    "ts": "2026-11-12T00:00:00Z", "tier": "primary", "latency_ms": 1.5, "fallback_latency_ms": 2.5, "cost_usd": 0.25,
    "cache_age_s": 7, "input_tokens": 10, "output_tokens": 20, "tool_calls": 1, "fallback": False, "drill": False,
    "agent_override": True, "schema_valid": True,
    "attempts": [{"provider": p, "status_code": 429, "latency_ms": 2} for p in ("a", "b")],
}  # fmt: skip


def full(more: str, nth: int) -> bytes:
    """A record that has all fields that can be typed, one of them last and as it is given."""
    name = more.partition(":")[0].strip('"')
    rest = {k: v for k, v in FULL.items() if k != name}
    return f'{json.dumps(rest)[:-1]}, "request_id": "q{nth}"{", " * bool(more)}{more}}}'.encode()


def both_ways(
    folder: Path, monkeypatch: pytest.MonkeyPatch, lines: Sequence[bytes], head_rows: int
) -> tuple[Stored, Stored, list[int]]:
    """What both ways leave in the store of a log that has bad lines besides, whose fields are judged by its first rows.

    Returns:
        what the careful way leaves, what the fast one leaves, and how many fields were read as a type at each reading.
    """
    path = folder / "app.jsonl"
    path.write_bytes(b"\n".join([*lines, *CUT]) + b"\n")
    careful = stored_carefully(path, monkeypatch)
    read: list[int] = []

    def lenient(job: Job, item: Input, typed: Sequence[str] = ()) -> Relation:
        read.append(len(typed))
        return cleaned(job, [item.path], item.dialect, item.seen, typed=typed)

    for module in (around, unstored):
        monkeypatch.setattr(module, "lenient", lenient)
    monkeypatch.setattr(around, "HEAD_ROWS", head_rows)
    monkeypatch.setattr("tiermix.ingest.survey._SHORTEST", 2000)
    forbid_the_careful_way(monkeypatch)
    return careful, stored(path), read


def test_no_value_that_is_read_as_a_type_differs_from_what_its_text_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Every odd value of every such field, in a log whose head has all fields sound. Catches a row that is taken though
    # the reader made null or another number of one of its values, and one that is left out and forgotten.
    quoted = [json.dumps(text) for text in TEXTS]
    bare = ["null", "true", "false", "0", "1", "2", "-1", "0.5", "1e3", "1e300", "1e999", "1" * 30, "[]", "[1]", "{}"]
    fields = [k for k in FULL if k not in ("ts", "tier", "attempts")]
    values = [f'"{field}": {value}' for field in fields for value in (*quoted, *bare)]
    one = '{"provider": "a", "status_code": %s, "latency_ms": %s, "error": %s}'
    parts = ["1", "200.5", "true", "null", "{}", "[]", "1e30", *quoted]
    tries = [*(one % (v, "1", '"e"') for v in parts), *(one % ("1", v, "null") for v in parts), *parts]
    values += [f'"attempts": [{one % ("200", "1.5", "null")}, {x}]' for x in tries]
    values += [f'"attempts": {x}' for x in ("[]", "null", "{}", '"x"', "3", one % (1, 1, 1))]
    lines = [full("", n) for n in range(500)]
    lines += [full(more, n) for n, more in enumerate(values, start=500)]
    monkeypatch.setattr(unstored, "_SHARE", 1.0)
    careful, fast, read = both_ways(tmp_path, monkeypatch, lines, 500)
    assert repr(fast) == repr(careful)  # NaN is no other NaN
    assert read == [0, 12]  # a look whether requests have ids, and all of it


def test_a_log_whose_rows_lose_values_behind_its_head_is_read_as_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Catches left-out rows that are too many to be judged apart, and a second attempt that leaves them out again.
    lines = [full("", n) for n in range(300)]
    lines += [full('"latency_ms": null', n) for n in range(300, 900)]
    monkeypatch.setattr(unstored, "_SMALL", 0)
    careful, fast, read = both_ways(tmp_path, monkeypatch, lines, 200)
    assert fast == careful
    assert careful[0] == [(903, 900, 0, 3)]
    assert read == [0, 12, 0]  # a look whether requests have ids, and the two attempts


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("keep", [True, False])
def test_excerpts_are_kept_only_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keep: bool, sizes: str
) -> None:
    for name, value in zip(PATCHED, SIZES[sizes], strict=False):
        monkeypatch.setattr(f"tiermix.ingest.{name}", value)
    forbid_the_careful_way(monkeypatch)
    path = tmp_path / "app.jsonl"
    path.write_bytes(made([*CUT, HIDDEN, WRONG]))
    kept = {line[3] for line in stored(path, Config(keep_excerpts=keep))[2]}
    assert kept == ({line.decode() for line in (*CUT, HIDDEN, WRONG)} if keep else {None})


def test_a_log_that_is_cut_off_at_its_end_is_not_first_read_as_a_sound_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tiermix.ingest import direct

    path = tmp_path / "app.jsonl"
    path.write_bytes(made([]) + b'{"ts": "2026-11-12T00:00:00Z", "tier": "prim')
    monkeypatch.setattr(direct, "_add_sound", lambda *_: pytest.fail("it was read in vain"))
    assert stored(path)[0] == [(601, 600, 0, 1)]


def test_of_a_log_with_a_bad_line_only_what_stands_around_it_is_judged_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Catches stretches of which it is not seen that they are stored, as when the database would mix up the rows of a
    # thread: then all is judged again, which is right and slow.
    path = tmp_path / "app.jsonl"
    path.write_bytes(made([NEGATIVE]))
    looked_at: list[int] = []
    judged: list[int] = []

    def absent(*args: Any) -> tuple[int, list[Record]]:
        filled, found = whole(*args)
        looked_at.append(filled)
        judged.append(len(found))
        return filled, found

    whole = unstored._absent
    monkeypatch.setattr("tiermix.ingest.survey._SHORTEST", 1000)
    monkeypatch.setattr(unstored, "_absent", absent)
    assert stored(path)[0] == [(601, 600, 0, 1)]
    # Of about 120 stretches of five lines: that of the line, the one before it when it is the first of its own, and the
    # last, which has no end.
    assert len(looked_at) == 1
    assert looked_at[0] <= 3 * 6
    assert judged == [1]
