"""A snapshot as metric families.

A new kind of number gets its names in `names.py`, its answer in `Snapshot`, and one function in `MAKERS` below.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import get_args

from tiermix import __version__
from tiermix.analysis.drift.verdict import Verdict
from tiermix.model import NO_VALUE
from tiermix.render.export import names
from tiermix.render.export.names import Metric
from tiermix.snapshot import Snapshot
from tiermix.timewin import epoch_us, format_duration, parse_zone, start_of_day


@dataclass(frozen=True, slots=True)
class Sample:
    """One number and the values of its metric's labels, in their order."""

    values: tuple[str, ...]
    number: float


@dataclass(frozen=True, slots=True)
class Family:
    """All samples of one metric."""

    metric: Metric
    samples: tuple[Sample, ...]


def families(snapshot: Snapshot) -> tuple[Family, ...]:
    """Everything exported of a snapshot; numbers that do not exist (the share of no requests) are left out."""
    return tuple(family for make in MAKERS for family in make(snapshot) if family.samples)


def label_values(counts: Mapping[str, int]) -> dict[str, str]:
    """The label value of each value that logs wrote: cleaned, and few enough to scrape.

    The largest keep their names, the rest share `(other)`. Several values may come to one label value; whoever writes
    them adds them up, so that no sum changes.
    """
    cleaned: Counter[str] = Counter()
    for value, n in counts.items():
        cleaned[names.logged_value(value)] += n
    kept = set(cleaned)
    if len(kept) > names.MOST_VALUES:
        kept = set(sorted(cleaned, key=lambda v: (-cleaned[v], v))[: names.MOST_VALUES - 1])
    return {v: label if (label := names.logged_value(v)) in kept else names.OTHER for v in counts}


def bounded(counts: Mapping[str, int]) -> dict[str, int]:
    """Counts by label value; see `label_values`."""
    out: Counter[str] = Counter()
    for value, label in label_values(counts).items():
        out[label] += counts[value]
    return dict(out)


def _requests(s: Snapshot) -> Iterator[Family]:
    counts = bounded({tier: track.end for tier, track in s.counters.tiers.items()})
    yield Family(names.REQUESTS, tuple(Sample((tier,), n) for tier, n in counts.items()))


def _slo_counters(s: Snapshot) -> Iterator[Family]:
    slos = [(names.given_value(c.name), c) for c in s.counters.slos]
    yield Family(names.SLO_REQUESTS, tuple(Sample((name,), c.total.end) for name, c in slos))
    yield Family(names.SLO_BAD, tuple(Sample((name,), c.bad.end) for name, c in slos))


def _shares(s: Snapshot) -> Iterator[Family]:
    shares, reasons = [], []
    for seconds, mix in s.recent.items():
        window = format_duration(seconds)
        counts = bounded(mix.totals.tiers)
        shares += [Sample((tier, window), n / mix.totals.total) for tier, n in counts.items()]
        by_reason: Counter[str] = Counter()
        for group in mix.groups:
            by_reason[group.key["reason"] or NO_VALUE] += group.counts.total
        reasons += [Sample((reason, window), n) for reason, n in bounded(by_reason).items()]
    yield Family(names.TIER_SHARE, tuple(shares))
    yield Family(names.REASON_REQUESTS, tuple(reasons))


def _slos(s: Snapshot) -> Iterator[Family]:
    slos = [(names.given_value(x.name), x) for x in s.burn.slos]
    yield Family(names.SLO_TARGET, tuple(Sample((name,), x.target) for name, x in slos))
    yield Family(names.SLO_SLI, tuple(Sample((name,), x.sli) for name, x in slos if x.sli is not None))
    left = tuple(Sample((n,), x.budget.remaining) for n, x in slos if x.budget.remaining is not None)
    yield Family(names.SLO_BUDGET, left)


def _alerts(s: Snapshot) -> Iterator[Family]:
    burns: dict[tuple[str, ...], float] = {}
    firing: dict[tuple[str, ...], bool] = {}
    for slo in s.burn.slos:
        name = names.given_value(slo.name)
        for a in slo.alerts:
            long, short = format_duration(a.row.long), format_duration(a.row.short)
            for window, rate in ((long, a.long_burn), (short, a.short_burn)):
                if rate is not None:
                    burns[name, window] = rate
            firing[name, a.row.severity, long, short, names.factor(a.row.factor)] = a.firing
    yield Family(names.SLO_BURN, tuple(Sample(k, v) for k, v in burns.items()))
    yield Family(names.SLO_FIRING, tuple(Sample(k, int(v)) for k, v in firing.items()))


def _freshness(s: Snapshot) -> Iterator[Family]:
    yield Family(names.AS_OF, (Sample((), epoch_us(s.burn.frame.as_of) / 1e6),))
    yield Family(names.NEWEST, (Sample((), epoch_us(s.newest) / 1e6),))
    yield Family(names.AGE, (Sample((), (s.now - s.newest).total_seconds()),))
    yield Family(names.FRESHNESS, (Sample((), s.freshness),))
    yield Family(names.WRITTEN, (Sample((), epoch_us(s.now) / 1e6),))


def _ingest(s: Snapshot) -> Iterator[Family]:
    lines = [
        Sample((names.given_value(i.source), outcome), n)
        for i in s.ingested
        for outcome, n in (("accepted", i.accepted), ("duplicate", i.duplicate), ("quarantined", i.quarantined))
    ]
    yield Family(names.INGEST_LINES, tuple(lines))
    yield Family(names.INGEST_FILES, tuple(Sample((names.given_value(i.source),), i.files) for i in s.ingested))


def _drift(s: Snapshot) -> Iterator[Family]:
    series = [(names.given_value(x.slo), x) for x in s.drift.series]
    yield Family(names.DRIFT, tuple(Sample((n, v), int(x.verdict == v)) for n, x in series for v in get_args(Verdict)))
    ratio = tuple(Sample((n,), x.evidence / x.threshold) for n, x in series if x.evidence is not None)
    yield Family(names.DRIFT_EVIDENCE, ratio)
    speed = tuple(Sample((n,), x.points_per_week[1]) for n, x in series if x.points_per_week)
    yield Family(names.DRIFT_SPEED, speed)
    zone = parse_zone(s.drift.frame.zone)
    onset = tuple(Sample((n,), start_of_day(x.onset.day, zone).timestamp()) for n, x in series if x.onset)
    yield Family(names.DRIFT_ONSET, onset)
    left = tuple(Sample((n,), days) for n, x in series if x.days_left and (days := x.days_left[1]) is not None)
    yield Family(names.DRIFT_LEFT, left)


def _build(s: Snapshot) -> Iterator[Family]:
    yield Family(names.BUILD, (Sample((__version__, str(s.tiers_assumed).lower()), 1),))


MAKERS: tuple[Callable[[Snapshot], Iterable[Family]], ...] = (
    _requests,
    _slo_counters,
    _shares,
    _slos,
    _alerts,
    _freshness,
    _ingest,
    _drift,
    _build,
)
