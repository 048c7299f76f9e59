"""The words of tiermix as frozen types: what the store knows of a request, and the answers that renderers draw.

Counts are integers up to here; a share or a burn rate is made once, from summed counts, and is None where there is no
data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Literal

from tiermix.errors import TiermixError
from tiermix.timewin import Window

UNSERVED = "unserved"
UNKNOWN = "unknown"
BUILT_IN_TIERS = (UNSERVED, UNKNOWN)

# What a request can be grouped and filtered by. The first come from the request itself, the second from its outcome.
REQUEST_DIMENSIONS = ("intent", "traffic_class", "tenant", "feature", "user")
OUTCOME_DIMENSIONS = ("reason", "tier", "intended_tier", "requested_model", "served_model", "provider")
DIMENSIONS = REQUEST_DIMENSIONS + OUTCOME_DIMENSIONS
NO_VALUE = "(none)"  # how a group of requests without a value is shown, and asked for

# The fields of a request that a `[source]` mapping may fill; `route` is the gateway's own name for what served.
MAPPABLE_FIELDS = (
    "ts", "request_id", "tenant", "user", "feature", "intent", "traffic_class", "tier", "intended_tier",
    "requested_model", "served_model", "provider", "route", "cached", "reason", "fallback", "latency_ms",
    "fallback_latency_ms", "input_tokens", "output_tokens", "cost_usd", "status", "error", "tool_calls", "tool_ok",
    "agent_override", "schema_valid", "cache_age_s", "prompt_version", "drill",
)  # fmt: skip

Severity = Literal["page", "ticket"]
# What of a log a question needs: single requests, or counts of outcomes, or those of served tiers alone.
Keep = Literal["requests", "outcomes", "tiers"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a kind of request ended: everything that decides its served and intended tier.

    The store keeps counts per outcome, and tiers are assigned to outcomes when a question is asked; so declaring tiers
    re-reads the whole past at once.
    """

    outcome_id: int
    requested_model: str | None
    served_model: str | None
    provider: str | None
    route: str | None
    intended_model: str | None
    logged_tier: str | None
    logged_intended: str | None
    cached: bool
    reason: str | None
    status: str
    fallback: bool | None


@dataclass(frozen=True, slots=True)
class Placement:
    """The tiers of one outcome. Ranks count from 0 (best); `demoted` is served below intended."""

    outcome_id: int
    tier: str
    tier_rank: int
    intended_tier: str | None
    demoted: bool | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Note:
    """A warning that travels with an answer; `code` is stable, `message` is for people."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Frame:
    """What every answer says of itself: when, over which window, and what to be careful about."""

    as_of: datetime
    window: Window
    zone: str
    warnings: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class TierCounts:
    """Requests by served tier, best tier first, and their sum."""

    tiers: Mapping[str, int]

    @property
    def total(self) -> int:
        """All counted requests."""
        return sum(self.tiers.values())

    def share(self, tier: str) -> float | None:
        """The tier's requests over all requests; None without requests."""
        return self.tiers.get(tier, 0) / self.total if self.total else None


@dataclass(frozen=True, slots=True)
class MixDay:
    """One calendar day of the mix; `partial` when the window or the data cuts it short."""

    day: date
    counts: TierCounts
    partial: bool


@dataclass(frozen=True, slots=True)
class MixGroup:
    """The mix of one value of a dimension; the value is None for requests that carry none."""

    key: Mapping[str, str | None]
    counts: TierCounts
    days: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class FallbackMetric:
    """What the usual dashboard shows: requests in which a fallback fired on an error, of those whose log can say."""

    fired: int
    known: int

    @property
    def share(self) -> float | None:
        """Fired / known; None when no log can say."""
        return self.fired / self.known if self.known else None


@dataclass(frozen=True, slots=True)
class Mix:
    """What users got: the served-tier mix of a window, by day and perhaps by one dimension."""

    frame: Frame
    order: tuple[str, ...]
    primary: str
    days: tuple[MixDay, ...]
    totals: TierCounts
    fallback: FallbackMetric
    by: str | None = None
    groups: tuple[MixGroup, ...] = ()

    @property
    def shown(self) -> tuple[str, ...]:
        """The tiers worth a column: those with requests, and the primary."""
        return tuple(t for t in self.order if self.totals.tiers[t] or t == self.primary)

    @property
    def covered(self) -> tuple[MixDay, ...]:
        """The days from the first with requests on."""
        first = next((i for i, d in enumerate(self.days) if d.counts.total), len(self.days))
        return self.days[first:]


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One row of a multi-window burn-rate table. `factor` and `budget` (a fraction of 1) are exact."""

    severity: Severity
    factor: Fraction
    long: int
    short: int
    budget: Fraction


@dataclass(frozen=True, slots=True)
class Counts:
    """Good and total requests of a window; 0 <= good <= total, checked."""

    good: int
    total: int

    def __post_init__(self) -> None:
        if not 0 <= self.good <= self.total:
            raise TiermixError(f"{self.good} good requests of {self.total}: the store is inconsistent")

    @property
    def bad(self) -> int:
        """Requests that were not good."""
        return self.total - self.good


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert row judged on counts; a burn is None when its window holds no request."""

    row: AlertRow
    long: Counts
    short: Counts
    long_burn: float | None
    short_burn: float | None
    firing: bool


@dataclass(frozen=True, slots=True)
class Budget:
    """The error budget of an SLO over its whole window.

    Attributes:
        allowed: requests that may be bad: (1 - target) x total.
        spent: requests that were bad.
        remaining: 1 - spent / allowed, may be negative; None without requests.
        exhausted_in: seconds until nothing is left at the burn of the last day; 0 when nothing is left now, None when
            the burn is sustainable or unknown.
    """

    allowed: float
    spent: int
    remaining: float | None
    exhausted_in: float | None


@dataclass(frozen=True, slots=True)
class SloStatus:
    """One SLO at one moment: its counts, budget and alert rows.

    `period` is its window as people write it (`7d`, `month`), `span` the time it covers up to this moment.
    """

    name: str
    target: float
    period: str
    span: Window
    good_tiers: tuple[str, ...]
    owner: str
    counts: Counts
    budget: Budget
    alerts: tuple[Alert, ...]

    @property
    def small_sample(self) -> bool:
        """Whether so few requests were counted that a single bad one spends the whole budget."""
        return self.budget.allowed < 1

    @property
    def sli(self) -> float | None:
        """Good / total; None without requests."""
        return self.counts.good / self.counts.total if self.counts.total else None

    @property
    def met(self) -> bool:
        """Whether the target is kept over the window (true without requests: nothing was broken)."""
        return self.budget.remaining is None or self.budget.remaining >= 0

    @property
    def ok(self) -> bool:
        """Target kept and nothing firing."""
        return self.met and not any(a.firing for a in self.alerts)


@dataclass(frozen=True, slots=True)
class Burn:
    """All SLOs at one moment."""

    frame: Frame
    slos: tuple[SloStatus, ...]

    @property
    def ok(self) -> bool:
        """No SLO is breached and no alert fires."""
        return all(s.ok for s in self.slos)


@dataclass(frozen=True, slots=True)
class FileReceipt:
    """What became of one log file; accepted + duplicate + quarantined = lines."""

    path: str
    source: str
    lines: int
    accepted: int
    duplicate: int
    quarantined: int
    unchanged: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an ingest did; `failures` says what could not be read, or not to its end."""

    files: tuple[FileReceipt, ...]
    requests: int
    seconds: float
    max_bad: float
    warnings: tuple[Note, ...] = ()
    failures: tuple[TiermixError, ...] = ()

    @property
    def lines(self) -> int:
        """Lines read."""
        return sum(f.lines for f in self.files)

    @property
    def accepted(self) -> int:
        """Lines that brought something new."""
        return sum(f.accepted for f in self.files)

    @property
    def duplicate(self) -> int:
        """Lines that the store knew already."""
        return sum(f.duplicate for f in self.files)

    @property
    def quarantined(self) -> int:
        """Lines that could not be used."""
        return sum(f.quarantined for f in self.files)

    @property
    def too_bad(self) -> bool:
        """More bad lines than allowed."""
        return bool(self.lines) and self.quarantined > self.max_bad * self.lines


@dataclass(frozen=True, slots=True)
class Preview:
    """What ingest would make of a file.

    Attributes:
        source, title, row: the dialect, and what one row of its logs is.
        packing: how the records stand in the file.
        keys, any_keys: what tells the dialect: all of the first and one of the second.
        telling: how many of the first records have them, and how many were looked at.
        lines, quarantined: of the part that was read.
        requests: the first requests as (time, asked for, served, tier, fallback, reason).
        filled: canonical field to share of requests that have it.
        reasons: why lines could not be used, and how many.
        needed_for: canonical field to what cannot be answered without it.
    """

    source: str
    title: str
    row: str
    packing: str
    keys: tuple[str, ...]
    any_keys: tuple[str, ...]
    telling: tuple[int, int]
    lines: int
    quarantined: int
    requests: tuple[tuple[str | None, ...], ...]
    filled: Mapping[str, float]
    reasons: tuple[tuple[str, int], ...]
    needed_for: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Silence:
    """What the log of a source does not say, in requests.

    Attributes:
        source: the dialect.
        intended: which tier was intended, so that nobody knows whether they were demoted.
        fallback: whether a fallback fired.
    """

    source: str
    intended: int
    fallback: int


@dataclass(frozen=True, slots=True)
class Trust:
    """How far to believe the numbers of a window.

    Attributes:
        first, last: the earliest and latest request in the store; None in an empty one.
        minutes: minutes of the window from the first request on.
        silent_minutes: those of them without any request.
        files, lines, duplicates, quarantined: totals over all ingests.
        requests: requests in the store, drills included.
        drills, unknown, no_id, fallback_unknown: requests of the window that are drills, whose model no tier claims,
            that carried no id of their own, and whose log cannot say whether a fallback fired.
        cannot_tell: what the logs do not say of the requests of the window, by dialect.
        sources: requests in the store by dialect.
        unknown_models: models of the window that no tier claims, most frequent first.
        tiers_assumed: no tier is declared or logged; they follow from what was asked for.
        config_sha256, queries_sha256: fingerprints of the configuration and of all queries.
    """

    first: datetime | None
    last: datetime | None
    minutes: int
    silent_minutes: int
    files: int
    lines: int
    duplicates: int
    quarantined: int
    requests: int
    drills: int
    unknown: int
    no_id: int
    fallback_unknown: int
    cannot_tell: tuple[Silence, ...]
    sources: Mapping[str, int]
    unknown_models: Mapping[str, int]
    tiers_assumed: bool
    config_path: str
    config_sha256: str
    queries_sha256: str
