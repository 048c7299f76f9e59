"""Odd texts, odd lines and odd records, to put to two engines that must agree on them."""

from __future__ import annotations

from typing import Any

# Numbers, truths and what is neither.
TEXTS = [
    "1", "+1", "-1", " 1", "1 ", "\t1\n", "1.5", "2.5", "-1.5", "-0.5", "0.5", "0.49", ".5", "5.", ".", "1e3", "1E3",
    "1e-3", "15e-1", "1e+2", "1e", "1_000", "1_", "_1", "1__0", "1_000.5", "inf", "Infinity", "-inf", "nan", "NaN",
    "1d", "1f", "1L", "0x1p3", "1e400", "-1e400", "1e-400", "", "  ", "true", "9223372036854775807",
    "9223372036854775808", "9223372036854775807.4", "9223372036854775807.5", "-9223372036854775808", "2147483647",
    "2147483648", "2147483647.5", "1,000", "１", "1 2", "--1", "00012", "-0", "1e19", "1e18", "999999999999.5",
    "1.4999999999999999999999999999", "25e-1", "35e-1", "1.2.3", "- 1", "-", "+", "e5", "t", "T", "TRUE", "True", "f",
    "false", "0", "yes", "no", "y", "n", "Y", "N", "on", "off", " true", "YES", "2", "tru", "1.0", "429.0", "1" * 80,
    "0." + "1" * 80, "{}", "[]", "null",
]  # fmt: skip

# Times in every usual spelling, and what only looks like one.
TIMES = [
    "2026-11-12", "2026-1-2", "2026-11", "2026", "2026/11/12", "2026-11/12", "2026\\11\\12", "2026 11 12", "20261112",
    "2026-11-12 10", "2026-11-12 10:15", "2026-11-12T10", "2026-11-12T10Z", "2026-11-12T10:15", "2026-11-12T10:15Z",
    "2026-11-12T10:15+02:00", "2026-11-12t10:15:04z", "2026-11-12T10:15:04", "2026-11-12T1:5:4",
    "2026-11-12T10:15:04.", "2026-11-12T10:15:04.1", "2026-11-12T10:15:04.123456", "2026-11-12T10:15:04.1234567",
    "2026-11-12T10:15:04.123456789Z", "2026-11-12T10:15:04.9999999", "2026-11-12T10:15:04.1234567890123",
    "2026-11-12T10:15:04,123", "2026-11-12T10:15:04.123Z", "2026-11-12T10:15:04.123 Z", "2026-11-12T10:15:04.123z",
    "2026-11-12T10:15:04+02", "2026-11-12T10:15:04+2", "2026-11-12T10:15:04+02:00", "2026-11-12T10:15:04+0200",
    "2026-11-12T10:15:04+2:00", "2026-11-12T10:15:04+02:0", "2026-11-12T10:15:04+02:30:15",
    "2026-11-12T10:15:04-15:59", "2026-11-12T10:15:04 +02:00", "2026-11-12 10:15:04 UTC", "2026-11-12 10:15:04UTC",
    "2026-11-12 10:15:04 GMT", "2026-11-12 10:15:04 Europe/Berlin", "2026-11-12 10:15:04 EST",
    "2026-11-12 10:15:04 PST", "2026-11-12 10:15:04 CET", "2026-11-12 10:15:04 GMT+2", "2026-11-12 10:15:04 X/Y",
    "2026-11-12 10:15:04.123 +0000 UTC m=+0.1", "2026-11-12T10:15:04+00:00[UTC]", " 2026-11-12T10:15:04Z",
    "2026-11-12T10:15:04Z ", "\t2026-11-12T10:15:04Z\t", "2026-11-12  10:15:04", "2026-11-12_10:15:04",
    "2026-11-12T10:15:04Zx", "2026-11-12T10:15:04ZZ", "2026-11-12T23:59:60", "2026-11-12T25:00:00",
    "2026-11-12T10:60:00", "2026-02-29", "2024-02-29", "2026-02-30", "2026-13-01", "2026-00-01", "2026-11-00", "now",
    "today", "Thu, 12 Nov 2026 10:15:04 GMT", "12/Nov/2026:10:15:04 +0000", "11/12/2026", "T10:15:04", "10:15:04",
    "2026-11-12Z", "2026-11-12+02:00", "2026-11-12 UTC", "2026-11-12T", "2026-11-12 ", "2026-W46-4", "2026-316",
    "1794478504", "1794478504.5", "2026-111-12", "2026-11-012", "2026-11-12T10:015:04", "2026-11-12 10:15:04 AM",
    "2026-11-12T10:15:04+", "2026-11-12T10:15:04+02:", "2026-11-12T10:15:04+02:30Z", "2026-11-12T10:15.5",
    "9999-12-31T00:00:00Z", "noon", "", "2026-11-12T10:15:04.123-00:00", "2026-03-29 02:30:00 America/New_York",
    "1970-01-01", "290000-01-01",
]  # fmt: skip

# Lines of a JSON log: sound, odd and broken.
LINES = [
    b'{"id": "plain", "a": "x"}', b'{"id": "number", "a": 12}', b'{"id": "float", "a": 1.25}',
    b'{"id": "a time", "a": 1794478504.125}', b'{"id": "at once", "a": 1794478504.0}', b'{"id": "truth", "a": true}',
    b'{"id": "null", "a": null}', b'{"id": "object", "a": {"b": [1, "x"]}}', b'{"id": "extra", "zz": [{"a": 1}]}',
    b"{}", b"null", b'  {"id": "spaces", "a": 1}  \t', b'{"id": "cr", "a": 1}\r', b'{"id": "inner cr",\r "a": 1}',
    b'{"ID": "caps", "A": 1}', b'{"id": "one", "a": 1}{"id": "two"}', b'{"id": "one"} {"id": "two"}',
    b'{"id": "one"}, {"id": "two"}', b'{"id": "junk"} x', b'[{"id": "in an array"}]', b"[]", b"3", b'"x"', b"{",
    b'{"id": "cut', b'{"id": "cut", "s": {"x": 1}', b"", b"   ", b"{'id': 'quotes'}", b'{id: "bare"}',
    b'{"id": "zero", "a": 01}', b'{"id": "remark" /* x */}', b'{"id": "tab\tx"}', b'{"id": "half \\ud83d", "a": 1}',
    b'{"id": "unread", "zz": "\\ud83d"}', b'{"id": "turned \\ude00\\ud83d"}', b'{"id": "pair \\ud83d\\ude00"}',
    b'{"id": "told of \\\\ud83d"}', b'{"id": "bad \\q"}', b'{"id": "nul \\u0000 in it"}', b'{"id": "latin \xe9"}',
    b'{"id": "unread", "zz": "\xff"}', b'{"id": "\xc3\xa9 \xe2\x80\xa8 \xc2\x85"}', b'{"id": "raw nul \x00"}',
    b'{"id": "hex", "a": 0x1F}', b'{"id": "plus", "a": +1}', b'{"id": "struct", "s": {"x": 1, "y": "z"}}',
    b'{"id": "no struct", "s": "x"}', b'{"id": "empty struct", "s": {}}',
    b'{"id": "list", "l": [{"n": 1, "d": 1.5}, {"n": "429", "d": "1.5"}, {"n": 429.6}, {"n": "x", "d": {}}, null]}',
    b'{"id": "no list", "l": "x"}', b'{"id": "tags", "t": ["a", 1, null, true, {"b": 1}]}',
    b'{"id": "no tags", "t": "x"}', b'{"id": "last"}',
]  # fmt: skip

MOMENTS: list[Any] = [
    *TIMES, "2026-11-12T10:15:04+99:00", "2026-11-12t10:15 -16", "2026-11-12T10:15:04+02:60", 1794478504,
    1794478504.5, 1794478504500, 1794478504500123, 1794478504500123000, 0, -5, 1e300, None, True, [], {},
]  # fmt: skip
AMOUNTS: list[Any] = [0, 1.5, -1, " 1", "1e3", "x", "", 1e12, 1e13, True, None, [], {"a": 1}, 99999999999999999999]
TRUTHS: list[Any] = [True, False, "true", "YES", "t", "0", 1, 0, 2, " true", "maybe", "", None]
STATUSES: list[Any] = ["ok", "Success", "failed", "refused", 200, "404", 500, 99, 600, "1e2", "odd", "", None]
NAMES: list[Any] = ["", None, 7, True, "x" * 300, "ä" * 200, "null", "NULL", "a, b: NULL", " "]


def odd_records() -> list[dict[str, Any]]:
    """Native records of which each is odd in one way: times, numbers, truths, names, ids, drills, cached answers."""
    good = {
        "ts": "2026-11-12T10:15:04Z",
        "tier": "primary",
        "served_model": "gpt-5",
        "intent": "refund",
        "tenant": "acme",
    }
    amounts = ("latency_ms", "cost_usd", "cache_age_s", "input_tokens", "tool_calls", "fallback_latency_ms")
    names = ("tier", "served_model", "provider", "reason", "requested_model", "tenant", "intent", "feature")
    odd: list[dict[str, Any]] = [
        *({"ts": moment} for moment in MOMENTS),
        *({field: amount} for field in amounts for amount in AMOUNTS),
        *({field: truth} for field in ("fallback", "drill", "agent_override", "schema_valid") for truth in TRUTHS),
        *({"tool_ok": value, "tool_calls": 3} for value in (True, False, "true", "FALSE", 2, "x", -1)),
        *({"status": status, "served_model": model} for model in ("gpt-5", None) for status in STATUSES),
        *({field: name} for field in names for name in NAMES),
        {"tier": None, "served_model": None},
        {"tier": "unserved", "served_model": None},
        {"cache_age_s": 12, "tier": None},
        {"attempts": []},
        {"attempts": [{"provider": "a", "status_code": "429", "latency_ms": 1}]},
    ]
    return [
        *({**good, "request_id": f"odd-{i}", **record} for i, record in enumerate(odd)),
        *({**good, "request_id": "twice", "tier": tier} for tier in ("secondary", "primary")),  # the first one counts
        *({**good, "request_id": value} for value in ("", None, 7, "7", "y" * 300, "y" * 300)),
        *({**good, "tier": tier} for tier in ("canned", "canned", "cache", "canned") for _ in range(2)),  # no ids
        {"prompt": "no request at all"},
    ]
