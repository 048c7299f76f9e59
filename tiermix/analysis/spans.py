"""Which days a comparison compares: two windows of whole days, whole weeks where there are enough."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

WEEK = 7
AFTER_DAYS, BEFORE_DAYS = 7, 28


@dataclass(frozen=True, slots=True)
class TwoWindows:
    """The days before and after, all included; `onset` when a lasting change chose them."""

    before: tuple[date, date]
    after: tuple[date, date]
    onset: date | None = None


def between(
    begin: date, end: date, first: date, *, after_days: int = AFTER_DAYS, before_days: int = BEFORE_DAYS
) -> TwoWindows | None:
    """The level before `begin` against the level at `end`; None without a whole day before `begin`.

    Args:
        begin: the first day of what is to be explained; the window before ends on the day before it.
        end: the last day of the window after, which begins no earlier than `begin`.
        first: the first whole day with data.
        after_days: the length of the window after, at most.
        before_days: that of the window before, at most; from a week on only whole weeks.
    """
    known = (begin - first).days
    before = min(before_days, known)
    if before >= WEEK:
        before -= before % WEEK
    if before < 1 or end < begin:
        return None
    after = min(after_days, (end - begin).days + 1)
    return TwoWindows(
        (begin - timedelta(days=before), begin - timedelta(days=1)), (end - timedelta(days=after - 1), end)
    )


def default_windows(
    onset: date | None, first: date, last: date, *, after_days: int = AFTER_DAYS, before_days: int = BEFORE_DAYS
) -> TwoWindows | None:
    """The windows of a question that names none; None when there are not two whole days.

    Args:
        onset: the day of the latest lasting change, explained from there to the last day; None for no such day.
        first: the first whole day with data.
        last: the last one.
        after_days: as in `between`.
        before_days: as in `between`.
    """
    if onset is not None and (found := between(onset, last, first, after_days=after_days, before_days=before_days)):
        return TwoWindows(found.before, found.after, onset)
    days = (last - first).days + 1
    after = min(after_days, days // 2)
    if after < 1:
        return None
    begin = last - timedelta(days=after - 1)
    return between(begin, last, first, after_days=after_days, before_days=before_days)
