"""The numbers of tiermix counted again: plain Python over raw records, sharing no code with the package."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

Record = dict[str, Any]

# (severity, factor, long, short) in hours and minutes, copied by hand from the design's table.
ROWS = {
    7: [("page", "13.44", 60, 5), ("page", "3.5", 360, 30), ("ticket", "1.4", 1440, 120), ("ticket", "1", 4320, 360)],
    28: [
        ("page", "13.44", 60, 5), ("page", "5.6", 360, 30), ("ticket", "2.8", 1440, 120), ("ticket", "14/15", 4320, 360)
    ],
    30: [("page", "14.4", 60, 5), ("page", "6", 360, 30), ("ticket", "3", 1440, 120), ("ticket", "1", 4320, 360)],
}  # fmt: skip


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def tier_of(record: Record, declared: dict[str, str]) -> str:
    """The logged tier, else the one that declares the model, else unknown."""
    return record.get("tier") or declared.get(record.get("served_model") or "", "unknown")


class Log:
    """Records in order of time, each once, drills and excluded windows left out."""

    def __init__(
        self, records: Iterable[Record], declared: dict[str, str], skip: Iterable[tuple[datetime, datetime]] = ()
    ):
        seen: dict[str, Record] = {}
        for r in records:
            seen.setdefault(r["request_id"], r)
        rows = [(moment(r["ts"]), tier_of(r, declared), r) for r in seen.values() if not r.get("drill")]
        self.rows = sorted(
            (x for x in rows if not any(a <= x[0] < b for a, b in skip)), key=lambda x: (x[0], x[2]["request_id"])
        )

    def between(self, start: datetime, end: datetime, **where: str) -> list[tuple[datetime, str, Record]]:
        return [x for x in self.rows if start <= x[0] < end and all(x[2].get(k) == v for k, v in where.items())]

    def mix(self, start: datetime, end: datetime, zone: str = "UTC") -> dict[str, Counter[str]]:
        out: dict[str, Counter[str]] = {}
        for ts, tier, _ in self.between(start, end):
            out.setdefault(ts.astimezone(ZoneInfo(zone)).date().isoformat(), Counter())[tier] += 1
        return out

    def groups(self, start: datetime, end: datetime, dim: str) -> dict[str | None, Counter[str]]:
        out: dict[str | None, Counter[str]] = {}
        for _, tier, record in self.between(start, end):
            out.setdefault(record.get(dim), Counter())[tier] += 1
        return out

    def counts(
        self, as_of: datetime, minutes: int, good: tuple[str, ...] = ("primary",), **where: str
    ) -> tuple[int, int]:
        hits = self.between(as_of - timedelta(minutes=minutes), as_of, **where)
        return sum(tier in good for _, tier, _ in hits), len(hits)

    def alerts(self, as_of: datetime, days: int, target: str) -> list[dict[str, Any]]:
        out = []
        for severity, factor, long, short in ROWS[days]:
            allowed = Fraction(factor) * (1 - Fraction(target))
            (lg, lt), (sg, st) = self.counts(as_of, long), self.counts(as_of, short)
            firing = lt - lg > allowed * lt and st - sg > allowed * st and lt - lg >= 2
            out.append(
                {"severity": severity, "long_bad": lt - lg, "long_total": lt, "short_bad": st - sg, "short_total": st,
                 "firing": firing}
            )  # fmt: skip
        return out


def midnight(day: datetime, zone: str) -> datetime:
    local = day.astimezone(ZoneInfo(zone))
    return datetime(local.year, local.month, local.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
