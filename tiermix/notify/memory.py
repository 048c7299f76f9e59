"""What the store remembers of incidents: which are open, and what each channel was last told of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby

from tiermix.config.settings import Channel
from tiermix.store import Store
from tiermix.timewin import epoch_us, from_epoch_us
from tiermix.verdicts import Incident, Message, Told

FIRST_SCHEMA = 2  # the store's schema that has these tables; a reader may meet an older one


def load(store: Store) -> tuple[Incident, ...]:
    """The open incidents, the longest open first; none in a store that knows no incidents yet."""
    if store.version < FIRST_SCHEMA:
        return ()
    out = []
    for (started, kind, subject), rows in groupby(store.ask("notify/open"), key=lambda r: (r[2], r[0], r[1])):
        told = {
            channel: Told(severity, from_epoch_us(at), json.loads(labels) if labels else {})
            for *_, channel, severity, at, labels in rows
            if channel is not None
        }
        out.append(Incident(kind, subject, from_epoch_us(started), told))
    return tuple(out)


def enter(store: Store, incidents: Iterable[Incident]) -> None:
    """Opens incidents, all or none, before anybody is told: so their beginning outlives a crash."""
    with store.transaction():
        for i in incidents:
            started = {"started_us": epoch_us(i.started)}
            store.ask("notify/enter", {"kind": i.kind, "subject": i.subject, **started})


def record(store: Store, channel: Channel, labelled: Sequence[tuple[Message, dict[str, str]]], at: datetime) -> None:
    """Keeps that a channel took messages, all or none; what it was told under other labels is forgotten."""
    with store.transaction():
        for message, labels in labelled:
            incident = message.incident
            key = {"kind": incident.kind, "subject": incident.subject, "channel": channel.name}
            store.ask("notify/untell", key)
            if message.action != "resolved":
                known = json.dumps(labels, sort_keys=True) if labels else None
                told = {"severity": message.severity, "told_us": epoch_us(at), "labels": known}
                store.ask("notify/tell", key | told)


def close(store: Store, passed: Iterable[Incident], channels: Sequence[str]) -> None:
    """Closes incidents that have passed and of which every configured channel that was told knows it."""
    with store.transaction():
        for i in passed:
            key = {"kind": i.kind, "subject": i.subject}
            store.ask("notify/forget", {**key, "channels": list(channels)})
            store.ask("notify/close", key)
