"""Why the good share changed: two windows of whole days compared, or the whole history by week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from tiermix import dailies, drift
from tiermix.analysis import spans
from tiermix.answers import Desk, good_tiers, no_requests
from tiermix.changes import Cause, Change, History
from tiermix.config.settings import Slo
from tiermix.errors import NoData, UsageError
from tiermix.model import Frame, Note
from tiermix.timewin import Day, Window, split_days, start_of_day

if TYPE_CHECKING:
    from tiermix.analysis.cells import Cell

# What composition is: what users ask for and who they are, and the model that was asked for.
DIMENSIONS = ("intent", "traffic_class", "tenant", "feature", dailies.MODEL)
KNOWN = (*DIMENSIONS, "user")
_ALIASES = {"model": dailies.MODEL, "class": "traffic_class"}
_EXPLAINED = 5  # causes with examples


@dataclass(frozen=True, slots=True)
class Explained:
    """An answer to what changed between two windows, and why."""

    frame: Frame
    change: Change


@dataclass(frozen=True, slots=True)
class EachWeek:
    """The history of the share by week."""

    frame: Frame
    history: History


@dataclass(frozen=True, slots=True)
class Question:
    """What `explain` is asked.

    Attributes:
        begin, end: the days between which the change is explained, both included; None for the usual ones.
        after_days, before_days: the lengths of the two windows, at most.
        by: dimensions, each alone or one inside another.
        fold: whether rows within two standard errors are folded into one.
    """

    begin: date | None = None
    end: date | None = None
    after_days: int = spans.AFTER_DAYS
    before_days: int = spans.BEFORE_DAYS
    by: tuple[tuple[str, ...], ...] = tuple((d,) for d in DIMENSIONS)
    fold: bool = True


def parse_by(texts: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """The dimensions of `--by`: `intent`, or `intent,tenant` for tenants inside intents.

    Raises:
        UsageError: there is no such dimension, or more than two stand inside each other.
    """
    out = []
    for text in texts:
        dims = tuple(_ALIASES.get(d.strip(), d.strip()) for d in text.split(","))
        for dim in dims:
            if dim not in KNOWN:
                raise UsageError(f"cannot explain by {dim!r}", where="--by", hint=f"known: {', '.join(KNOWN)}")
        if len(dims) > 2 or len(set(dims)) < len(dims):
            raise UsageError(f"{text!r} is not one dimension, or another inside it", where="--by", hint="intent,tenant")
        out.append(dims)
    return tuple(dict.fromkeys(out)) or Question().by


def explain(desk: Desk, slo: Slo, question: Question | None = None) -> Explained:
    """Why the good share of an SLO changed between two windows.

    Raises:
        NoData: there are no two whole days to compare, or one of the windows holds no request.
        UsageError: the days that were asked for contradict each other or the data.
    """
    from tiermix.analysis.change import Ask, change

    asked = question or Question()
    known = dailies.whole_days(desk)
    told = _history(desk, slo, known)
    onset = latest_onset(told, known[0].day if known else None, _drifting_since(desk, slo, asked))
    windows = _windows(asked, known, onset)
    days, split = _days_of(desk, windows)
    notes = _warnings(slo, asked, windows)
    tables = {dims: dailies.cells(desk, slo, days, dims) for dims in asked.by}
    _check_halves(desk, slo, next(iter(tables.values())), split, days)
    since = {s.cause: s.since for s in told.lasting}
    ask = Ask([d.day for d in days], split, asked.fold)
    made = change(
        slo.name,
        good_tiers(slo, desk.tiering),
        ask,
        tables,
        dailies.register(desk.config),
        onset=windows.onset,
        since=since,
    )
    frame = desk.frame(Window(days[0].start, days[-1].end))
    made = _with_examples(desk, slo, made, next(iter(tables.values())), split)
    return Explained(replace(frame, warnings=(*frame.warnings, *notes)), made)


def each_week(desk: Desk, slo: Slo, window: Window | None = None) -> EachWeek:
    """The history of the good share of an SLO by week, over all whole days or those of a window.

    What takes a lasting part is found on all days up to the end of the window.

    Raises:
        NoData: there is no whole day with a request.
    """
    known = dailies.whole_days(desk)
    days = known if window is None else tuple(d for d in known if d.end <= window.end)
    shown = 0 if window is None else sum(d.start < window.start for d in days)
    if not days[shown:]:
        raise NoData("no whole day of data lies there", hint="--days and --since choose more of them")
    told = _history(desk, slo, days, shown)
    first, last = days[shown], days[-1]
    if not any(w.counts.total for w in told.weeks):
        raise no_requests(desk, f"of {slo.name} between {first.day} and {last.day}")
    return EachWeek(desk.frame(Window(first.start, last.end)), told)


def latest_onset(told: History, first: date | None, drifting: date | None = None) -> date | None:
    """The latest day since which something lasts, a week or more after the first day; None when there is none.

    Either a cause takes requests since then, or the share itself drifts (`drifting`), as it does without any cause when
    other requests come.
    """
    if first is None:
        return None
    days = [*(s.since for s in told.lasting), *([drifting] if drifting else [])]
    return max((day for day in days if (day - first).days >= spans.WEEK), default=None)


def _drifting_since(desk: Desk, slo: Slo, asked: Question) -> date | None:
    if asked.begin is not None or asked.end is not None:
        return None  # the windows are given
    told = drift.drift_even_if_empty(desk, [slo], history=False).series[0]
    return told.onset.day if told.onset is not None and not told.ok else None


def _windows(asked: Question, known: Sequence[Day], onset: date | None) -> spans.TwoWindows:
    """The windows to compare.

    Raises:
        NoData, UsageError: there is nothing to compare, or not there.
    """
    if not known:
        raise NoData("there is no whole day of data yet", hint="explain compares whole days")
    first, last = known[0].day, known[-1].day
    lengths = {"after_days": asked.after_days, "before_days": asked.before_days}
    if asked.begin is None and asked.end is None:
        made = spans.default_windows(onset, first, last, **lengths)
        if made is None:
            raise NoData("one whole day of data cannot be compared", hint="explain compares whole days")
        return made
    end = asked.end or last
    begin = asked.begin or end - timedelta(days=asked.after_days - 1)
    if end > last:
        raise UsageError(f"the last whole day of data is {last}", where="--to", hint=f"--to {last}")
    if begin > end:
        raise UsageError(f"{begin} lies after {end}", where="--from")
    made = spans.between(begin, end, first, **lengths)
    if made is None:
        hint = f"the first whole day of data is {first}: --from {first + timedelta(days=1)} or later"
        raise UsageError(f"there is no whole day of data before {begin}", where="--from", hint=hint)
    return made


def _days_of(desk: Desk, windows: spans.TwoWindows) -> tuple[tuple[Day, ...], int]:
    """The days of both windows, and how many are before."""
    out: list[Day] = []
    split = 0
    for first, last in (windows.before, windows.after):
        split = len(out)
        end = start_of_day(last + timedelta(days=1), desk.zone)
        out += split_days(Window(start_of_day(first, desk.zone), end), desk.zone)
    return tuple(out), split


def _warnings(slo: Slo, asked: Question, windows: spans.TwoWindows) -> list[Note]:
    out = []
    for name, (first, last) in (("before", windows.before), ("after", windows.after)):
        if ((last - first).days + 1) % spans.WEEK:
            many = (last - first).days + 1
            held = f"{many} day{'s' * (many > 1)}"
            text = f"the window {name} holds {held}, no whole weeks: its weekly rhythm is part of the change"
            out.append(Note("no_whole_weeks", text))
    raw = [",".join(dims) for dims in asked.by if not dailies.rolled(slo, dims)]
    if raw:
        which = " and ".join(raw)
        text = f"by {which}: counted from single requests, which takes longer and lacks days whose requests were pruned"
        out.append(Note("single_requests", text))
    return out


def _check_halves(desk: Desk, slo: Slo, cells: Sequence[Cell], split: int, days: Sequence[Day]) -> None:
    halves = {c.day >= split for c in cells}
    for late, part in ((False, days[:split]), (True, days[split:])):
        if late not in halves:
            match = " match the filter" if slo.where else ""
            raise no_requests(desk, f"from {part[0].day} to {part[-1].day}{match}")


def _history(desk: Desk, slo: Slo, days: Sequence[Day], shown: int = 0) -> History:
    from tiermix.analysis.weeks import history

    cells = dailies.cells(desk, slo, days, ()) if days else []
    tiers, owned = good_tiers(slo, desk.tiering), dailies.register(desk.config)
    return history(slo.name, tiers, [d.day for d in days], cells, owned, shown=shown)


def _with_examples(desk: Desk, slo: Slo, made: Change, cells: Sequence[Cell], split: int) -> Change:
    """Ids of requests for the causes that took most, from the last hour in which they took any."""
    latest: dict[Cause, int] = {}
    for c in cells:
        if c.cause is not None and c.day >= split:
            latest[c.cause] = max(latest.get(c.cause, 0), c.latest)
    rows = []
    for n, row in enumerate(made.causes):
        if n < _EXPLAINED and row.cause in latest:
            row = replace(row, examples=dailies.examples(desk, slo, row.cause, latest[row.cause]))
        rows.append(row)
    return replace(made, causes=tuple(rows))
