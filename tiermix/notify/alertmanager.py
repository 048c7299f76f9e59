"""Alerts for Alertmanager's API v2, from messages. Pure; one run sends all of them in one request.

Alertmanager knows an alert by its labels, so a severity or owner that changes makes another alert, and the old one must
be ended under the labels that it was told. An alert without `endsAt` is over for it after its `resolve_timeout` (5
minutes by default), which a nightly run cannot refresh: hence an `endsAt` beyond the next run. Of two ends of one alert
it takes the later, unless the newer one has passed on its own clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tiermix.config.settings import Channel
from tiermix.render.message import body, title
from tiermix.render.safe import printable
from tiermix.timewin import rfc3339
from tiermix.verdicts import Message

PATH = "/api/v2/alerts"
# An end lies back by this at least: on a clock that runs behind ours it would lie in the future and not end the alert.
_CLOCKS = timedelta(minutes=1)


def labels(message: Message, channel: Channel) -> dict[str, str]:
    """What an alert is known by."""
    incident = message.incident
    subject = printable(incident.subject, 300)
    owners = dict.fromkeys(r.owner for r in message.results if r.owner)
    own = {
        "alertname": f"Tiermix{incident.kind.title().replace('_', '')}",
        "kind": incident.kind,
        "subject": subject,
        "slo": subject if incident.kind == "slo" else "",
        "severity": message.severity,
        "owner": printable(", ".join(owners), 300),
    }
    return {**channel.labels, **{k: v for k, v in own.items() if v}}


def alerts(messages: Sequence[Message], channel: Channel, now: datetime, as_of: datetime) -> list[dict[str, Any]]:
    """The alerts of one request: those that go on, and those that had ended at `as_of`."""
    out = []
    over = min(as_of, now - _CLOCKS)
    for m in messages:
        told = m.incident.told.get(channel.name)
        known = labels(m, channel)
        if m.action == "resolved":
            out.append(_alert(m, told.labels or known if told else known, over, as_of))
            continue
        if told is not None and told.labels and told.labels != known:
            out.append(_alert(m, told.labels, over, as_of))
        out.append(_alert(m, known, now + timedelta(seconds=channel.hold), as_of))
    return out


def _alert(message: Message, known: Mapping[str, str], ends: datetime, as_of: datetime) -> dict[str, Any]:
    runbook = next((r.runbook for r in message.results if r.runbook), "")
    annotations = {
        "summary": title(message),
        "description": body(message, as_of),
        "runbook_url": printable(runbook, 500),
    }
    return {
        "labels": dict(known),
        "annotations": {k: v for k, v in annotations.items() if v},
        "startsAt": rfc3339(message.incident.started),
        "endsAt": rfc3339(max(message.incident.started, ends)),
    }
