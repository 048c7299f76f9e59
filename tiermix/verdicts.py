"""What the checks found, and what people are told of it: results, the gate over them, incidents, messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from tiermix.errors import ExitCode
from tiermix.model import Frame, Severity

State = Literal["ok", "breached", "stale", "no_data"]
Action = Literal["new", "worse", "reminder", "update", "resolved"]
Evidence = Mapping[str, str | int | float | bool | None]

SEVERITIES: tuple[Severity, ...] = ("ticket", "page")  # the less urgent first


def urgency(severity: Severity) -> int:
    """How urgent a severity is; higher is more."""
    return SEVERITIES.index(severity)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check found.

    Attributes:
        name: what was checked: `target`, `page 1h/5m`; unique for a subject, and the same every night.
        subject: on what: the name of an SLO, a switch, `store`.
        state: ok, breached, stale (the data is too old to tell) or no_data (there is none to tell from).
        sentence: the finding with its numbers, without the subject and without a full stop.
        evidence: the numbers of the sentence by name, for programs.
        owner: who answers for the subject; empty when nobody is named.
        severity: how urgent it is when it is not ok.
        look: the command that shows more; empty for none.
        runbook: address of what to do about it; empty for none.
        kind: the kind of check; the gate fills it in.
    """

    name: str
    subject: str
    state: State
    sentence: str
    evidence: Evidence = field(default_factory=dict)
    owner: str = ""
    severity: Severity = "ticket"
    look: str = ""
    runbook: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Gate:
    """All results at one moment. Not green is whatever is not ok, a check without data included.

    Attributes:
        frame: when, and what to be careful about.
        results: what the checks found, in the order of their kinds.
        allow_no_data: a check without data does not fail the gate; stale data does all the same.
        whole: every kind and every subject was checked, so what is missing from the results is gone.
    """

    frame: Frame
    results: tuple[CheckResult, ...]
    allow_no_data: bool = False
    whole: bool = True

    def fails(self, result: CheckResult) -> bool:
        """Whether this result alone keeps the gate from being green."""
        return result.state != "ok" and not (result.state == "no_data" and self.allow_no_data)

    @property
    def ok(self) -> bool:
        """Nothing is breached, stale or, unless that is allowed, without data."""
        return not any(self.fails(r) for r in self.results)

    def count(self, state: State) -> int:
        """Results in that state."""
        return sum(r.state == state for r in self.results)

    @property
    def exit_code(self) -> ExitCode:
        """1 for a breach, even when other checks have no data: a gap must not hide it. 3 for stale or missing data."""
        if self.count("breached"):
            return ExitCode.BREACHED
        return ExitCode.OK if self.ok else ExitCode.DATA


@dataclass(frozen=True, slots=True)
class Told:
    """What a channel was last told of an incident.

    Attributes:
        severity: the incident's, when it was told.
        at: when.
        labels: those under which Alertmanager holds it; empty for other channels.
    """

    severity: Severity
    at: datetime
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Incident:
    """All that is wrong with one subject, since it was first found.

    Attributes:
        kind, subject: which; together they are its name.
        started: the moment for which it was first found.
        told: what each channel knows of it, by the channel's name.
    """

    kind: str
    subject: str
    started: datetime
    told: Mapping[str, Told] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        """Its name."""
        return self.kind, self.subject


@dataclass(frozen=True, slots=True)
class Message:
    """What one channel is to be told of one incident.

    Attributes:
        incident: which.
        action: new, worse (it was told as less urgent), reminder, resolved, or, for Alertmanager alone, update.
        severity: how urgent it is now; for a resolved one, how it was told last.
        results: what is wrong; for a resolved one, what was found instead, nothing when it is no longer checked.
    """

    incident: Incident
    action: Action
    severity: Severity
    results: tuple[CheckResult, ...]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of the messages that a channel got together.

    Attributes:
        channel: the channel's name.
        messages: what it was told.
        title, body: the words, or the request to an Alertmanager.
        sent: the channel took it.
        fault: why it did not; empty when it did, or was not asked.
    """

    channel: str
    messages: tuple[Message, ...]
    title: str
    body: str
    sent: bool
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run of notify did.

    Attributes:
        deliveries: one for every message or digest.
        open: incidents that are open now.
        dry: nothing was sent.
    """

    deliveries: tuple[Delivery, ...]
    open: int
    dry: bool = False
