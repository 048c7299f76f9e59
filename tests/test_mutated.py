"""Logs broken in every way that chance finds: never a crash, never a line unaccounted for, never a good line lost."""

from __future__ import annotations

import gzip
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import HERE, small_records
from tests.test_sources import CASES
from tiermix.config import Config
from tiermix.errors import InputError
from tiermix.ingest import ingest
from tiermix.inputs import find
from tiermix.model import Receipt
from tiermix.store import Store

NOW = datetime(2026, 11, 21, tzinfo=UTC)
NATIVE = [json.dumps(r).encode() for r in small_records(count=12)]
LITELLM = gzip.decompress((HERE / "data" / "litellm_proxy.jsonl.gz").read_bytes()).splitlines()[:6]
OTHERS = [json.dumps(records[0]).encode() for records, _ in CASES.values()]


def read(content: bytes, name: str = "log.jsonl") -> tuple[Receipt | None, int]:
    """What an ingest makes of a file, and the requests in the store after it."""
    with tempfile.TemporaryDirectory() as folder, Store.in_memory() as store:
        path = Path(folder) / name
        path.write_bytes(content)
        try:
            receipt = ingest(store, find([str(path)]), Config(), now=NOW)
        except InputError:
            receipt = None  # refused with a reason, which is an answer
        counts = store.execute("SELECT (SELECT count(*) FROM request_log WHERE NOT drill), "
                               "(SELECT coalesce(sum(requests), 0) FROM mix_minute), "
                               "(SELECT count(*) FROM request_log)")[0]  # fmt: skip
        assert counts[0] == counts[1]
        return receipt, int(counts[2])


def accounted(receipt: Receipt | None) -> None:
    if receipt is not None:
        assert receipt.accepted + receipt.duplicate + receipt.quarantined == receipt.lines
        assert min(receipt.accepted, receipt.duplicate, receipt.quarantined) >= 0


INSERTED = (
    b"", b"\x00", b'"', b"{", b"}", b"[", b"\xff", b"\\u0000", b"1e999", b"\n", b",", b"\xef\xbb\xbf",
    b"NaN", b"-", b"null", b"\r",
)  # fmt: skip
mutations = st.lists(
    st.tuples(st.floats(0, 1), st.sampled_from(INSERTED), st.integers(0, 4)), min_size=1, max_size=6
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from([NATIVE, LITELLM, OTHERS]), mutations)
def test_mutated_logs_are_accounted_for(lines: list[bytes], changes: list[tuple[float, bytes, int]]) -> None:
    content = b"\n".join(lines) + b"\n"
    for where, insert, cut in changes:
        at = int(where * len(content))
        content = content[:at] + insert + content[at + cut :]
    receipt, _ = read(content)
    accounted(receipt)


junk = st.one_of(
    st.binary(max_size=60).map(lambda b: b.replace(b"\n", b" ")),
    st.sampled_from([b"null", b"3", b'"x"', b"[]", b"[1]", b"{}", b"{", b'{"ts": {}}', b'{"ts": []}', b'{"ts": true}',
                     b'{"ts":"2026-11-12T00:00:00Z","tier":{"a":1},"latency_ms":-1}', b"[" * 5000, b'{"a":' * 2000,
                     b'{"ts":"2026-11-12T00:00:00Z","tier":"primary","latency_ms":1e999}',
                     b'{"ts":"2026-11-12T00:00:00Z","tier":"primary","input_tokens":99999999999999999999}']),
)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, 12), junk), min_size=1, max_size=8))
def test_junk_between_good_lines_costs_no_good_line(places: list[tuple[int, bytes]]) -> None:
    lines: list[bytes] = list(NATIVE)
    for at, noise in sorted(places, key=lambda p: -p[0]):
        lines.insert(at, noise)
    receipt, stored = read(b"\n".join(lines) + b"\n")
    assert receipt is not None
    accounted(receipt)
    assert stored >= len(NATIVE)
    blank = sum(not n.strip() for _, n in places)
    assert receipt.lines == len(lines) - blank


values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=True),
    st.text(max_size=20),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)
fields = st.sampled_from(list(json.loads(NATIVE[0])))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(fields, values, min_size=1, max_size=4))
def test_fields_of_any_type_cost_only_their_own_line(changed: dict[str, Any]) -> None:
    record = json.dumps(json.loads(NATIVE[0]) | {"request_id": "odd"} | changed).encode()
    receipt, stored = read(b"\n".join([*NATIVE, record]) + b"\n")
    assert receipt is not None
    accounted(receipt)
    assert receipt.lines == len(NATIVE) + 1
    assert len(NATIVE) <= stored <= len(NATIVE) + 1
