"""Who is to be told what. Pure: results and what is known in, messages out.

An incident is told once, again when it gets more urgent, again after `remind_every`, and once more when it has passed.
A channel that wants only pages sees only what pages: for it an incident has passed when nothing pages any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from tiermix.config.settings import Channel
from tiermix.model import Severity
from tiermix.timewin import HOUR
from tiermix.verdicts import Action, CheckResult, Gate, Incident, Message, Told, urgency


def incidents(gate: Gate, known: Sequence[Incident], started: datetime) -> tuple[Incident, ...]:
    """All open incidents: those known, then those that the gate has found now."""
    keys = {i.key for i in known}
    found = dict.fromkeys((r.kind, r.subject) for r in gate.results if gate.fails(r))
    return (*known, *(Incident(kind, subject, started) for kind, subject in found if (kind, subject) not in keys))


def messages(
    gate: Gate, channel: Channel, open_now: Sequence[Incident], now: datetime, remind_every: int
) -> tuple[Message, ...]:
    """What a channel is to be told in this run, the most urgent first."""
    made = [m for i in open_now if (m := _message(gate, channel, i, now, remind_every)) is not None]
    return tuple(sorted(made, key=lambda m: (m.action == "resolved", -urgency(m.severity))))


def standing(gate: Gate, channel: Channel, open_now: Sequence[Incident]) -> tuple[Message, ...]:
    """All that goes on or has passed for a channel, told before or not: what Alertmanager must hear every time.

    An incident that nobody can tell about for want of data goes on as it was told.
    """
    out = []
    for incident in open_now:
        told, failing = incident.told.get(channel.name), _failing(gate, channel, incident)
        found = tuple(_of(gate, incident))
        if failing:
            severity = _worst(failing)
            action: Action = (
                "new" if told is None else "worse" if urgency(severity) > urgency(told.severity) else "update"
            )
            out.append(Message(incident, action, severity, failing))
        elif told is not None and _is_clear(gate, incident):
            out.append(Message(incident, "resolved", told.severity, found))
        elif told is not None and found:
            out.append(Message(incident, "update", told.severity, found))
    return tuple(out)


def passed(gate: Gate, incident: Incident) -> bool:
    """Whether nothing of an incident goes on for anybody, so that it can be forgotten once all know."""
    return not _failing(gate, Channel(""), incident) and _is_clear(gate, incident)


def _message(gate: Gate, channel: Channel, incident: Incident, now: datetime, remind_every: int) -> Message | None:
    told = incident.told.get(channel.name)
    failing = _failing(gate, channel, incident)
    if failing:
        severity = _worst(failing)
        action = _action(severity, told, now, remind_every)
        return Message(incident, action, severity, failing) if action else None
    if told is not None and _is_clear(gate, incident):
        return Message(incident, "resolved", told.severity, tuple(_of(gate, incident)))
    return None


def _action(severity: Severity, told: Told | None, now: datetime, remind_every: int) -> Action | None:
    if told is None:
        return "new"
    if urgency(severity) > urgency(told.severity):
        return "worse"
    # A nightly run is never exactly a day after the last: one that is a little early must not wait for the next.
    slack = min(HOUR, remind_every // 10)
    return "reminder" if now - told.at >= timedelta(seconds=remind_every - slack) else None


def _of(gate: Gate, incident: Incident) -> Iterator[CheckResult]:
    return (r for r in gate.results if (r.kind, r.subject) == incident.key)


def _failing(gate: Gate, channel: Channel, incident: Incident) -> tuple[CheckResult, ...]:
    least = urgency(channel.min_severity)
    return tuple(r for r in _of(gate, incident) if gate.fails(r) and urgency(r.severity) >= least)


def _is_clear(gate: Gate, incident: Incident) -> bool:
    """Whether an incident has passed: it was looked at, and there was data to tell from; or it is gone for good."""
    found = list(_of(gate, incident))
    if not found:
        return gate.whole
    return not any(r.state in ("stale", "no_data") for r in found)


def _worst(results: Iterable[CheckResult]) -> Severity:
    return max((r.severity for r in results), key=urgency)
