"""Is the data new enough to tell anything?"""

from __future__ import annotations

from datetime import datetime

from tiermix.answers import Desk
from tiermix.render import words
from tiermix.timewin import MINUTE, epoch_us, from_epoch_us, rfc3339
from tiermix.verdicts import CheckResult, State

_MINUTE_US = MINUTE * 1_000_000


def check(desk: Desk) -> tuple[CheckResult, ...]:
    """Whether the newest request is younger than `freshness`, seen from now or from the moment asked for."""
    limit = desk.config.freshness
    seen_from = desk.asked_as_of or desk.now
    end = _data_end(desk)
    seconds = None if end is None else max(0.0, (seen_from - end).total_seconds())
    state: State = "no_data" if seconds is None else "stale" if seconds > limit else "ok"
    return (
        CheckResult(
            name="freshness",
            subject="store",
            state=state,
            sentence=words.freshness_sentence(seconds, limit),
            evidence={
                "age_s": seconds,
                "freshness_s": limit,
                "complete_through": None if end is None else rfc3339(end),
            },
            owner=desk.config.owner,
            look="tiermix status",
        ),
    )


def _data_end(desk: Desk) -> datetime | None:
    """The end of the last minute with a request, up to the moment asked for."""
    if desk.asked_as_of is None:
        return desk.extent[1] if desk.extent else None
    last = desk.store.ask("trust/extent", {"latest": epoch_us(desk.asked_as_of) // _MINUTE_US - 1})[0][2]
    return None if last is None else from_epoch_us((last + 1) * _MINUTE_US)
