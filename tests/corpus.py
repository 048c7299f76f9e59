"""Broken, odd and hostile lines, and what must become of each: the first half of the corpus behind `test_corpus`.

Each is tried alone between good lines, and together with all others in every kind of file. `corpus_files` has the rest.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

MOMENT = "2026-11-12T10:15:04Z"
MOMENT_US = 1794478504_000000
GOOD = 6


def good(n: int, **more: Any) -> dict[str, Any]:
    """A sound record; its id is `g` and the number."""
    ts = f"2026-11-12T10:{n // 60 % 60:02}:{n % 60:02}Z"
    return {"ts": ts, "request_id": f"g{n}", "tier": "primary", "served_model": "gpt-5", "latency_ms": 12.5, **more}


def goods(count: int = GOOD, first: int = 0) -> list[dict[str, Any]]:
    return [good(n) for n in range(first, first + count)]


def jsonl(records: Sequence[Any]) -> bytes:
    return b"".join(json.dumps(r).encode() + b"\n" for r in records)


@dataclass(frozen=True)
class Line:
    """A line and its fate: accepted under the id that is its name, or in quarantine for a reason.

    Attributes:
        raw: without the line end.
        why: what the reason says; empty for a good line.
        us: the time of a good line, microseconds since 1970.
        apart: it is a record of its own only where a line is one: not inside an array.
        has_id: its name is its id; else it has none.
    """

    name: str
    raw: bytes
    why: str = ""
    us: int | None = None
    apart: bool = False
    has_id: bool = True


def _line(name: str, why: str = "", *, us: int | None = None, has_id: bool = True, **changed: Any) -> Line:
    record = {"ts": MOMENT, "request_id": name, "tier": "primary"} | changed
    return Line(name, json.dumps({k: v for k, v in record.items() if v is not ...}).encode(), why, us, has_id=has_id)


def _raw(name: str, text: str | bytes, why: str = "", *, apart: bool = False, has_id: bool = True) -> Line:
    raw = text if isinstance(text, bytes) else text.encode()
    usual = f'"ts": "{MOMENT}", "request_id": {json.dumps(name)}, "tier": "primary"'
    return Line(name, raw.replace(b"@", usual.encode()), why, apart=apart, has_id=has_id)


def _times() -> list[Line]:
    meant = {
        "seconds": 1794478504, "seconds text": "1794478504", "float seconds": 1794478504.0, "milliseconds": 1794478504000,
        "milliseconds text": "1794478504000", "microseconds": 1794478504000000, "nanoseconds": 1794478504000000000,
        "nanoseconds text": "1794478504000000000", "exponent": "1.794478504e9", "zone +02:00": "2026-11-12T12:15:04+02:00",
        "zone +0200": "2026-11-12T12:15:04+0200", "zone +02": "2026-11-12T12:15:04+02",
        "blank before the zone": "2026-11-12 12:15:04 +0200", "zone -00:00": "2026-11-12T10:15:04-00:00",
        "zone +14:00": "2026-11-13T00:15:04+14:00", "zone -1100": "20261111T231504-1100",
        "zone named": "2026-11-12 10:15:04 UTC", "zone of a city": "2026-11-12 11:15:04 Europe/Berlin",
        "small letters": "2026-11-12t10:15:04z", "a blank for T": "2026-11-12 10:15:04Z", "no zone": "2026-11-12T10:15:04",
        "blanks around": "  2026-11-12T10:15:04Z ", "nanoseconds in ISO": "2026-11-12T10:15:04.000000999Z",
        "comma fraction": "2026-11-12 10:15:04,000", "comma fraction Z": "2026-11-12T10:15:04,000Z",
        "seven digits": "2026-11-12T10:15:04.0000000Z", "basic format": "20261112T101504Z",
        "slashes": "2026/11/12 10:15:04",
    }  # fmt: skip
    odd = {
        "24:00": ("2026-11-11T24:00:00Z", 1794441600_000000), "leap second": ("2016-12-31T23:59:60Z", 1483228799_000000),
        "a day alone": ("2026-11-12", 1794441600_000000), "to the minute": ("2026-11-12T10:15Z", 1794478500_000000),
        "2000": ("2000-01-01T00:00:00Z", 946684800_000000), "2098": ("2098-12-31T00:00:00Z", 4070822400_000000),
        "milliseconds with fraction": (1794478504500.25, 1794478504500250), "leap day": ("2024-02-29T00:00:00Z", 1709164800_000000),
    }  # fmt: skip
    bad = {
        "1970": "1970-01-01T00:00:00Z", "zero": 0, "small": 12, "negative": -5, "9999": "9999-12-31T23:59:59Z",
        "2100": "2100-01-01T00:00:00Z", "end of time": "294247-01-10 04:00:54.775806", "before Christ": "2026-11-12 (BC)",
        "infinite text": "infinity", "NaN text": "NaN", "epoch": "epoch", "now": "now", "words": "yesterday", "day 30 of February":
        "2026-02-30T00:00:00Z", "month 13": "2026-13-01T00:00:00Z", "hour 25": "2026-11-12T25:00:00Z",
        "no leap day": "2025-02-29T00:00:00Z", "second 61": "2026-11-12T10:15:61Z", "a time alone": "10:15:04", "Apache":
        "12/Nov/2026:10:15:04 +0000", "American": "11/12/2026 10:15", "mail": "Thu, 12 Nov 2026 10:15:04 GMT", "week":
        "2026-W46-4", "huge": 10**30, "huge text": "9" * 400, "1e300": 1e300, "true": True, "list": [MOMENT], "object":
        {"s": 1}, "junk behind": "2026-11-12T10:15:04Z junk", "full width": "２０２６-11-12T10:15:04Z",
        "zone +99:00": "2026-11-12T10:15:04+99:00", "zone -16": "2026-11-12t10:15:04.5 -16",
        "zone +02:60": "2026-11-12T10:15:04+02:60", "zone +9900": "20261112T101504+9900",
    }  # fmt: skip
    return [
        *(_line(f"ts {n}", us=MOMENT_US, ts=v) for n, v in meant.items()),
        *(_line(f"ts {n}", us=us, ts=v) for n, (v, us) in odd.items()),
        *(_line(f"ts {n}", "ts ", ts=v) for n, v in bad.items()),
        _line("ts missing", "ts is missing", ts=...), _line("ts null", "ts is missing", ts=None),
        _line("ts empty", "ts is missing", ts=""), _line("ts of 1 MB", "ts is not a time", ts="9" * (1 << 20)),
        _raw("ts NaN", '{"ts": NaN, "tier": "x", "request_id": "n"}', "ts is not a time"),
        _raw("ts 1e999", '{"ts": 1e999, "tier": "x", "request_id": "n"}', "ts is not a time"),
    ]  # fmt: skip


def _each(*values: Any) -> list[Any]:
    return list(values)


def _values() -> list[Line]:
    out: list[Line] = []
    numbers = ("latency_ms", "fallback_latency_ms", "cost_usd", "cache_age_s")
    counts = ("input_tokens", "output_tokens", "tool_calls")
    for name in (*numbers, *counts):
        out += [
            _line(f"{name} {v!r:.20}", name, **{name: v}) for v in _each("many", -1, -0.5, 1e300, [1], {"a": 1}, "")
        ]
        out += [
            _raw(f"{name} {v}", f'{{@, "{name}": {v}}}', name) for v in _each("NaN", "Infinity", "-Infinity", "1e999")
        ]
        out += [
            _raw(f"{name} {v}", f'{{@, "{name}": {v}}}')
            for v in _each("-0", "0", "7", '"7"', "7.0", "1e2", "null", "true", "false")
        ]
    out += [_line(f"{name} {v!r}", name, **{name: v}) for name in counts for v in _each(1.5, "0.25", 10**13, 10**25)]
    texts = ("tier", "served_model", "requested_model", "intended_tier", "tenant", "user", "feature", "intent",
             "traffic_class", "provider", "reason")  # fmt: skip
    for name in texts:
        out += [
            _line(f"{name} {v!r}", f"{name} is not a text", **{name: v}) for v in _each(["a"], {"a": 1}, [], {}, [[1]])
        ]
        out += [_line(f"{name} {v!r:.20}", **{name: v}) for v in _each(5, True, "[REDACTED]", "{name}", "x" * 300)]
    for name in ("fallback", "drill", "agent_override", "schema_valid"):
        out += [
            _line(f"{name} {v!r}", f"{name} is not a boolean", **{name: v}) for v in _each("maybe", "", [], {"a": 1})
        ]
        out += [_line(f"{name} {v!r}", **{name: v}) for v in _each(True, "false", 1, 2, 0.5, -1, None)]
    attempt = {"provider": "a", "model": "m", "status_code": 429, "error": "x", "latency_ms": 1.5}
    bad_attempts: list[Any] = ["x", {}, 5, True, [1], ["a"], [{}], [[attempt]], [None], [attempt, 7], {"0": attempt}]
    out += [_line(f"attempts {v!r:.30}", "attempts is not a list of attempts", attempts=v) for v in bad_attempts]
    out += [
        _line(f"attempts {v!r:.90}", attempts=v) for v in _each([], None, [attempt], [attempt, attempt | {"more": [1]}])
    ]
    out += [_line(f"status {v!r}", "status is not", status=v) for v in _each("odd", 999, True, [], {"a": 1}, -1)]
    out += [_line(f"status {v!r}", status=v) for v in _each("ok", "OK", "Success", 200, "404", "refused", None)]
    out += [_line(f"tool_ok {v!r}", "tool_ok is neither", tool_ok=v) for v in _each("some", -1, 0.5, [])]
    missing = "tier or served_model is missing"
    out += [_line("tier missing", missing, tier=...), _line("tier null", missing, tier=None),
            _line("tier empty", missing, tier="", served_model="")]  # fmt: skip
    out += [_line(f"request_id {v!r}", has_id=False, request_id=v) for v in _each(None, "")]
    out += [_line(f"request_id {v!r}", "request_id is not a text", request_id=v) for v in _each([1], {"a": 1})]
    return out


def _texts() -> list[Line]:
    hostile = {
        "quote": "'; DROP TABLE request_log; --", "ANSI": "\x1b[31mred\x1b[0m\x1b]0;title\x07", "script":
        "</script><script>alert(1)</script>", "formula": "=cmd|' /C calc'!A0", "plus": "+1", "at": "@SUM(A1)", "tab": "\t=1",
        "right to left": "\u202egpj.exe", "zero width": "a\u200bb", "line separator": "a\u2028b\u2029c\u0085d",
        "newline": "a\nb\r\nc", "NUL": "a\x00b", "emoji": "👩‍👩‍👧", "astral": "𝔘", "combining": "e" + "\u0301" * 500,
        "DEL and C1": "\x7f\x9b31m", "noncharacter": "\uffff\ufffe", "percent": "%s%n%d", "path": "../../etc/passwd",
        "brace": "{{7*7}}${7*7}", "1 MB": "n" * (1 << 20), "70 kB": "n" * 70_000,
    }  # fmt: skip
    out = [_line(f"text {n}", tenant=v, intent=v, served_model=v, reason=v) for n, v in hostile.items()]
    for name, value in {"line separator": "a\u2028b\u2029c", "next line": "a\u0085b", "emoji": "👩"}.items():
        record = {"ts": MOMENT, "request_id": f"raw {name}", "tier": "primary", "user": value}
        out.append(Line(f"raw {name}", json.dumps(record, ensure_ascii=False).encode()))
    for name, value in {"lone high surrogate": "\\ud800", "lone low surrogate": "\\udc00", "reversed pair":
                        "\\ude00\\ud83d", "cut escape": "\\u12", "odd escape": "\\x41"}.items():  # fmt: skip
        why = "surrogate" if "surrogate" in name or "pair" in name else "not JSON"
        out.append(_raw(name, f'{{@, "user": "{value}"}}', why))
        out.append(_raw(f"{name} unread", f'{{@, "prompt": "{value}"}}', why))
    for name, octets in {"latin-1": b"caf\xe9", "overlong": b"\xc0\xaf", "surrogate as UTF-8": b"\xed\xa0\x80", "beyond Unicode":
                        b"\xf5\x80\x80\x80", "cut character": b"\xe2\x82"}.items():  # fmt: skip
        out.append(_raw(name, b'{@, "user": "' + octets + b'"}', "not UTF-8 at byte"))
        out.append(_raw(f"{name} unread", b'{@, "prompt": "' + octets + b'"}', "not UTF-8 at byte"))
    out += [_raw(f"raw control {c}", b'{@, "user": "a' + bytes((c,)) + b'b"}', "not JSON") for c in (0, 1, 9, 27)]
    return out


def _structures() -> list[Line]:
    deep = {n: b"[" * n + b"]" * n for n in (100, 1_000, 10_000, 1_000_000)}
    objects = {n: b'{"a":' * n + b"1" + b"}" * n for n in (1_000, 100_000)}
    known = "with the fields of this source"
    return [
        *(_raw(f"nested {n} deep, unread", b'{@, "x": ' + d + b"}") for n, d in deep.items()),
        *(_raw(f"objects nested {n} deep, unread", b'{@, "x": ' + d + b"}") for n, d in objects.items()),
        *(_raw(f"tenant nested {n} deep", b'{@, "tenant": ' + d + b"}", "tenant is not") for n, d in deep.items()),
        *(_raw(f"latency nested {n} deep", b'{@, "latency_ms": ' + d + b"}", "latency_ms") for n, d in deep.items()),
        *(_raw(f"attempts nested {n} deep", b'{@, "attempts": ' + d + b"}", "attempts") for n, d in deep.items()),
        *(_raw(f"a line nested {n} deep", d, "not a JSON object", apart=True) for n, d in deep.items()),
        *(_raw(f"an object nested {n} deep", d, known) for n, d in objects.items()),
        *(_raw(f"opened {n} times", b"[" * n, "not", apart=True) for n in deep),
        _raw("twice the same key", '{@, "tier": "other", "x": 1, "x": 2}'), _raw("an empty key", '{"": 1, @}'),
        _raw("keys in other case", '{@, "TS": "nonsense", "Tier": [], "LATENCY_MS": -1}'),
        _raw("only keys in other case", f'{{"TS": "{MOMENT}", "TIER": "primary", "REQUEST_ID": "x"}}', known),
        _raw("a key of 1 MB", '{@, "' + "k" * (1 << 20) + '": 1}'), _raw("10,000 keys", "{@, " + ", ".join(
            f'"k{n}": {n}' for n in range(10_000)) + "}"),
        _raw("a comma before the end", "{@,}"), _raw("a list with a comma before its end", '{@, "x": [1,]}'),
        _raw("blanks around", "  \t {@ , \"x\" :\t[ ] }  \t"), _raw("no object", "3", "not a JSON object"),
        _raw("null", "null", "not a JSON object"), _raw("a text", '"text"', "not a JSON object"),
        _raw("a boolean", "true", "not a JSON object"), _raw("an empty list", "[]", "not a JSON object", apart=True),
        _raw("a list of numbers", "[1, 2]", "not a JSON object", apart=True),
        _raw("a list with a record", "[{@}]", "not a JSON object", apart=True),
        _raw("an empty object", "{}", known), _raw("another object", '{"level": "info", "msg": "started"}', known),
        _raw("words", "this is no JSON", "not JSON"), _raw("a stack trace", "Traceback (most recent call last):", "not JSON"),
        _raw("cut in a text", '{@, "user": "bo', "not JSON", apart=True), _raw("cut behind a comma", "{@,", "not JSON", apart=True),
        _raw("cut in a key", '{@, "us', "not JSON", apart=True), _raw("cut in a list", '{@, "x": [1, 2', "not JSON", apart=True),
        _raw("only the end", '"tier": "primary"}', "not JSON", apart=True), _raw("one brace", "{", "not JSON", apart=True),
        _raw("two records", "{@}{@}", "not JSON", apart=True), _raw("a comma at the end", "{@},", "not JSON", apart=True),
        _raw("junk behind", "{@} junk", "not JSON", apart=True), _raw("junk before", "junk {@}", "not JSON", apart=True),
        _raw("single quotes", "{'ts': 1, 'tier': 'x'}", "not JSON"), _raw("Python", "{@, \"x\": None}", "not JSON"),
        _raw("a comment", "{@ /* x */}", "not JSON"), _raw("bare keys", "{ts: 1}", "not JSON"),
        _raw("a number with a zero", '{@, "x": 01}', "not JSON"), _raw("a number with a plus", '{@, "x": +1}', "not JSON"),
        _raw("hexadecimal", '{@, "x": 0x10}', "not JSON"), _raw("a missing comma", '{@ "x": 1}', "not JSON"),
        _raw("a missing value", '{@, "x": }', "not JSON"), _raw("a wrong bracket", '{@, "x": [1}}', "not JSON", apart=True),
        _raw("huge numbers unread", '{@, "x": ' + "9" * 5000 + ', "y": 1e999, "z": -0}'),
        _raw("a prefix of syslog", "<13>Nov 12 10:15:04 host app: {@}", "not JSON", apart=True),
        _raw("NUL before", b"\x00\x00\x00{@}", "not JSON", apart=True), _raw("only NUL", b"\x00" * 99, "not JSON"),
        _raw("a byte order mark", b"\xef\xbb\xbf{@}", "not JSON", apart=True),
        _raw("1 MB of x", b"x" * (1 << 20), "not JSON"), _raw("1 MB unread", b'{@, "prompt": "' + b"p" * (1 << 20) + b'"}'),
        _raw("1 MB cut", b'{@, "prompt": "' + b"p" * (1 << 20), "not JSON", apart=True),
        _raw("a carriage return inside", b"{@}\r{@}", "not JSON", apart=True),
    ]  # fmt: skip


LINES: tuple[Line, ...] = (*_times(), *_values(), *_texts(), *_structures())
