"""The change of a share taken apart into rate and mix effects: exact, symmetric, nothing left over.

With w a segment's part of the traffic, r the good share inside it, bars for averages of the two windows and
ref = (S0 + S1) / 2,

    S1 - S0 = sum of wbar (r1 - r0)   (rate)   +   sum of (w1 - w0) (rbar - ref)   (mix).

Kitagawa (1955), the Shapley value of {rate, mix}: it splits the interaction in halves, so there is no residual and no
base to choose; ref only makes each segment's mix effect readable and cancels in the sum. A segment that one window
lacks has no rate there: its whole effect is mix.

All functions take arrays whose last axis runs over segments; axes before it are free (redrawn samples).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Quad:
    """Good and total requests of segments in the windows 0 (before) and 1 (after), four arrays of one shape."""

    good0: NDArray[Any]
    total0: NDArray[Any]
    good1: NDArray[Any]
    total1: NDArray[Any]

    @property
    def whole(self) -> Quad:
        """The sums over all segments; the last axis stays, with length one."""
        return Quad(*(x.sum(axis=-1, keepdims=True) for x in (self.good0, self.total0, self.good1, self.total1)))

    def at(self, index: Any) -> Quad:
        """The segments at these positions of the last axis."""
        return Quad(*(x[..., index] for x in (self.good0, self.total0, self.good1, self.total1)))


def _ratio(part: NDArray[Any], whole: NDArray[Any]) -> Floats:
    """The part of the whole, 0 where there is nothing."""
    shape = np.broadcast_shapes(part.shape, whole.shape)
    out: Floats = np.divide(part, whole, out=np.zeros(shape), where=np.broadcast_to(whole, shape) > 0)
    return out


def effects(part: Quad, whole: Quad) -> tuple[Floats, Floats]:
    """Rate and mix effect of every segment, as shares of 1.

    Args:
        part: the segments, perhaps only some of them.
        whole: the sums over all segments, with a last axis of length one.
    """
    w0, w1, r0, r1, ref = terms(part, whole)
    return (w0 + w1) / 2 * (r1 - r0), (w1 - w0) * ((r0 + r1) / 2 - ref)


def terms(part: Quad, whole: Quad) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """w0, w1, r0, r1 and ref of the segments; a share that one window lacks is that of the other."""
    w0, w1 = _ratio(part.total0, whole.total0), _ratio(part.total1, whole.total1)
    r0, r1 = _ratio(part.good0, part.total0), _ratio(part.good1, part.total1)
    r0, r1 = np.where(part.total0 > 0, r0, r1), np.where(part.total1 > 0, r1, r0)
    return w0, w1, r0, r1, (_ratio(whole.good0, whole.total0) + _ratio(whole.good1, whole.total1)) / 2


def weights(part: Quad, whole: Quad) -> Floats:
    """The part of the traffic of every segment, averaged over both windows; 0 where a window lacks the segment."""
    mean = (_ratio(part.total0, whole.total0) + _ratio(part.total1, whole.total1)) / 2
    return np.where((part.total0 > 0) & (part.total1 > 0), mean, 0.0)


def nested(part: Quad, outer: Quad, whole: Quad) -> tuple[Floats, Floats]:
    """Rate and mix effect of the segments inside one segment, as shares of the whole: together its rate effect.

    Args:
        part: the segments inside.
        outer: their sums, with a last axis of length one.
        whole: the sums over everything.
    """
    rate, mix = effects(part, outer)
    weight = weights(outer, whole)
    return weight * rate, weight * mix


def lost(bad0: NDArray[Any], total0: NDArray[Any], bad1: NDArray[Any], total1: NDArray[Any]) -> Floats:
    """What each cause adds to the change of the share: the causes partition the bad requests, so the sum is exact."""
    return _ratio(bad0, total0) - _ratio(bad1, total1)
