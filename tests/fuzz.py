"""Looks for logs that break ingest: `python -m tests.fuzz --minutes 5`; a seeded glance of it is part of the tests.

A log of any dialect is spoilt in its structure and in its bytes, packed in any way, and ingested twice. Found are: an
exit that is not documented for bad input, lines that are not accounted for, parts of the store that contradict each
other, a good line that is lost with a bad one, and anything new the second time.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import io
import json
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zstandard
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.conftest import HERE, NOW, small_records
from tests.odd import odd_records
from tests.test_sources import CASES
from tiermix import broken
from tiermix.main import main
from tiermix.store import Store

_PACKED = HERE / "data"


def _real(name: str) -> list[dict[str, Any]]:
    return [json.loads(x) for x in gzip.decompress((_PACKED / name).read_bytes()).splitlines()[:24]]


# Records of every dialect; what they are is known without looking, so that spoilt ones cannot change it.
RECORDS: dict[str, tuple[str, list[dict[str, Any]]]] = {
    **{name: (name, records) for name, (records, _) in CASES.items()},
    "native": ("native", small_records(count=12)),
    "odd": ("native", odd_records()),
    "proxy": ("litellm", _real("litellm_proxy.jsonl.gz")),
    "router": ("litellm", _real("litellm_router.jsonl.gz")),
}

odd_values = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12),
    st.sampled_from([
        "", [], {}, [None], [[]], [{}], {"": {}}, "null", "NaN", "{}", "[1]", '{"a": ', "a\u0000b", "\u202eabc",
        -1, 2**63, 2**64, 1e308, -1e308, 1794478504, 1794478504.5, "2026-11-12T10:15:04Z", "2026-02-30", "x" * 300,
        "9" * 400, True,
        [1, "a", None, {"b": []}], "=cmd()", "'; --",
    ]),
)  # fmt: skip
noise = st.one_of(
    st.binary(max_size=8),
    st.sampled_from([
        b"\x00", b'"', b"{", b"}", b"[", b"]", b",", b":", b"\\", b"\\u", b"\\ud800", b"\xff", b"\xef\xbb\xbf", b"\r",
        b"\r\n", b"\n", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"1e999", b"NaN", b"-", b"null", b"\xe2\x80\xa8", b"\xc3",
        b" " * 70,
        b"[" * 300,
    ]),
)  # fmt: skip


def _encoded(name: str) -> Callable[[bytes], bytes]:
    return lambda text: text.decode("utf-8", "replace").encode(name)


PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "jsonl": lambda text: text,
    "jsonl.gz": lambda text: gzip.compress(text, 1, mtime=0),
    "jsonl.zst": lambda text: zstandard.compress(text, 1),
    "bom.jsonl": lambda text: b"\xef\xbb\xbf" + text,
    "utf-16.jsonl": _encoded("utf-16"),
    "crlf.jsonl": lambda text: text.replace(b"\n", b"\r\n"),
}


@dataclass(frozen=True)
class Log:
    """A log: whose, its file, the good lines (None where spoilt bytes may reach them), how much fits in a part."""

    source: str
    name: str
    content: bytes
    good: tuple[bytes, ...] | None
    part: int


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a record, as its holder and key."""
    if not isinstance(value, dict | list):
        return []
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    return [(value, k) for k in keys] + [place for k in keys for place in _places(value[k])]


@st.composite
def spoilt_lines(draw: st.DrawFn, line: bytes) -> bytes:
    """A line spoilt in one or more ways, without an end of line in it."""
    record = json.loads(line)
    for _ in range(draw(st.integers(0, 3))):
        places = _places(record)
        if not places:
            break
        holder, key = places[draw(st.integers(0, len(places) - 1))]
        how = draw(st.sampled_from(["set", "drop", "wrap", "copy"]))
        if how == "set":
            holder[key] = draw(odd_values)
        elif how == "drop":
            del holder[key]
        elif how == "wrap":
            holder[key] = draw(st.sampled_from([[holder[key]], {"a": holder[key]}, json.dumps(holder[key])]))
        elif isinstance(holder, dict):
            holder[draw(st.sampled_from(["", "id", "ts", "model", key.upper(), f" {key}", "тест"]))] = holder[key]
    out = json.dumps(record, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    if draw(st.booleans()):
        out = draw(spoilt_bytes(out))
    return out.replace(b"\n", b" ").replace(b"\r", b" ")


@st.composite
def spoilt_bytes(draw: st.DrawFn, content: bytes) -> bytes:
    """Bytes with pieces put in, cut out and doubled."""
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(content)))
        cut = draw(st.one_of(st.integers(0, 4), st.integers(0, len(content))))
        piece = draw(st.one_of(noise, st.just(content[at : at + cut] * 2)))
        content = content[:at] + piece + content[at + cut :]
    return content


@st.composite
def logs(draw: st.DrawFn) -> Log:
    """Logs with good lines and spoilt ones, in any packing."""
    source, records = RECORDS[draw(st.sampled_from(sorted(RECORDS)))]
    start = draw(st.integers(0, max(len(records) - 24, 0)))
    good = [json.dumps(r).encode() for r in records[start : start + 24]]
    lines = list(good)
    for _ in range(draw(st.integers(0, max(len(good) // 2, 1)))):
        spoilt = draw(spoilt_lines(good[draw(st.integers(0, len(good) - 1))]))
        lines.insert(draw(st.integers(0, len(lines))), spoilt)
    shape = draw(st.sampled_from(["lines", "lines", "lines", "array", "tall", "arrays"]))
    packing = draw(st.sampled_from(sorted(PACKINGS)))
    content = _shaped(lines, shape)
    kept = shape == "lines"
    if draw(st.integers(0, 3)) == 0:
        content, kept = draw(spoilt_bytes(content)), False
    content = PACKINGS[packing](content)
    if draw(st.integers(0, 7)) == 0:
        content, kept = draw(spoilt_bytes(content)), False
    part = draw(st.sampled_from([1 << 28, 300]))
    return Log(source, f"log.{packing}", content, tuple(good) if kept else None, part)


def _shaped(lines: list[bytes], shape: str) -> bytes:
    if shape == "array":
        return b"[" + b",".join(lines) + b"]"
    if shape == "tall":
        return b"[\n " + b",\n ".join(lines) + b"\n]\n"
    if shape == "arrays":
        return b"\n".join(b"[" + line + b"]" for line in lines) + b"\n"
    return b"\n".join(lines) + b"\n"


def run(*args: str) -> tuple[int, str, str]:
    """The program in this process: exit code, output, messages."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(list(args))
    return int(code), out.getvalue(), err.getvalue()


def ingested(log: Log, name: str, content: bytes, db: str) -> dict[str, Any] | None:
    """Ingests a file and checks the exit and the receipt, which it returns; None when nothing could be read."""
    Path(name).write_bytes(content)
    code, out, err = run("-q", "ingest", name, "--json", "--max-bad", "1", "--source", log.source, "--db", db)
    assert code in (0, 3), (code, err)
    assert "Traceback" not in err
    if not out.startswith('{\n  "schema": "tiermix.ingest/'):
        assert code == 3
        return None
    receipt: dict[str, Any] = json.loads(out)
    parts = [receipt[k] for k in ("accepted", "duplicate", "quarantined")]
    assert sum(parts) == receipt["lines"], receipt
    assert min(parts) >= 0, receipt
    return receipt


def contents(db: str) -> tuple[set[str], int]:
    """The ids of requests, or of attempts where there are any, and how many requests; after a look at the whole."""
    with Store.read(Path(db)) as store:
        (requests, ids, counted, minutes, hours, unaccounted, bad, kept) = store.execute(
            "SELECT (SELECT count(*) FROM request_log), (SELECT count(DISTINCT request_id) FROM request_log), "
            "(SELECT count(*) FROM request_log WHERE NOT drill), (SELECT coalesce(sum(requests), 0) FROM mix_minute), "
            "(SELECT coalesce(sum(requests), 0) FROM mix_hour WHERE dim = 'intent'), "
            "(SELECT coalesce(sum(abs(lines - accepted - duplicate - quarantined)), 0) FROM ledger), "
            "(SELECT coalesce(sum(quarantined), 0) FROM ledger), (SELECT count(*) FROM quarantine)"
        )[0]
        assert requests == ids
        assert counted == minutes == hours
        assert unaccounted == 0
        assert kept <= bad  # the same bad line is kept once
        assert store.execute("SELECT count(*) FROM request_log ANTI JOIN outcomes USING (outcome_id)") == [(0,)]
        attempts = {row[0] for row in store.execute("SELECT attempt_id FROM attempt_log")}
        return attempts or {row[0] for row in store.execute("SELECT request_id FROM request_log")}, requests


def check(log: Log) -> None:
    """Ingests a log, and once more under another name.

    Raises:
        AssertionError: something that this module looks for.
    """
    here = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder, _part_of(log.part):
        os.chdir(folder)
        try:
            _check(log)
        finally:
            os.chdir(here)


@contextlib.contextmanager
def _part_of(size: int) -> Any:
    before, broken._PART = broken._PART, size
    try:
        yield
    finally:
        broken._PART = before


def _check(log: Log) -> None:
    receipt = ingested(log, log.name, log.content, "a.duckdb")
    if receipt is None:
        return
    ids, requests = contents("a.duckdb")
    if log.good is not None:
        assert ingested(log, "good.jsonl", b"\n".join(log.good) + b"\n", "good.duckdb") is not None
        lost = contents("good.duckdb")[0] - ids
        assert not lost, f"lost with a bad line: {lost}"
    again = ingested(log, f"again.{log.name}", log.content, "a.duckdb")
    assert again is not None
    # What its gateway means to be skipped is accepted every time.
    assert again["requests"] == 0
    assert [again[k] for k in ("lines", "quarantined")] == [receipt[k] for k in ("lines", "quarantined")], (
        receipt,
        again,
    )
    assert contents("a.duckdb") == (ids, requests)


def fuzz(examples: int, number: int) -> None:
    """Checks so many logs, the same ones for the same number.

    Raises:
        AssertionError: with the smallest log that shows what was found.
    """

    @seed(number)
    @settings(
        max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink], print_blob=False,
    )  # fmt: skip
    @given(logs())
    def found(log: Log) -> None:
        check(log)

    found()


def _program() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=0, help="where to begin; what is found is found again with it")
    given_ = parser.parse_args()
    os.environ["TIERMIX_NOW"] = NOW
    end, number, examples = time.monotonic() + given_.minutes * 60, given_.seed, 100
    while time.monotonic() < end:
        print(f"seed {number}: {examples} logs", flush=True)
        fuzz(examples, number)
        number += 1
    print(f"nothing found in {(number - given_.seed) * examples} logs")
    return 0


if __name__ == "__main__":
    raise SystemExit(_program())
