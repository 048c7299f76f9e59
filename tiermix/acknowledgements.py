"""Levels that were accepted by hand: what the drift meter starts anew from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from tiermix.store import Store
from tiermix.timewin import epoch_us, from_epoch_us

FIRST_SCHEMA = 5  # the store's schema that has the table; a reader may meet an older one


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """That the level of an SLO from a day on is meant to be so, why, and when that was said."""

    slo: str
    day: date
    reason: str
    entered: datetime


def load(store: Store) -> tuple[Acknowledgement, ...]:
    """All acknowledgements, the oldest day first; none in a store that knows none yet."""
    if store.version < FIRST_SCHEMA:
        return ()
    return tuple(
        Acknowledgement(slo, day, reason, from_epoch_us(entered))
        for slo, day, reason, entered in store.ask("drift/acknowledged")
    )


def enter(store: Store, acknowledgement: Acknowledgement) -> None:
    """Keeps an acknowledgement, in place of one of the same day."""
    a = acknowledgement
    with store.transaction():
        store.ask("drift/forget", {"slo": a.slo, "day": a.day})
        store.ask(
            "drift/acknowledge", {"slo": a.slo, "day": a.day, "reason": a.reason, "entered_us": epoch_us(a.entered)}
        )


def forget(store: Store, slo: str, day: date) -> bool:
    """Takes an acknowledgement back; false when there is none of that day."""
    with store.transaction():
        return bool(store.ask("drift/forget", {"slo": slo, "day": day}))
