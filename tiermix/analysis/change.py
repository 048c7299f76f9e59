"""The change between two windows as an answer: parts by cause and by segment, the small ones folded into one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import fsum, sqrt

import numpy as np

from tiermix.analysis.cells import Cell
from tiermix.analysis.decompose import Floats, Quad, effects, lost, nested, weights
from tiermix.analysis.grids import Grid, bad_by_cause, grid
from tiermix.analysis.redraw import Redrawn
from tiermix.analysis.verdict import material, unusual, verdict
from tiermix.changes import Cause, CausePart, Change, Counted, Dimension, Owned, Part, Span

SHOWN = 12  # rows of a table that are not folded, at most
Dims = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """What is compared.

    Attributes:
        days: the calendar days of both windows in order; cells index them.
        split: how many of them are before.
        fold: whether rows within two standard errors are folded into one.
    """

    days: Sequence[date]
    split: int
    fold: bool = True

    def grid(self, cells: Iterable[Cell], key: Callable[[Cell], str | None] = lambda c: None) -> Grid[str | None]:
        """The cells by day and key."""
        return grid(cells, len(self.days), self.split, key)


def change(
    slo: str,
    good_tiers: tuple[str, ...],
    ask: Ask,
    tables: Mapping[Dims, Sequence[Cell]],
    owned: Callable[[Cause], Owned],
    *,
    onset: date | None = None,
    since: Mapping[Cause, date] | None = None,
) -> Change:
    """Takes the change between two windows apart.

    Args:
        slo: whose share.
        good_tiers: the tiers that count as good.
        ask: the windows.
        tables: the same requests counted by one dimension, or by one inside another; at least one table.
        owned: the switch of a cause.
        onset: the lasting change that chose the windows, if one did.
        since: when causes began to take a lasting part.
    """
    first = next(iter(tables.values()))
    whole = ask.grid(first)
    drawn = Redrawn(whole.total[:, 0], ask.split)
    spread = drawn.errors(1, lambda s: share_change(drawn.sums(whole, s))[..., None])
    error = None if spread is None else 100 * float(spread[1][0])
    dimensions = tuple(_dimension(ask, dims, cells, whole, drawn) for dims, cells in tables.items())
    word, mover = verdict(100 * float(share_change(whole.quad)[0]), error, dimensions)
    n = ask.split
    return Change(
        slo=slo,
        good_tiers=good_tiers,
        before=_span(ask.days[:n], whole, slice(None, n)),
        after=_span(ask.days[n:], whole, slice(n, None)),
        onset=onset,
        error=error,
        causes=_causes(ask, first, whole, drawn, owned, since or {}),
        dimensions=dimensions,
        verdict=word,
        mover=mover,
        unusual=unusual(ask.days, n, whole.good[:, 0], whole.total[:, 0]),
    )


def share_change(q: Quad) -> Floats:
    """The change of the good share of each segment of which both windows have requests."""
    return lost(q.total0 - q.good0, q.total0, q.total1 - q.good1, q.total1)


def _span(days: Sequence[date], whole: Grid[str | None], part: slice) -> Span:
    good, total = whole.good[part, 0], whole.total[part, 0]
    return Span(days[0], days[-1], int((total > 0).sum()), Counted(int(good.sum()), int(total.sum())))


def _causes(
    ask: Ask, cells: Sequence[Cell], whole: Grid[str | None], drawn: Redrawn, owned: Callable[[Cause], Owned],
    since: Mapping[Cause, date],
) -> tuple[CausePart, ...]:  # fmt: skip
    took = bad_by_cause(cells, len(ask.days), ask.split)
    part, sums = took.quad, whole.quad

    def redrawn(s: slice) -> Floats:
        some, every = drawn.sums(took, s), drawn.sums(whole)
        return lost(some.total0, every.total0, some.total1, every.total1)[..., None]

    points = 100 * lost(part.total0, sums.total0, part.total1, sums.total1)
    spread = drawn.errors(len(took.keys), redrawn)
    rows = [
        CausePart(
            cause=c,
            owned=owned(c),
            points=float(points[i]),
            error=None if spread is None else 100 * float(spread[0][i, 0]),
            before=int(part.total0[i]),
            after=int(part.total1[i]),
            since=since.get(c),
        )
        for i, c in enumerate(took.keys)
    ]
    rows.sort(key=lambda r: -abs(r.points))
    large = [r for r in rows if material(r.points, r.error)][:SHOWN] if ask.fold else rows
    return (*large, *_one_cause([r for r in rows if r not in large]))


def _one_cause(rows: Sequence[CausePart]) -> list[CausePart]:
    """Small rows as one; a single one is better shown by its name."""
    if len(rows) < 2:
        return list(rows)
    return [
        CausePart(
            cause=None,
            owned=Owned(),
            points=fsum(r.points for r in rows),
            error=_together([r.error for r in rows]),
            before=sum(r.before for r in rows),
            after=sum(r.after for r in rows),
            folded=len(rows),
        )
    ]


def _together(errors: Sequence[float | None]) -> float | None:
    """The standard error of a sum of parts that are taken as independent."""
    known = [e for e in errors if e is not None]
    return sqrt(fsum(e * e for e in known)) if known else None


def _dimension(ask: Ask, dims: Dims, cells: Sequence[Cell], everything: Grid[str | None], drawn: Redrawn) -> Dimension:
    made = ask.grid(cells, lambda c: c.values[0])
    part, whole = made.quad, made.quad.whole

    def redrawn(s: slice) -> Floats:
        return _three(*effects(drawn.sums(made, s), drawn.sums(everything)))

    rate, mix = effects(part, whole)
    spread = drawn.errors(len(made.keys), redrawn)
    rows, rest = _sorted_out(ask, dims[0], made.keys, part, rate, mix, spread)
    inside: dict[Hashable, list[Cell]] = defaultdict(list)
    for c in cells:
        inside[c.values[0]].append(c)
    rows = [_with_causes(ask, r, inside[r.value], whole) for r in rows]
    if len(dims) > 1:
        rows = [replace(r, parts=_inside(ask, dims[1], inside[r.value], everything, drawn)) for r in rows]
    both = (part.total0 > 0) & (part.total1 > 0)
    known = [float(x[both].sum() / x.sum()) for x in (part.total0, part.total1)]
    return Dimension(
        name=dims[0],
        rate=100 * fsum(rate),
        mix=100 * fsum(mix),
        mix_error=None if spread is None else 100 * float(spread[1][1]),
        comparable=min(known) >= 0.5,
        parts=(*rows, *_one_part(rest)),
    )


def _three(rate: Floats, mix: Floats) -> Floats:
    return np.stack([rate, mix, rate + mix], axis=-1)


def _inside(
    ask: Ask, dim: str, cells: Sequence[Cell], everything: Grid[str | None], drawn: Redrawn
) -> tuple[Part, ...]:
    """The rate effect of one segment by a second dimension."""
    made, outer = ask.grid(cells, lambda c: c.values[1]), ask.grid(cells)

    def redrawn(s: slice) -> Floats:
        return _three(*nested(drawn.sums(made, s), drawn.sums(outer), drawn.sums(everything)))

    rate, mix = nested(made.quad, outer.quad, everything.quad)
    spread = drawn.errors(len(made.keys), redrawn)
    rows, rest = _sorted_out(ask, dim, made.keys, made.quad, rate, mix, spread)
    return (*rows, *_one_part(rest))


def _sorted_out(
    ask: Ask, dim: str, keys: Sequence[str | None], q: Quad, rate: Floats, mix: Floats,
    spread: tuple[Floats, Floats] | None,
) -> tuple[list[Part], list[Part]]:  # fmt: skip
    """The rows to show, largest first, and those to fold: of which neither effect nor their sum is more than chance."""
    noise = None if spread is None else 100 * spread[0]
    rows, notable = [], []
    for i, key in enumerate(keys):
        three = (100 * float(rate[i]), 100 * float(mix[i]), 100 * float(rate[i] + mix[i]))
        errors = [None] * 3 if noise is None else [float(x) for x in noise[i]]
        before, after = Counted(int(q.good0[i]), int(q.total0[i])), Counted(int(q.good1[i]), int(q.total1[i]))
        rows.append(Part(dim, key, three[0], three[1], errors[2], before, after))
        notable.append(not ask.fold or any(material(x, e) for x, e in zip(three, errors, strict=True)))
    order = sorted(range(len(rows)), key=lambda i: (-abs(rows[i].total), -rows[i].after.total))
    shown = [i for i in order if notable[i]][: SHOWN if ask.fold else None]
    if len(shown) == len(rows) - 1:
        shown = order  # a single row is better shown by its name
    listed = set(shown)
    return [rows[i] for i in shown], [rows[i] for i in order if i not in listed]


def _one_part(rows: Sequence[Part]) -> list[Part]:
    """Small rows as one."""
    if not rows:
        return []
    return [
        Part(
            dim=rows[0].dim,
            value=None,
            rate=fsum(r.rate for r in rows),
            mix=fsum(r.mix for r in rows),
            error=_together([r.error for r in rows]),
            before=Counted(sum(r.before.good for r in rows), sum(r.before.total for r in rows)),
            after=Counted(sum(r.after.good for r in rows), sum(r.after.total for r in rows)),
            folded=len(rows),
        )
    ]


def _with_causes(ask: Ask, row: Part, cells: Iterable[Cell], whole: Quad) -> Part:
    """The row with its rate effect by cause: minus the weight times the change of each cause's share inside."""
    if not row.before.total or not row.after.total:
        return row
    one = Quad(*(np.array([x]) for x in (row.before.good, row.before.total, row.after.good, row.after.total)))
    weight = float(weights(one, whole)[0])
    halves: tuple[Counter[Cause], Counter[Cause]] = (Counter(), Counter())
    for c in cells:
        if c.cause is not None:
            halves[c.day >= ask.split][c.cause] += c.requests
    causes = {*halves[0], *halves[1]}
    points = {c: 100 * weight * (halves[0][c] / row.before.total - halves[1][c] / row.after.total) for c in causes}
    ordered = sorted(points.items(), key=lambda x: (-abs(x[1]), x[0].reason or "", x[0].tier))
    return replace(row, causes=tuple(ordered))
