"""One run of notify: who is told what, sent, and remembered message by message.

A message is remembered only after its channel took it, each in a transaction of its own and with the store closed while
it is sent. So a crash at any moment sends a message again rather than never, and nobody waits for a slow channel.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from tiermix.config.reader import nearest
from tiermix.config.settings import Channel, Config
from tiermix.errors import StoreBusy, StoreError, TiermixError, UsageError
from tiermix.notify import alertmanager, memory, plan, wire
from tiermix.render import message as wording
from tiermix.store import Store
from tiermix.verdicts import SEVERITIES, Delivery, Gate, Incident, Message, Outcome, urgency

Writer = Callable[[float], AbstractContextManager[Store]]

_PATIENCE = 30.0  # seconds to wait for the store at least, once a message is out: what is not remembered is sent again


@dataclass(frozen=True, slots=True)
class Run:
    """What a run of notify starts from.

    Attributes:
        gate: what was found.
        config: the channels, and how they are told.
        known: the incidents that were open before.
        now: the clock.
        moment: the moment that the run answers for: that which was asked for, else the clock.
        write: opens the store for writing, after waiting for it for so many seconds at least.
    """

    gate: Gate
    config: Config
    known: Sequence[Incident]
    now: datetime
    moment: datetime
    write: Writer


def tell(run: Run, *, only: Sequence[str] = (), dry: bool = False) -> tuple[Outcome, tuple[TiermixError, ...]]:
    """Tells all channels, or those in `only`, what is new to them; returns what was done, and what failed.

    A channel that fails gets the rest of its messages in the next run, and keeps no other from being told.

    Raises:
        UsageError: see `check_ready`.
        StoreBusy: somebody else holds the store; nothing was sent.
    """
    check_ready(run, only, dry=dry)
    open_now = plan.incidents(run.gate, run.known, min(run.gate.frame.as_of, run.moment))
    faults: list[TiermixError] = []
    if not dry and (fresh := open_now[len(run.known) :]):
        faults += _try_writing(run, lambda store: memory.enter(store, fresh), first=True)
    deliveries: list[Delivery] = []
    for channel in chosen(run.config, only):
        done, failed = _tell_channel(run, channel, open_now, dry)
        deliveries += done
        faults += failed
    over = [i for i in open_now if plan.passed(run.gate, i)]
    if over and not dry:
        names = [c.name for c in run.config.channels]
        faults += _try_writing(run, lambda store: memory.close(store, over, names))
    return Outcome(tuple(deliveries), len(open_now) - len(over), dry), tuple(faults)


def check_ready(run: Run, only: Sequence[str] = (), *, dry: bool = False) -> None:
    """Whether the run can begin.

    Raises:
        UsageError: there is no channel, or none of that name; or the moment lies before what was told already: such a
            run would take back what later ones have said.
    """
    chosen(run.config, only)
    latest = max((t for i in run.known for t in (i.started, *(x.at for x in i.told.values()))), default=None)
    if not dry and latest is not None and run.moment < min(latest, run.now):
        raise UsageError(
            f"channels were told of {latest:%Y-%m-%d %H:%M} UTC already, which is later",
            where="--as-of",
            hint="leave it out, or see with --dry-run what would be sent",
        )


def chosen(config: Config, only: Sequence[str]) -> tuple[Channel, ...]:
    """The channels of those names, or all of them.

    Raises:
        UsageError: there is no channel, or none of that name.
    """
    by_name = {c.name: c for c in config.channels}
    if not by_name:
        hint = 'write [[notify.channel]] name = "chat", url_env = "TIERMIX_NOTIFY_CHAT" into tiermix.toml'
        raise UsageError("no channel is configured, so nobody can be told", where=config.path, hint=hint)
    for name in only:
        if name not in by_name:
            raise UsageError(f"there is no channel {name!r}", where="--channel", hint=nearest(name, by_name))
    return tuple(by_name[n] for n in dict.fromkeys(only)) if only else config.channels


def _try_writing(run: Run, work: Callable[[Store], None], *, first: bool = False) -> list[TiermixError]:
    """Remembers something. A store that cannot be written to keeps nobody from being told, except when it is busy.

    For a busy store asks to be tried again, and would ring a pager with every try.
    """
    try:
        with run.write(0.0 if first else _PATIENCE) as store:
            work(store)
    except StoreError as fault:
        if first and isinstance(fault, StoreBusy):
            raise
        return [fault]
    return []


def _tell_channel(
    run: Run, channel: Channel, open_now: Sequence[Incident], dry: bool
) -> tuple[list[Delivery], list[TiermixError]]:
    done: list[Delivery] = []
    faults: list[TiermixError] = []
    down = ""
    for parcel in _parcels(run, channel, open_now):
        fault = None if dry or down else _send(run, channel, parcel)
        sent = not (dry or down or fault)
        faults += [fault] if fault else []
        faults += _try_writing(run, partial(_remember, run, channel, parcel)) if sent else []
        done.append(
            Delivery(channel.name, parcel.messages, parcel.title, parcel.body, sent, fault.message if fault else down)
        )
        down = "not tried, since the message before it failed" if fault else down
    return done, faults


@dataclass(frozen=True, slots=True)
class _Parcel:
    messages: tuple[Message, ...]
    title: str
    body: str
    incident: str


def _parcels(run: Run, channel: Channel, open_now: Sequence[Incident]) -> Iterator[_Parcel]:
    """What is sent at once: a message an incident, one digest of all, or one request to an Alertmanager."""
    as_of = run.gate.frame.as_of
    if channel.kind == "alertmanager":
        if standing := plan.standing(run.gate, channel, open_now):
            alerts = alertmanager.alerts(standing, channel, run.now, as_of)
            yield _Parcel(standing, f"POST {alertmanager.PATH}", json.dumps(alerts, indent=2), "")
        return
    listed = plan.messages(run.gate, channel, open_now, run.moment, run.config.notify.remind_every)
    if channel.digest and len(listed) > 1:
        yield _Parcel(listed, wording.digest_title(listed), wording.digest_body(listed, as_of), "digest")
        return
    for m in listed:
        yield _Parcel((m,), wording.title(m), wording.body(m, as_of), "/".join(m.incident.key))


def _send(run: Run, channel: Channel, parcel: _Parcel) -> TiermixError | None:
    how = run.config.notify
    if channel.kind == "alertmanager":
        return wire.post_alerts(channel, how, parcel.body.encode(), alertmanager.PATH)
    going = [m for m in parcel.messages if m.action != "resolved"]
    severity = max((m.severity for m in going), key=urgency, default=SEVERITIES[0])
    return wire.send(
        channel, how, title=parcel.title, body=parcel.body, severity=severity, resolved=not going,
        incident=parcel.incident,
    )  # fmt: skip


def _remember(run: Run, channel: Channel, parcel: _Parcel, store: Store) -> None:
    labelled = [(m, alertmanager.labels(m, channel) if channel.kind == "alertmanager" else {}) for m in parcel.messages]
    memory.record(store, channel, labelled, run.moment)
