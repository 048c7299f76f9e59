"""Every name that other systems see: metrics, labels, records, alerts. They are a contract, and written only here."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from tiermix.render.safe import printable

TIER, REASON, SOURCE, OUTCOME = "tier", "reason", "source", "outcome"
SLO, WINDOW, SEVERITY, OWNER = "slo", "window", "severity", "owner"
LONG, SHORT, FACTOR = "long", "short", "factor"
VERSION, TIERS_ASSUMED, VERDICT = "version", "tiers_assumed", "verdict"

OTHER = "(other)"  # the value under which the rest of a bounded label is counted
MOST_VALUES = 50  # of a label that the logs fill
_LONGEST_VALUE = 120


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric family: its name as scraped, its kind, what it says, and its labels in order."""

    name: str
    kind: Literal["counter", "gauge"]
    help: str
    labels: tuple[str, ...] = ()


REQUESTS = Metric(
    "tiermix_requests_total", "counter", "Requests by served tier since the store began, drills and maintenance aside.",
    (TIER,),
)  # fmt: skip
SLO_REQUESTS = Metric(
    "tiermix_slo_requests_total", "counter", "Requests that an SLO counts, since the store began.", (SLO,)
)
SLO_BAD = Metric(
    "tiermix_slo_bad_requests_total", "counter", "Those of them that no good tier served, since the store began.",
    (SLO,),
)  # fmt: skip
TIER_SHARE = Metric(
    "tiermix_tier_share_ratio", "gauge", "A tier's part of all requests in the window before as_of.", (TIER, WINDOW)
)
REASON_REQUESTS = Metric(
    "tiermix_reason_requests", "gauge", "Requests by the reason of their demotion in the window before as_of.",
    (REASON, WINDOW),
)  # fmt: skip
SLO_TARGET = Metric("tiermix_slo_target_ratio", "gauge", "The share that an SLO promises.", (SLO,))
SLO_SLI = Metric("tiermix_slo_sli_ratio", "gauge", "Good requests of all in the window of an SLO.", (SLO,))
SLO_BUDGET = Metric(
    "tiermix_slo_error_budget_remaining_ratio", "gauge",
    "What is left of the error budget in the window of an SLO, weighted by requests; may be negative.", (SLO,),
)  # fmt: skip
SLO_BURN = Metric("tiermix_slo_burn_rate", "gauge", "(bad / total) / (1 - target) in the window.", (SLO, WINDOW))
SLO_FIRING = Metric(
    "tiermix_slo_alert_firing", "gauge", "1 while an alert row fires.", (SLO, SEVERITY, LONG, SHORT, FACTOR)
)
AS_OF = Metric("tiermix_as_of_timestamp_seconds", "gauge", "The moment that all numbers here are of.")
NEWEST = Metric(
    "tiermix_newest_request_timestamp_seconds", "gauge", "The end of the minute of the newest request in the store."
)
AGE = Metric("tiermix_newest_request_age_seconds", "gauge", "How old that was when this was written.")
FRESHNESS = Metric("tiermix_freshness_limit_seconds", "gauge", "How old it may be.")
WRITTEN = Metric("tiermix_export_timestamp_seconds", "gauge", "When this was written.")
INGEST_LINES = Metric(
    "tiermix_ingest_lines_total", "counter", "Lines read, by what became of them.", (SOURCE, OUTCOME)
)  # fmt: skip
INGEST_FILES = Metric("tiermix_ingest_files_total", "counter", "Log files read.", (SOURCE,))
DRIFT = Metric("tiermix_drift_verdict", "gauge", "1 for the verdict of the drift meter, else 0.", (SLO, VERDICT))
DRIFT_EVIDENCE = Metric(
    "tiermix_drift_evidence_ratio", "gauge", "Evidence of a drop over that at which an alarm is given.", (SLO,)
)
DRIFT_SPEED = Metric("tiermix_drift_points_per_week", "gauge", "How fast the share of an open drift moves.", (SLO,))
DRIFT_ONSET = Metric("tiermix_drift_onset_timestamp_seconds", "gauge", "When an open drift began.", (SLO,))
DRIFT_LEFT = Metric("tiermix_drift_days_left", "gauge", "Until the share leaves its target; absent for never.", (SLO,))
BUILD = Metric("tiermix_build_info", "gauge", "Always 1.", (VERSION, TIERS_ASSUMED))

ALL = (
    REQUESTS, SLO_REQUESTS, SLO_BAD, TIER_SHARE, REASON_REQUESTS, SLO_TARGET, SLO_SLI, SLO_BUDGET, SLO_BURN, SLO_FIRING,
    AS_OF, NEWEST, AGE, FRESHNESS, WRITTEN, INGEST_LINES, INGEST_FILES, DRIFT, DRIFT_EVIDENCE, DRIFT_SPEED, DRIFT_ONSET,
    DRIFT_LEFT, BUILD,
)  # fmt: skip

RECORD_REQUESTS = "tiermix:slo_requests:increase"
RECORD_BAD = "tiermix:slo_bad_requests:increase"
RECORD_BURN = "tiermix:slo_burn_rate:ratio"
RECORD_BUDGET = "tiermix:slo_error_budget_remaining:ratio"
RECORDS: Mapping[str, str] = {
    RECORD_REQUESTS: "requests that an SLO counted in the window",
    RECORD_BAD: "bad ones among them",
    RECORD_BURN: "(bad / total) / (1 - target) in the window; absent without requests",
    RECORD_BUDGET: "1 - (bad / total) / (1 - target) over the window of the SLO; absent without requests",
}

ALERT_BURN = "TiermixErrorBudgetBurn"
ALERT_STALE = "TiermixLogsStale"
ALERT_ABSENT = "TiermixMetricsAbsent"
ALERTS: Mapping[str, str] = {
    ALERT_BURN: "an alert row fires; one alert a row, told apart by severity, long and short",
    ALERT_STALE: "the newest request in the store is older than `freshness`: the burn rates are of the past",
    ALERT_ABSENT: "the counters of an SLO are not scraped, so nothing watches it",
}

_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def is_label_name(text: str) -> bool:
    """Whether a label may be called so; names that begin with two underscores belong to Prometheus."""
    return bool(_LABEL_NAME.fullmatch(text)) and not text.startswith("__")


def given_value(text: str) -> str:
    """A label value that the team wrote itself, whole; characters that a screen cannot show become escapes."""
    return printable(text.encode("utf-8", "replace").decode(), 10 * len(text) + 1)


def logged_value(text: str) -> str:
    """A label value that a log wrote: as `given_value`, and bounded in length."""
    return printable(text, _LONGEST_VALUE)


def factor(value: Fraction) -> str:
    """The factor of an alert row as a label value."""
    return f"{float(value):.10g}"


def dns_label(text: str) -> str:
    """A name as Kubernetes and OpenSLO allow it, the same for the same text and another for any other."""
    if _DNS_LABEL.fullmatch(text):
        return text
    plain = re.sub("[^a-z0-9]+", "-", text.lower()).strip("-")[:48].strip("-")
    return f"{plain or 'slo'}-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:8]}"
