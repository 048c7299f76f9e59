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
from tiermix.config.settings import Config
from tiermix.ingest import ingest, run, unstored
from tiermix.ingest.batch import Input, Job
from tiermix.ingest.survey import Stretch
from tiermix.inputs import Found
from tiermix.store import Store

UNUSABLE = [b'{"a": true}', b'{"ts": "soon", "request_id": "q", "tier": "primary"}', b'{"ts": 5, "tier": "x"}']
NEGATIVE = b'{"ts": "2026-11-12T00:00:00Z", "request_id": "n", "tier": "primary", "input_tokens": -5}'
CUT = [b'{"ts": "2026-11-12T', b"# rotated", b'"tier": "primary"}']
HIDDEN = b'{"ts": "2026-11-12T00:00:00Z", "request_id": "h", "tier": primary}'
WRONG = b'{"ts": "2026-11-12T00:00:00Z", "request_id": "w", "tier": "primary", "input_tokens": "many"}'
NAMELESS = b'{"ts": "2026-11-12T00:00:00Z", "tier": "primary"}'
KNOWN = b'{"ts": "soon", "request_id": "r00003", "tier": "primary"}'  # the id of a good one

# The bad lines of a log, and whether the fast way finds its way around them.
CASES = {
    "unusable": ([*UNUSABLE, NEGATIVE], True),
    "cut off": (CUT, True),
    "cut off inside": ([HIDDEN], True),
    "of another type": ([WRONG], True),
    "all of these": ([*UNUSABLE, NEGATIVE, *CUT, HIDDEN, WRONG], True),
    "blank lines among them": ([*UNUSABLE, b"", b"  ", *CUT, b"\t"], True),
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


def stored(path: Path) -> tuple[list[Any], ...]:
    config = Config()
    with Store.in_memory() as store:
        done = ingest(store, Found((path,), frozenset((path,))), config, now=datetime(2026, 11, 21, tzinfo=UTC))
        return (
            [(r.lines, r.accepted, r.duplicate, r.quarantined) for r in done.files],
            store.execute("SELECT * EXCLUDE (batch_id) REPLACE (epoch_us(ts) AS ts) FROM request_log ORDER BY ALL"),
            store.execute("SELECT line, byte_offset, reason, excerpt, digest FROM quarantine ORDER BY line"),
            store.execute("SELECT minute, outcome_id, sum(requests) FROM mix_minute GROUP BY ALL ORDER BY ALL"),
        )


# How long stretches are, how much of them is judged at a time, and up to which share of the file.
SIZES = {"as they are": (), "many stretches": (300, 1000, 1.0), "all is judged": (300, 1000, 0.0)}


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
@pytest.mark.parametrize("case", CASES)
def test_a_log_with_bad_lines_is_stored_alike_in_both_ways(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str, packed: bool, sizes: str
) -> None:
    bad, around = CASES[case]
    path = tmp_path / ("app.jsonl.gz" if packed else "app.jsonl")
    path.write_bytes(gzip.compress(made(bad)) if packed else made(bad))
    for name, value in zip(("survey._SHORTEST", "unstored._PART", "unstored._SHARE"), SIZES[sizes], strict=False):
        monkeypatch.setattr(f"tiermix.ingest.{name}", value)
    with monkeypatch.context() as only:
        only.setattr(run, "add_directly", lambda *_: None)
        careful = stored(path)
    with monkeypatch.context() as only:
        if around:  # catches a fast way that always gives up
            only.setattr(run, "add_staged", lambda *_: pytest.fail("the careful way was taken"))
            only.setattr(run, "add_carefully", lambda *_: pytest.fail("the careful way was taken"))
        fast = stored(path)
    assert fast == careful


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
    judged: list[int] = []

    def judge(job: Job, item: Input, stretches: Sequence[Stretch], copy: Path) -> list[int]:
        judged.append(len(stretches))
        return whole(job, item, stretches, copy)

    whole = unstored._judge
    monkeypatch.setattr("tiermix.ingest.survey._SHORTEST", 1000)
    monkeypatch.setattr(unstored, "_judge", judge)
    assert stored(path)[0] == [(601, 600, 0, 1)]
    # Of about 120: that of the line, the one before it when it is the first of its own, and the last, which has no end.
    assert len(judged) == 1
    assert judged[0] <= 3
