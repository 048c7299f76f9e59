"""Makes the sample logs: 180 days in which a product slides from 99.5% primary answers to about 53%, unalarmed.

    python sample_logs/generate.py [FOLDER]

The same seed gives the same records. Four mechanisms, each a sensible local decision, take the primary's share; beside
them there are the usual provider errors (0.5% of requests, the only thing the usual dashboard counts), an outage that
recovers, a maintenance window and a few drills. truth.json says what was planted and when.
"""

from __future__ import annotations

import gzip
import json
import math
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

SEED = 20261120
FIRST_DAY = date(2026, 5, 25)
DAYS = 180
PER_DAY = 1150

PRIMARY, SECONDARY = "gpt-5", "gpt-5-mini"
USD_PER_TOKEN = {PRIMARY: (1.25e-6, 10e-6), SECONDARY: (0.25e-6, 2e-6)}

# Day numbers count from 0.
ROUTER_STEPS = ((40, 0.05), (43, 0.20), (45, 0.35), (46, 0.50))  # share of low-complexity requests sent down
ROUTER_THRESHOLD = 0.4
BREAKER_DAY, BREAKER_FEATURE = 75, "search"
CACHE_DAY, CACHE_HIT = 100, 0.19
GUARD_DAY, GUARD_SPEND = 120, 0.845  # of what an undisturbed day costs
USD_PER_REQUEST = 0.00224  # what a request costs on the primary, on average
OUTAGE = (datetime(2026, 7, 2, 13, 20, tzinfo=UTC), datetime(2026, 7, 2, 14, 5, tzinfo=UTC))
INCIDENT_HOUR = 10
MAINTENANCE = (datetime(2026, 9, 16, 1, 0, tzinfo=UTC), datetime(2026, 9, 16, 5, 0, tzinfo=UTC))
FALLBACK_RATE = 0.005

# intent, weight, feature, traffic class, how often its requests are simple, how often a cached answer could serve
INTENTS = (
    ("order-status", 0.24, "chat", "critical", 0.66, 0.30),
    ("refund-policy", 0.14, "chat", "critical", 0.42, 0.20),
    ("product-search", 0.15, "search", "non_critical", 0.45, 0.25),
    ("code-help", 0.17, "agent", "non_critical", 0.34, 0.02),
    ("summarize", 0.18, "agent", "internal", 0.60, 0.10),
    ("smalltalk", 0.09, "chat", "experiment", 0.86, 0.30),
    ("report-batch", 0.03, "agent", "batch", 0.60, 0.05),
)
TENANTS = (("acme", 0.38), ("globex", 0.24), ("initech", 0.16), ("umbrella", 0.12), ("hooli", 0.10))
USERS_PER_TENANT = 160
NIGHT_OWLS = 5  # users of each tenant who are only there late in the evening


def traffic(day: int) -> float:
    """Relative traffic of a day: weekends are quiet, and the product grows by a quarter over the half year."""
    weekday = (FIRST_DAY + timedelta(days=day)).weekday()
    return (1.0, 1.05, 1.05, 1.0, 0.95, 0.6, 0.55)[weekday] * (0.9 + 0.25 * day / DAYS)


def moments(day: int, rng: Random) -> list[datetime]:
    """When the requests of a day start: busiest in the afternoon, few at night; in order."""
    count = max(1, round(rng.gauss(PER_DAY * traffic(day), 12)))
    start = datetime.combine(FIRST_DAY, datetime.min.time(), UTC) + timedelta(days=day)
    out: list[datetime] = []
    while len(out) < count:
        hour = rng.random() * 24
        if rng.random() < 0.25 + 0.75 * max(0.0, math.sin((hour - 6) / 18 * math.pi)):
            out.append(start + timedelta(milliseconds=round(hour * 3_600_000)))
    return sorted(out)


def requests() -> Iterator[dict[str, Any]]:
    """All records in order of time, as the native log format has them; fields without a value are left out."""
    rng = Random(SEED)
    for day in range(DAYS):
        spent = 0.0
        limit = GUARD_SPEND * USD_PER_REQUEST * PER_DAY * traffic(day) if day >= GUARD_DAY else math.inf
        for n, ts in enumerate(moments(day, rng)):
            record, full_price = request(day, n, ts, spent >= limit, rng)
            spent += full_price
            yield record
        if day % 4 == 1:
            yield drill(day, rng)


def request(day: int, n: int, ts: datetime, guarded: bool, rng: Random) -> tuple[dict[str, Any], float]:
    """One request, and what it would have cost on the primary."""
    intent, _, feature, traffic_class, simple, cacheable = INTENTS[pick([x[1] for x in INTENTS], rng)]
    tenant = TENANTS[pick([x[1] for x in TENANTS], rng)][0]
    owl = ts.hour >= 21 and rng.random() < 0.25
    number = rng.randrange(NIGHT_OWLS) if owl else NIGHT_OWLS + int(USERS_PER_TENANT * rng.random() ** 2)
    score = rng.uniform(0, ROUTER_THRESHOLD) if rng.random() < simple else rng.uniform(ROUTER_THRESHOLD, 1)
    draw_router, draw_cache, draw_cached, draw_error = rng.random(), rng.random(), rng.random(), rng.random()
    tokens_in, tokens_out = int(rng.lognormvariate(5.8, 0.5)), int(rng.lognormvariate(5.0, 0.6))
    record: dict[str, Any] = {
        "ts": stamp(ts),
        "request_id": f"{day:03d}-{n:05d}",
        "tenant": tenant,
        "user": f"{tenant}-u{number:03d}",
        "feature": feature,
        "intent": intent,
        "traffic_class": traffic_class,
        "tier": "primary",
        "intended_tier": "primary",
        "requested_model": PRIMARY,
        "served_model": PRIMARY,
        "provider": "openai",
        "fallback": False,
        "status": "ok",
        "prompt_version": "v7" if day < 62 else "v8" if day < 131 else "v9",
    }
    full_price = tokens_in * USD_PER_TOKEN[PRIMARY][0] + tokens_out * USD_PER_TOKEN[PRIMARY][1]
    demoted = decide(day, ts, feature, traffic_class, score, guarded, cacheable, draw_router, draw_cache, draw_cached)
    if demoted == "outage":
        record |= {"tier": "unserved", "served_model": None, "status": "error", "error": "APIConnectionError"}
        record |= {"attempts": [attempt(PRIMARY, 503, "APIConnectionError", 1800.0)], "latency_ms": 1800.0}
        return trimmed(record), 0.0
    if draw_error < FALLBACK_RATE and demoted != "maintenance":
        record |= {"tier": "secondary", "served_model": SECONDARY, "reason": "provider_error", "fallback": True}
    elif demoted:
        record |= {"reason": demoted} | DEMOTIONS[demoted]
    finish(record, tokens_in, tokens_out, rng)
    return trimmed(record), full_price


DEMOTIONS: dict[str, dict[str, Any]] = {
    "complexity_router": {"tier": "secondary", "served_model": SECONDARY},
    "breaker_open": {"tier": "secondary", "served_model": SECONDARY},
    "maintenance": {"tier": "secondary", "served_model": SECONDARY},
    "cost_guard": {"tier": "canned", "served_model": None, "provider": "canned"},
    "cache_promotion": {"tier": "cache", "served_model": None, "provider": "cache"},
}


def decide(
    day: int, ts: datetime, feature: str, traffic_class: str, score: float, guarded: bool, cacheable: float,
    draw_router: float, draw_cache: float, draw_cached: float,
) -> str:  # fmt: skip
    """What demotes a request, the most drastic switch first; empty when nothing does."""
    incident = day == BREAKER_DAY and ts.hour == INCIDENT_HOUR and feature == BREAKER_FEATURE
    if (OUTAGE[0] <= ts < OUTAGE[1] and draw_router < 0.8) or (incident and draw_router < 0.7):
        return "outage"
    if MAINTENANCE[0] <= ts < MAINTENANCE[1]:
        return "maintenance"
    if guarded and traffic_class != "critical":
        return "cost_guard"
    if day >= CACHE_DAY and draw_cached < cacheable and draw_cache < CACHE_HIT:
        return "cache_promotion"
    if feature == BREAKER_FEATURE and (day, ts.hour) > (BREAKER_DAY, INCIDENT_HOUR):
        return "breaker_open"
    sent_down = max((share for start, share in ROUTER_STEPS if day >= start), default=0.0)
    if score < ROUTER_THRESHOLD and draw_router < sent_down:
        return "complexity_router"
    return ""


def finish(record: dict[str, Any], tokens_in: int, tokens_out: int, rng: Random) -> None:
    """Adds latency, tokens, cost, attempts and the business signals of a served request."""
    tier, model = record["tier"], record["served_model"]
    median = {"primary": 1400, "secondary": 720, "cache": 35, "canned": 12}[tier]
    latency = rng.lognormvariate(math.log(median), 0.35)
    if record["fallback"]:
        failed = rng.lognormvariate(math.log(900), 0.3)
        code, error = rng.choice(((429, "RateLimitError"), (500, "InternalServerError"), (408, "Timeout")))
        record["attempts"] = [attempt(PRIMARY, code, error, failed), attempt(SECONDARY, 200, None, latency)]
        record["fallback_latency_ms"] = round(failed, 1)
        latency += failed
    record["latency_ms"] = round(latency, 1)
    if model:
        price_in, price_out = USD_PER_TOKEN[model]
        record |= {"input_tokens": tokens_in, "output_tokens": tokens_out}
        record["cost_usd"] = round(tokens_in * price_in + tokens_out * price_out, 6)
    if tier == "cache":
        record["cache_age_s"] = round(rng.expovariate(1 / 5400), 0)
    if record["feature"] == "agent" and model:
        calls = 1 + int(rng.expovariate(0.9))
        success = 0.985 if tier == "primary" else 0.93
        record |= {"tool_calls": calls, "tool_ok": sum(rng.random() < success for _ in range(calls))}
    if record["intent"] in ("refund-policy", "order-status"):
        record["agent_override"] = (
            rng.random() < {"primary": 0.03, "secondary": 0.075, "cache": 0.06, "canned": 0.2}[tier]
        )
    if record["intent"] in ("summarize", "report-batch") and model:
        record["schema_valid"] = rng.random() < (0.995 if tier == "primary" else 0.96)


def drill(day: int, rng: Random) -> dict[str, Any]:
    """A synthetic request that exercises the fallback path on purpose."""
    ts = datetime.combine(FIRST_DAY, datetime.min.time(), UTC) + timedelta(days=day, hours=23, minutes=58)
    record = {
        "ts": stamp(ts), "request_id": f"{day:03d}-drill", "feature": "chat", "intent": "order-status",
        "traffic_class": "internal", "tier": "secondary", "intended_tier": "primary", "requested_model": PRIMARY,
        "served_model": SECONDARY, "provider": "openai", "reason": "drill", "fallback": True, "status": "ok",
        "drill": True, "prompt_version": "v7",
    }  # fmt: skip
    finish(record, 40, 12, rng)
    return trimmed(record)


def attempt(model: str, code: int, error: str | None, latency: float) -> dict[str, Any]:
    """One entry of `attempts`."""
    tier = "primary" if model == PRIMARY else "secondary"
    return {
        "provider": "openai", "model": model, "tier": tier, "status_code": code, "error": error,
        "latency_ms": round(latency, 1),
    }  # fmt: skip


def pick(weights: list[float], rng: Random) -> int:
    """Index drawn with these weights, which add up to 1."""
    x = rng.random()
    for i, w in enumerate(weights):
        if x < w:
            return i
        x -= w
    return len(weights) - 1


def stamp(ts: datetime) -> str:
    """ISO 8601 with milliseconds."""
    return ts.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def trimmed(record: dict[str, Any]) -> dict[str, Any]:
    """The record without fields that have no value."""
    return {k: v for k, v in record.items() if v is not None}


def truth(records: list[dict[str, Any]]) -> dict[str, Any]:
    """What was planted, with the points of share that each mechanism takes in the last 14 days."""
    last = [r for r in records if r["ts"] >= stamp_of_day(DAYS - 14) and not r.get("drill")]
    lost = Counter(r.get("reason") for r in last if r["tier"] != "primary")
    points = {k: round(100 * v / len(last), 2) for k, v in lost.items() if k}
    first = [r for r in records if r["ts"] < stamp_of_day(28) and not r.get("drill")]
    onsets = {
        "complexity_router": ("complexity-router", ROUTER_STEPS[0][0]),
        "breaker_open": ("search-breaker", BREAKER_DAY),
        "cache_promotion": ("cache-promotion", CACHE_DAY),
        "cost_guard": ("cost-guard", GUARD_DAY),
    }
    return {
        "seed": SEED,
        "first_day": FIRST_DAY.isoformat(),
        "last_day": (FIRST_DAY + timedelta(days=DAYS - 1)).isoformat(),
        "records": len(records),
        "drills": sum(bool(r.get("drill")) for r in records),
        "primary_share_first_28_days": round(sum(r["tier"] == "primary" for r in first) / len(first), 5),
        "primary_share_last_14_days": round(sum(r["tier"] == "primary" for r in last) / len(last), 5),
        "mechanisms": [
            {
                "reason": reason,
                "switch": switch,
                "onset": (FIRST_DAY + timedelta(days=day)).isoformat(),
                "points_last_14_days": points[reason],
            }
            for reason, (switch, day) in onsets.items()
        ],
        "background": {"provider_error": points["provider_error"]},
        "outage": [stamp(t) for t in OUTAGE],
        "maintenance": [stamp(t) for t in MAINTENANCE],
    }


def stamp_of_day(day: int) -> str:
    """The start of a day as the records write it."""
    return stamp(datetime.combine(FIRST_DAY + timedelta(days=day), datetime.min.time(), UTC))


def write(folder: Path) -> None:
    """Writes a file a month, the last one as Parquet, and truth.json."""
    import polars

    records = list(requests())
    months = sorted({r["ts"][:7] for r in records})
    for month in months[:-1]:
        lines = "".join(json.dumps(r, separators=(",", ":")) + "\n" for r in records if r["ts"].startswith(month))
        with (folder / f"{month}.jsonl.gz").open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as out:
            out.write(lines.encode())
    last = [r for r in records if r["ts"].startswith(months[-1])]
    frame = polars.DataFrame(last, infer_schema_length=None).with_columns(
        polars.col("ts").str.to_datetime(time_unit="us", time_zone="UTC")
    )
    frame.write_parquet(folder / f"{months[-1]}.parquet", compression="zstd", compression_level=15)
    (folder / "truth.json").write_text(json.dumps(truth(records), indent=2) + "\n")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
