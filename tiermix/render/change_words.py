"""What changed and why, in sentences, the same in every rendering."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tiermix.model import NO_VALUE, Frame
from tiermix.render.tables import BLANK, many, percent, shown

if TYPE_CHECKING:
    from tiermix.changes import Cause, Change, Dimension, History, Owned, Part

NO_SWITCH = "no switch declared"
ERRORS = 2  # an interval is so many standard errors to either side
_NAMED = 2  # causes in a sentence
_NAMED_OF_ALL = 4  # in that of a whole history
_ALMOST = 0.9  # of a change: almost all of it
_FLAT = 0.25  # a range of shares that is hardly seen on a scale from 0 to 1
_WORTH = 0.05  # points: less reads as 0.0


def cause_name(cause: Cause | None) -> str:
    """A cause as people read it."""
    if cause is None:
        return BLANK
    return cause.reason if cause.reason is not None else f"(no reason) {cause.tier}"


def switch_name(cause: Cause | None, owned: Owned) -> str | None:
    """The switch of a cause; None where there is no reason that one could claim."""
    if owned.switch or cause is None or cause.reason is None:
        return owned.switch or None
    return NO_SWITCH


def value_name(part: Part) -> str:
    """The segment a row stands for."""
    if part.folded:
        return other_name(part.folded)
    return NO_VALUE if part.value is None else part.value


def other_name(rows: int) -> str:
    """The name of a row that stands for several."""
    return f"other ({many(rows, 'row')})"


def points(value: float) -> str:
    """`-9.2 points`."""
    return f"{shown(value, 'points')} points"


def margin(error: float | None) -> float | None:
    """Half of a 95% interval."""
    return None if error is None else ERRORS * error


def spoken(frame: Frame) -> Frame:
    """The frame with the warnings that people need: how a number was read changes nothing that they see."""
    return replace(frame, warnings=tuple(n for n in frame.warnings if n.code != "single_requests"))


def headline(change: Change) -> str:
    """The share before and after, and the change with its interval."""
    before, after = (percent(s.counts.share or 0.0) for s in (change.before, change.after))
    half = margin(change.error)
    interval = "" if half is None else (
        f" (95% interval {shown(change.points - half, 'points')} to {shown(change.points + half, 'points')})"
    )  # fmt: skip
    return f"{change.slo}: {before} → {after}, {points(change.points)}{interval}"


def compared(change: Change, zone: str) -> str:
    """Which days are compared."""
    spans = (
        f"{s.first} to {s.last} ({many((s.last - s.first).days + 1, 'day')})" for s in (change.before, change.after)
    )
    since = f", from before the lasting change of {change.onset}" if change.onset else ""
    return f"{' → '.join(spans)}, days in {zone}{since}"


def sentence(change: Change) -> str:
    """What the change is, in plain words: routing or composition, who took it, and whom alone it hit."""
    place = where(change)
    return f"{_what(change)} {place}" if place else _what(change)


def where(change: Change) -> str:
    """The segment that most of the change sits in; nothing when it is spread."""
    if change.place is None:
        return ""
    part, effect = change.place
    much = "Almost all" if effect >= _ALMOST else "Most"
    what = "it" if change.verdict == "routing" else "what routing did"
    before, after = (percent(c.share or 0.0) for c in (part.before, part.after))
    return f"{much} of {what} is at {part.dim.replace('_', ' ')} {value_name(part)} ({before} → {after})."


def _what(change: Change) -> str:
    if change.verdict == "steady":
        return "Nothing changed beyond what days differ by anyway."
    worse = "worse" if change.points < 0 else "better"
    moved = next((d for d in change.dimensions if d.name == change.mover), None)
    if change.verdict == "routing" or moved is None:
        return f"Routing got {worse}, not the composition of the traffic: {_takers(change)}."
    by = moved.name.replace("_", " ")
    if change.verdict == "composition":
        inside = _inside(moved, f"{by}s" if by != "traffic class" else "traffic classes")
        return f"Composition, not routing, got {worse}: {_shift(moved)}, {points(moved.mix)}; {inside}."
    routing, shift = change.points - moved.mix, _shift(moved)
    if change.verdict == "both":
        both = f"{points(routing)} from routing ({_takers(change)})"
        return f"Routing and composition got {worse}: {both}, {points(moved.mix)} from the traffic by {by} ({shift})."
    state = "worse" if routing < 0 else "better"
    found = f"Routing got {state}, {points(routing)} ({_takers(change, routing)})"
    return f"{found}, and the traffic by {by} hides it: {shift}, {points(moved.mix)}."


def _takers(change: Change, moved: float | None = None) -> str:
    """The causes that moved the share most in the direction of the change."""
    loss = (change.points if moved is None else moved) < 0
    took = [c for c in change.causes if c.cause and (c.points < 0) == loss and abs(c.points) >= _WORTH][:_NAMED]
    if not took:
        return "no single reason stands out"
    verb = "took" if loss else "gave back"
    return f"{' and '.join(f'{_who(c.cause, c.owned)} {verb} {abs(c.points):.1f}' for c in took)} points"


def _who(cause: Cause | None, owned: Owned) -> str:
    return f"{owned.switch or cause_name(cause)}{f' ({owned.owner})' if owned.owner else ''}"


def _shift(moved: Dimension) -> str:
    """The segment whose traffic moved the share most."""
    part = max(moved.parts, key=lambda p: abs(p.mix))
    n0, n1 = (sum(x) for x in zip(*((p.before.total, p.after.total) for p in moved.parts), strict=True))
    w0, w1 = part.before.total / n0, part.after.total / n1
    return f"{value_name(part)} went from {percent(w0)} to {percent(w1)} of the traffic"


def _inside(moved: Dimension, plural: str) -> str:
    if abs(moved.rate) < _WORTH:
        return f"within {plural} nothing changed"
    return f"within {plural} the share {'fell' if moved.rate < 0 else 'rose'} by {abs(moved.rate):.1f} points"


def evidence(change: Change) -> Iterator[str]:
    """Ids of requests that the main causes took."""
    for c in change.causes:
        if c.examples:
            yield f"{cause_name(c.cause)}: {', '.join(c.examples)}"


def scale(shares: Sequence[float | None]) -> tuple[float, float]:
    """The lowest and highest value of a small picture of shares: 0 and 1, unless a slide would be flat on that."""
    known = [s for s in shares if s is not None]
    low, high = min(known, default=0.0), max(known, default=1.0)
    return (low, high) if 0 < high - low < _FLAT else (0.0, 1.0)


def unusual(change: Change) -> str:
    """The days that stand far off the others, which are counted all the same."""
    days = ", ".join(f"{d}" for d in change.unusual)
    return f"Far off the other days of their window, and counted all the same: {days}." if days else ""


def story(history: History) -> str:
    """The whole slide in one sentence."""
    held = [w for w in history.weeks if w.counts.total]
    first, last = held[0], held[-1]
    moved = 100 * ((last.counts.share or 0.0) - (first.counts.share or 0.0))
    lasting = sorted(history.lasting, key=lambda s: s.points)
    named = "; ".join(f"{_who(s.cause, s.owned)} since {s.since}" for s in lasting[:_NAMED_OF_ALL])
    what = f"What lasts: {named}." if named else "No reason takes a lasting part."
    return (
        f"{history.slo}: {percent(first.counts.share or 0.0)} in the week from {first.first}, "
        f"{percent(last.counts.share or 0.0)} in that from {last.first}, {points(moved)}. {what}"
    )
