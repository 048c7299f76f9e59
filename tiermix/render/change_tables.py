"""What changed and why, as tables of raw values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tiermix.render.change_words import cause_name, margin, other_name, switch_name, value_name
from tiermix.render.tables import Column, Table, Value, shown

if TYPE_CHECKING:
    from tiermix.changes import CausePart, Change, Dimension, History, Part, Week

_NAMED_OF_A_WEEK = 3
_COLUMN = 40  # characters that a cell of the terminal holds

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
            other_name(c.folded) if c.folded else cause_name(c.cause),
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
    """The dimensions that divide the traffic, with a row that says more than the total; one of one segment, if none."""
    telling = [d for d in change.dimensions if len(d.parts) > 1]
    return tuple(telling or [d for d in change.dimensions[:1] if not d.parts[0].folded])


def told(change: Change, dimensions: Sequence[Dimension]) -> list[Table]:
    """The tables of a change: by cause, and by these dimensions; none of which a single row stands for all."""
    by_cause = [] if len(change.causes) == 1 and change.causes[0].folded else [causes(change)]
    return [*by_cause, *(dimension(change, d) for d in dimensions)]


def telling(change: Change) -> tuple[Dimension, ...]:
    """Those worth showing where there is little room: of the composition that moved, and of a slide's place."""
    named = {change.mover, change.place[0].dim if change.place else ""}
    return tuple(d for d in change.dimensions if d.name in named) or divided(change)[:1]


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
    name = other_name(c.folded) if c.folded else cause_name(c.cause)
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
