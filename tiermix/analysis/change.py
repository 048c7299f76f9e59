"""The change between two windows as an answer: parts by cause and by segment, the small ones folded into one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import fsum

import numpy as np

from tiermix.analysis import counting
from tiermix.analysis.cells import Cell
from tiermix.analysis.decompose import Floats, Quad, effects, lost, nested, weights
from tiermix.analysis.grids import Grid, bad_by_cause, grid
from tiermix.analysis.redraw import Redrawn
from tiermix.analysis.verdict import concentrated, material, unusual, verdict
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
    error = _share_error(whole, drawn)
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
        place=None if word in ("steady", "composition") else concentrated(dimensions),
    )


def share_change(q: Quad) -> Floats:
    """The change of the good share of each segment of which both windows have requests."""
    return lost(q.total0 - q.good0, q.total0, q.total1 - q.good1, q.total1)


def _share_error(whole: Grid[str | None], drawn: Redrawn) -> float | None:
    """One standard error of the change in points."""
    spread = drawn.errors(1, lambda s: share_change(drawn.sums(whole, s))[..., None])
    q = whole.quad
    least = counting.of_lost(q.total0 - q.good0, q.total0, q.total1 - q.good1, q.total1)
    return None if spread is None else 100 * max(float(spread[1][0]), float(least[0]))


def _span(days: Sequence[date], whole: Grid[str | None], part: slice) -> Span:
    good, total = whole.good[part, 0], whole.total[part, 0]
    return Span(days[0], days[-1], int((total > 0).sum()), Counted(int(good.sum()), int(total.sum())))


def _causes(
    ask: Ask, cells: Sequence[Cell], whole: Grid[str | None], drawn: Redrawn, owned: Callable[[Cause], Owned],
    since: Mapping[Cause, date],
) -> tuple[CausePart, ...]:  # fmt: skip
    took = bad_by_cause(cells, len(ask.days), ask.split)
    part, sums = took.quad, whole.quad

    def redrawn(s: slice | list[int]) -> Floats:
        some, every = drawn.sums(took, s), drawn.sums(whole)
        return lost(some.total0, every.total0, some.total1, every.total1)[..., None]

    points = 100 * lost(part.total0, sums.total0, part.total1, sums.total1)
    spread = drawn.errors(len(took.keys), redrawn)
    least = counting.of_lost(part.total0, sums.total0, part.total1, sums.total1)
    rows = [
        CausePart(
            cause=c,
            owned=owned(c),
            points=float(points[i]),
            error=None if spread is None else 100 * max(float(spread[0][i, 0]), float(least[i])),
            before=int(part.total0[i]),
            after=int(part.total1[i]),
            since=since.get(c),
        )
        for i, c in enumerate(took.keys)
    ]
    order = sorted(range(len(rows)), key=lambda i: -abs(rows[i].points))
    large = [i for i in order if not ask.fold or material(rows[i].points, rows[i].error)]
    large = large[: SHOWN if ask.fold else None]
    listed = set(large)
    rest = [i for i in order if i not in listed]
    if len(rest) < 2:
        return tuple(rows[i] for i in (*large, *rest))
    one = part.at(rest).whole
    error = drawn.error_of_sum(rest, redrawn)
    floor = counting.of_lost(one.total0, sums.total0, one.total1, sums.total1)
    together = None if error is None else 100 * max(float(error[0]), float(floor[0]))
    return (*(rows[i] for i in large), _one_cause([rows[i] for i in rest], together))


def _one_cause(rows: Sequence[CausePart], error: float | None) -> CausePart:
    """Small rows as one."""
    return CausePart(
        cause=None,
        owned=Owned(),
        points=fsum(r.points for r in rows),
        error=error,
        before=sum(r.before for r in rows),
        after=sum(r.after for r in rows),
        folded=len(rows),
    )


def _dimension(ask: Ask, dims: Dims, cells: Sequence[Cell], everything: Grid[str | None], drawn: Redrawn) -> Dimension:
    made = ask.grid(cells, lambda c: c.values[0])
    part, whole = made.quad, made.quad.whole

    def redrawn(s: slice | list[int]) -> Floats:
        return _three(*effects(drawn.sums(made, s), drawn.sums(everything)))

    rate, mix = effects(part, whole)
    spread = _no_less(drawn.errors(len(made.keys), redrawn), counting.of_effects(part, whole))
    rows, rest = _sorted_out(ask, dims[0], made.keys, part, rate, mix, spread)
    folded = _fold_error(drawn.error_of_sum(rest, redrawn), counting.of_effects(part.at(rest), whole)[1])
    other = _one_part(dims[0], part, rate, mix, rest, folded)
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
        parts=(*rows, *other),
    )


def _no_less(
    spread: tuple[Floats, Floats] | None, least: tuple[Floats, Floats], weight: float = 1.0
) -> tuple[Floats, Floats] | None:
    """Redrawn errors, but none below what the counts alone make."""
    if spread is None:
        return None
    return np.maximum(spread[0], weight * least[0]), np.maximum(spread[1], weight * least[1])


def _fold_error(redrawn: Floats | None, least: Floats, weight: float = 1.0) -> float | None:
    """The error of the rate and mix of several rows together, in points."""
    return None if redrawn is None else 100 * max(float(redrawn[2]), weight * float(least[2]))


def _three(rate: Floats, mix: Floats) -> Floats:
    return np.stack([rate, mix, rate + mix], axis=-1)


def _inside(
    ask: Ask, dim: str, cells: Sequence[Cell], everything: Grid[str | None], drawn: Redrawn
) -> tuple[Part, ...]:
    """The rate effect of one segment by a second dimension."""
    made, outer = ask.grid(cells, lambda c: c.values[1]), ask.grid(cells)

    def redrawn(s: slice | list[int]) -> Floats:
        return _three(*nested(drawn.sums(made, s), drawn.sums(outer), drawn.sums(everything)))

    part, whole = made.quad, outer.quad
    weight = float(weights(whole, everything.quad)[0])
    rate, mix = nested(part, whole, everything.quad)
    spread = _no_less(drawn.errors(len(made.keys), redrawn), counting.of_effects(part, whole), weight)
    rows, rest = _sorted_out(ask, dim, made.keys, part, rate, mix, spread)
    folded = _fold_error(drawn.error_of_sum(rest, redrawn), counting.of_effects(part.at(rest), whole)[1], weight)
    return (*rows, *_one_part(dim, part, rate, mix, rest, folded))


def _sorted_out(
    ask: Ask, dim: str, keys: Sequence[str | None], q: Quad, rate: Floats, mix: Floats,
    spread: tuple[Floats, Floats] | None,
) -> tuple[list[Part], list[int]]:  # fmt: skip
    """The rows to show, largest first, and the places of those whose effects and their sum may all be chance."""
    noise = None if spread is None else 100 * spread[0]
    rows, notable = [], []
    for i, key in enumerate(keys):
        three = (100 * float(rate[i]), 100 * float(mix[i]), 100 * float(rate[i] + mix[i]))
        errors = [None] * 3 if noise is None else [float(x) for x in noise[i]]
        rows.append(Part(dim, key, three[0], three[1], errors[2], *_counted(q.at(i))))
        notable.append(not ask.fold or any(material(x, e) for x, e in zip(three, errors, strict=True)))
    order = sorted(range(len(rows)), key=lambda i: (-abs(rows[i].total), -rows[i].after.total))
    shown = [i for i in order if notable[i]][: SHOWN if ask.fold else None]
    if len(shown) == len(rows) - 1:
        shown = order  # a single row is better shown by its name
    listed = set(shown)
    return [rows[i] for i in shown], [i for i in order if i not in listed]


def _counted(one: Quad) -> tuple[Counted, Counted]:
    return Counted(int(one.good0), int(one.total0)), Counted(int(one.good1), int(one.total1))


def _one_part(dim: str, q: Quad, rate: Floats, mix: Floats, rest: list[int], error: float | None) -> list[Part]:
    """Small rows as one; none when there are none."""
    if not rest:
        return []
    rates, mixes = (100 * fsum(float(x[i]) for i in rest) for x in (rate, mix))
    return [Part(dim, None, rates, mixes, error, *_counted(q.at(rest).whole.at(0)), folded=len(rest))]


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
