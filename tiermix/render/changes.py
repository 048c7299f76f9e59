"""What changed and why, as tables and sentences, the same in every rendering."""

from __future__ import annotations

from collections.abc import Iterator

from tiermix.changes import Cause, CausePart, Change, Dimension, History, Owned, Part, Week
from tiermix.model import NO_VALUE
from tiermix.render.tables import BLANK, Column, Table, Value, many, percent, shown

ERRORS = 2  # an interval is so many standard errors to either side
_NAMED = 2  # causes in a sentence
_NAMED_OF_A_WEEK = 3
_COLUMN = 40  # characters that a cell of the terminal holds
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
    return "(orphan)"


def value_name(part: Part) -> str:
    """The segment a row stands for."""
    if part.folded:
        return _other(part.folded)
    return NO_VALUE if part.value is None else part.value


def _other(rows: int) -> str:
    return f"other ({many(rows, 'row')})"


def points(value: float) -> str:
    """`-9.2 points`."""
    return f"{shown(value, 'points')} points"


def margin(error: float | None) -> float | None:
    """Half of a 95% interval."""
    return None if error is None else ERRORS * error


CAUSE_COLUMNS = (
    Column("cause", "reason", "text"),
    Column("switch", "switch", "text"),
    Column("points", "points", "points"),
    Column("margin", "±", "margin"),
    Column("before", "of all\nbefore", "share"),
    Column("after", "of all\nafter", "share"),
    Column("since", "since", "day"),
)


def causes(change: Change) -> Table:
    """The change by cause, largest first; the rows add up to it."""
    n0, n1 = change.before.counts.total, change.after.counts.total
    rows = [
        (
            _other(c.folded) if c.folded else cause_name(c.cause),
            switch_name(c.cause, c.owned),
            c.points,
            margin(c.error),
            c.before / n0,
            c.after / n1,
            c.since,
        )
        for c in change.causes
    ]
    total = ("total", None, change.points, margin(change.error), _bad(change.before.counts.share),
             _bad(change.after.counts.share), None)  # fmt: skip
    return Table("causes", "What took it, and what gave it back", CAUSE_COLUMNS, tuple(rows), total)


def _bad(share: float | None) -> float | None:
    return None if share is None else 1 - share


def dimension(change: Change, one: Dimension) -> Table:
    """The change along one dimension: rate and mix effect of each segment, those inside it below it."""
    rows: list[tuple[Value, ...]] = []
    for part in one.parts:
        rows.append(_part_row(change, part, ""))
        rows += [_part_row(change, inner, "· ") for inner in part.parts]
    return Table(
        name=f"by_{one.name}",
        title=f"By {one.name.replace('_', ' ')}",
        columns=(
            Column("value", one.name.replace("_", " "), "text"),
            Column("total", "points", "points"),
            Column("margin", "±", "margin"),
            Column("rate", "rate", "points"),
            Column("mix", "mix", "points"),
            Column("before", "good\nbefore", "share"),
            Column("after", "good\nafter", "share"),
            Column("traffic_before", "traffic\nbefore", "share"),
            Column("traffic_after", "traffic\nafter", "share"),
        ),
        rows=tuple(rows),
        total=("total", change.points, margin(change.error), one.rate, one.mix, change.before.counts.share,
               change.after.counts.share, 1.0, 1.0),
        footnote="" if one.comparable else "most of the traffic is in segments that only one of the windows knows",
    )  # fmt: skip


def divided(change: Change) -> tuple[Dimension, ...]:
    """The dimensions that divide the traffic at all; one, if none does."""
    return tuple(d for d in change.dimensions if len(d.parts) > 1) or change.dimensions[:1]


def telling(change: Change) -> tuple[Dimension, ...]:
    """The dimension worth showing where there is room for one: along which the composition moved, else the first."""
    named = [d for d in change.dimensions if d.name == change.mover]
    return tuple(named or divided(change)[:1])


def _part_row(change: Change, part: Part, indent: str) -> tuple[Value, ...]:
    n0, n1 = change.before.counts.total, change.after.counts.total
    return (
        indent + value_name(part), part.total, margin(part.error), part.rate, part.mix, part.before.share,
        part.after.share, part.before.total / n0, part.after.total / n1,
    )  # fmt: skip


def parts(change: Change) -> Table:
    """All rows of a change for programs: those of kind `cause` add up to it, and so do those of each dimension."""
    columns = (
        ("kind", "text"), ("dim", "text"), ("value", "text"), ("inner_dim", "text"), ("inner_value", "text"),
        ("switch", "text"), ("owner", "text"), ("points", "points"), ("rate", "points"), ("mix", "points"),
        ("error", "points"), ("before_bad", "count"), ("before_total", "count"), ("after_bad", "count"),
        ("after_total", "count"), ("folded", "count"),
    )  # fmt: skip
    rows: list[tuple[Value, ...]] = [_cause_cells(change, c) for c in change.causes]
    for one in change.dimensions:
        for part in one.parts:
            rows.append(("segment", *_segment_cells(part), None, None, None, None, *_number_cells(part)))
            rows += [
                ("inside", *_segment_cells(part), *_segment_cells(p), None, None, *_number_cells(p)) for p in part.parts
            ]
    return Table("parts", "Parts of the change", tuple(Column(n, n, k) for n, k in columns), tuple(rows))  # type: ignore[arg-type]


def _cause_cells(change: Change, c: CausePart) -> tuple[Value, ...]:
    n0, n1 = change.before.counts.total, change.after.counts.total
    name = _other(c.folded) if c.folded else cause_name(c.cause)
    return (
        "cause", "reason", name, None, None, c.owned.switch or None, c.owned.owner or None, c.points, None, None,
        c.error, c.before, n0, c.after, n1, c.folded,
    )  # fmt: skip


def _segment_cells(part: Part) -> tuple[Value, ...]:
    return part.dim, value_name(part)


def _number_cells(part: Part) -> tuple[Value, ...]:
    return (
        part.total, part.rate, part.mix, part.error, part.before.total - part.before.good, part.before.total,
        part.after.total - part.after.good, part.after.total, part.folded,
    )  # fmt: skip


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
    """What the change is, in plain words: routing or composition, and who took it."""
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


def unusual(change: Change) -> str:
    """The days that stand far off the others, which are counted all the same."""
    days = ", ".join(f"{d}" for d in change.unusual)
    return f"Far off the other days of their window, and counted all the same: {days}." if days else ""


def weeks(history: History) -> Table:
    """The share a row a week, its change, and what took or gave most of it."""
    rows = [
        (f"{w.first}{'*' * w.partial}", w.counts.total, w.counts.share, w.change, _movers(history, w))
        for w in history.weeks
    ]
    return Table(
        name="weeks",
        title="The history by week",
        columns=(
            Column("week", "week from", "text"),
            Column("requests", "requests", "count"),
            Column("share", "good", "share"),
            Column("change", "points", "points"),
            Column("causes", "of which", "text"),
        ),
        rows=tuple(rows),
        footnote="* not a whole week of data" if any(w.partial for w in history.weeks) else "",
    )


def _movers(history: History, week: Week) -> str | None:
    """What moved the share of a week beyond chance, as much of it as fits in a column."""
    named = [
        f"{history.owned[c].switch or cause_name(c)} {shown(week.causes[c], 'points')}"
        for c in week.notable[:_NAMED_OF_A_WEEK]
    ]
    while len(named) > 1 and len(", ".join(named)) > _COLUMN:
        named.pop()
    return ", ".join(named) or None


def week_causes(history: History) -> Table:
    """A row a week and cause for programs; the points of a week add up to its change."""
    rows: list[tuple[Value, ...]] = []
    for w in history.weeks:
        head: tuple[Value, ...] = (w.first, w.counts.good, w.counts.total, w.counts.share, w.change)
        for cause, moved in sorted(w.causes.items(), key=lambda x: (-abs(x[1]), cause_name(x[0]))):
            owned = history.owned[cause]
            rows.append((*head, cause_name(cause), owned.switch or None, owned.owner or None, moved))
        if not w.causes:
            rows.append((*head, None, None, None, None))
    columns = (
        Column("week", "week", "day"), Column("good", "good", "count"), Column("total", "total", "count"),
        Column("share", "share", "share"), Column("change", "change", "points"), Column("cause", "cause", "text"),
        Column("switch", "switch", "text"), Column("owner", "owner", "text"), Column("points", "points", "points"),
    )  # fmt: skip
    return Table("weeks", "The history by week and cause", columns, tuple(rows))


def spells(history: History) -> Table:
    """Since when each cause takes a part, and how much; those that are over too."""
    blame = sum(s.points for s in history.lasting)
    return Table(
        name="spells",
        title="Who took how much, since when",
        columns=(
            Column("cause", "reason", "text"),
            Column("switch", "switch", "text"),
            Column("owner", "owner", "text"),
            Column("since", "since", "day"),
            Column("until", "until", "day"),
            Column("points", "points", "points"),
            Column("blame", "of what\nlasts", "share"),
        ),
        rows=tuple(
            (
                cause_name(s.cause), switch_name(s.cause, s.owned), s.owned.owner or None, s.since, s.until, s.points,
                s.points / blame if s.until is None else None,
            )
            for s in history.spells
        ),
    )  # fmt: skip


def story(history: History) -> str:
    """The whole slide in one sentence."""
    held = [w for w in history.weeks if w.counts.total]
    first, last = held[0], held[-1]
    moved = 100 * ((last.counts.share or 0.0) - (first.counts.share or 0.0))
    lasting = sorted(history.lasting, key=lambda s: s.points)
    named = "; ".join(f"{_who(s.cause, s.owned)} since {s.since}" for s in lasting[:4])
    what = f"What lasts: {named}." if named else "No reason takes a lasting part."
    return (
        f"{history.slo}: {percent(first.counts.share or 0.0)} in the week from {first.first}, "
        f"{percent(last.counts.share or 0.0)} in that from {last.first}, {points(moved)}. {what}"
    )
