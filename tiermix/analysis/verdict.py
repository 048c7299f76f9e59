"""What a taken-apart change means: routing or composition, what is more than chance, and which days stand out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from tiermix.analysis.grids import Ints
from tiermix.changes import Dimension, Part, Verdict

ERRORS = 2  # standard errors from which on a part is more than chance
LEAST = 0.05  # points: below, nothing is shown of it at one decimal
_SMALL = 0.2  # of routing and composition together or against each other, the smaller is not named below that part
_MOST, _HALF = 0.7, 0.5  # a segment with that part of the rate effect and less than half of the traffic is named
_FAR = 4.0  # robust standard deviations off the median of a window


def material(points: float, error: float | None) -> bool:
    """Whether a contribution is more than chance and large enough to be seen."""
    return abs(points) >= LEAST and (error is None or abs(points) > ERRORS * error)


def verdict(points: float, error: float | None, dimensions: Sequence[Dimension]) -> tuple[Verdict, str]:
    """What the change is, and the dimension along which the composition moved most; "" when it did not.

    A dimension of which most segments are new tells nothing of composition: all of it would seem to be.
    """
    moved = [d for d in dimensions if d.comparable and material(d.mix, d.mix_error)]
    mover = max(moved, key=lambda d: abs(d.mix), default=None)
    name, mix = (mover.name, mover.mix) if mover else ("", 0.0)
    if not material(points, error):
        return ("masked", name) if mover and material(mover.rate, mover.mix_error) else ("steady", "")
    routing = points - mix
    if routing * mix >= 0:
        part = mix / points
        return ("composition" if part >= 1 - _SMALL else "both" if part >= _SMALL else "routing"), name
    if abs(mix) < _SMALL * abs(routing):
        return "routing", name
    # Where both pull against each other, what matters is whether users who ask the same get something worse.
    hidden = routing < 0 and abs(routing) >= _SMALL * abs(mix)
    return ("masked" if hidden or abs(routing) > abs(mix) else "composition"), name


def concentrated(dimensions: Sequence[Dimension]) -> tuple[Part, float] | None:
    """The segment in which most of the rate effect sits though it carries less than half of the traffic.

    Of several, the one whose part of the effect exceeds its part of the traffic most; its part of the rate effect of
    its dimension comes with it. None where the effect is spread, or may be chance.
    """
    found: list[tuple[float, Part, float]] = []
    for one in dimensions:
        totals = [sum(x) for x in zip(*((p.before.total, p.after.total) for p in one.parts), strict=True)]
        for part in one.parts if abs(one.rate) >= LEAST else ():
            effect = part.rate / one.rate
            traffic = (part.before.total / totals[0] + part.after.total / totals[1]) / 2
            if not part.folded and effect >= _MOST and traffic < _HALF and material(part.rate, part.error):
                found.append((min(effect, 1.0) - traffic, part, effect))
    best = max(found, key=lambda x: x[0], default=None)
    return None if best is None else best[1:]


def unusual(days: Sequence[date], split: int, good: Ints, total: Ints) -> tuple[date, ...]:
    """Days whose share stands more than four robust standard deviations off the median of their window.

    The scale is the median absolute deviation, but no less than chance alone would give (binomial).
    """
    out: list[date] = []
    for part in (slice(None, split), slice(split, None)):
        g, n, names = good[part], total[part], list(days[part])
        held = np.flatnonzero(n > 0)
        if len(held) < 5:
            continue
        share = g[held] / n[held]
        middle = float(np.median(share))
        spread = 1.4826 * float(np.median(np.abs(share - middle)))
        chance = np.sqrt(max(middle * (1 - middle), 1e-4) / n[held])
        out += [names[held[i]] for i in np.flatnonzero(np.abs(share - middle) > _FAR * np.maximum(spread, chance))]
    return tuple(out)
