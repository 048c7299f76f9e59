"""A test message to every channel, which leaves nothing behind: whether the way there works, before it must."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from tiermix.config.settings import Channel, Config
from tiermix.errors import TiermixError
from tiermix.notify import alertmanager, wire
from tiermix.notify.tell import chosen
from tiermix.timewin import rfc3339
from tiermix.verdicts import Delivery, Outcome

_TITLE = "[test] tiermix"
_BODY = "This is a test. Whoever reads it will be told here when a promise about the tier mix breaks."
_LASTS = timedelta(minutes=5)


def probe(config: Config, now: datetime, only: Sequence[str] = ()) -> tuple[Outcome, tuple[TiermixError, ...]]:
    """Sends a test to all channels, or those in `only`; returns what was sent, and what failed.

    Raises:
        UsageError: there is no channel, or none of that name.
    """
    deliveries, faults = [], []
    for channel in chosen(config, only):
        fault = _send(config, channel, now)
        deliveries.append(Delivery(channel.name, (), _TITLE, _BODY, fault is None))
        faults += [fault] if fault else []
    return Outcome(tuple(deliveries), 0), tuple(faults)


def _send(config: Config, channel: Channel, now: datetime) -> TiermixError | None:
    if channel.kind == "alertmanager":
        alert = {
            "labels": {**channel.labels, "alertname": "TiermixTest", "severity": channel.min_severity},
            "annotations": {"summary": _TITLE, "description": _BODY},
            "startsAt": rfc3339(now),
            "endsAt": rfc3339(now + _LASTS),
        }
        return wire.post_alerts(channel, config.notify, json.dumps([alert]).encode(), alertmanager.PATH)
    return wire.send(
        channel, config.notify, title=_TITLE, body=_BODY, severity="ticket", resolved=True, incident="test"
    )
