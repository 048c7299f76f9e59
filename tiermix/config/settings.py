"""What a configuration can say, as frozen types. Defaults are those of a team that has written no file at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Literal

from tiermix.model import Severity
from tiermix.timewin import DAY, HOUR, Window, format_duration

ChannelKind = Literal["apprise", "alertmanager"]

SWITCH_KINDS = (
    "complexity_router",
    "circuit_breaker",
    "cost_guard",
    "cache_promotion",
    "model_selector",
    "rate_limiter",
    "manual",
)
TRAFFIC_CLASSES = ("critical", "non_critical", "internal", "batch", "experiment")
DEFAULT_TARGET = Fraction(97, 100)
DEFAULT_WINDOW = 7 * DAY
DEFAULT_FRESHNESS = 26 * HOUR
MIN_BAD_EVENTS = 2
DEFAULT_REMINDER = 7 * DAY
DEFAULT_HOLD = 50 * HOUR  # one missed night must not look like an all-clear
DEFAULT_BANDS = (0.70, 0.80, 0.95, 1.0)  # of a tenant's budget: notice, throttle, degrade, stop


@dataclass(frozen=True, slots=True)
class Tier:
    """A level of service and what belongs to it; see `tiermix.tiers` for which selector counts first."""

    name: str
    models: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    cached: bool = False
    usd_reserved_per_day: float = 0.0


@dataclass(frozen=True, slots=True)
class AlertSetting:
    """A burn-rate row written by the team; durations in seconds."""

    severity: Severity
    factor: Fraction
    long: int
    short: int


@dataclass(frozen=True, slots=True)
class Slo:
    """A promise: the share of requests served by the good tiers over a window.

    `window` is the length in seconds of a rolling window; for a calendar period (`calendar` is week, month or quarter)
    the length by which its alert rows are made.
    """

    name: str
    target: Fraction = DEFAULT_TARGET
    window: int = DEFAULT_WINDOW
    calendar: str = ""
    good: tuple[str, ...] = ()  # empty: the primary tier
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    owner: str = ""
    alerts: tuple[AlertSetting, ...] = ()  # empty: the standard rows of the window
    min_bad: int = MIN_BAD_EVENTS
    runbook: str = ""  # an address for whoever is told of a breach

    @property
    def period(self) -> str:
        """The window as people write it: `7d`, `month`."""
        return self.calendar or format_duration(self.window)


@dataclass(frozen=True, slots=True)
class Switch:
    """A degradation switch and who answers for it."""

    id: str
    kind: str
    reasons: tuple[str, ...]
    owner: str = ""
    trip_condition: str = ""
    alert_share: float = 0.01
    last_reviewed: date | None = None
    review_every: int = 90 * DAY


@dataclass(frozen=True, slots=True)
class Route:
    """The fallback policy of one intent."""

    intent: str
    primary: str = ""
    fallbacks: tuple[str, ...] = ()
    max_p95_ms: float | None = None
    disable_tools_on_fallback: bool = False
    min_tool_success: float | None = None
    max_override_rate: float | None = None
    never_degrade: bool = False


@dataclass(frozen=True, slots=True)
class TrafficClass:
    """The fallback policy of one traffic class."""

    name: str
    max_provider_failures: int | None = None
    allow: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TenantBudget:
    """What a tenant may spend, and the bands at which its service changes (fractions of 1)."""

    tenant: str
    usd_per_month: float
    bands: tuple[float, ...] = DEFAULT_BANDS


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A maintenance window whose requests are not counted; whole minutes."""

    window: Window
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A log format described by field paths: canonical field to path in the record."""

    name: str
    fields: Mapping[str, str]
    match: str = ""


@dataclass(frozen=True, slots=True)
class Channel:
    """Who is told, and how. Secrets are not here: an address that is one stands in the environment, under `url_env`.

    Attributes:
        name: what messages, faults and the store call it.
        kind: what is at the other end: anything that Apprise knows, or an Alertmanager.
        url_env, token_env: the environment variables with the address, and with a bearer token for Alertmanager.
        url: the address of an Alertmanager that needs no secret.
        min_severity: the least urgent incident it wants to hear of.
        digest: one message a run instead of one an incident.
        hold: seconds for which Alertmanager keeps an alert without hearing of it again.
        labels: more labels for every alert, such as the environment.
    """

    name: str
    kind: ChannelKind = "apprise"
    url_env: str = ""
    url: str = ""
    token_env: str = ""
    min_severity: Severity = "ticket"
    digest: bool = False
    hold: int = DEFAULT_HOLD
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notify:
    """How channels are told.

    Attributes:
        remind_every: seconds after which an incident that goes on is said again.
        timeout: seconds for one attempt.
        retries: attempts after the first.
    """

    remind_every: int = DEFAULT_REMINDER
    timeout: int = 10
    retries: int = 2


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration. `path` is empty and `sha256` that of an empty text when there is no file."""

    owner: str = ""
    timezone: str = "UTC"
    freshness: int = DEFAULT_FRESHNESS
    hash_users: bool = False
    keep_excerpts: bool = True
    tiers: tuple[Tier, ...] = ()
    slos: tuple[Slo, ...] = ()
    switches: tuple[Switch, ...] = ()
    routes: tuple[Route, ...] = ()
    classes: tuple[TrafficClass, ...] = ()
    budgets: tuple[TenantBudget, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    sources: tuple[Source, ...] = ()
    channels: tuple[Channel, ...] = ()
    notify: Notify = Notify()
    path: str = ""
    sha256: str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
