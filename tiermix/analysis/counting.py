"""Standard errors from counts alone: what chance does to a change when every request falls by itself.

No change is known better than that, however alike the days look. Shares inside a window are taken half a request off 0
and 1, so that a window of few requests does not seem certain. To the first order (delta method), as shares of 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiermix.analysis.decompose import Floats, Quad, terms, weights


def _variance(part: NDArray[Any], whole: NDArray[Any]) -> Floats:
    """The variance of a share; 0 where there is nothing to have one."""
    p = (part + 0.5) / (whole + 1)
    return np.where(whole > 0, p * (1 - p) / np.maximum(whole, 1), 0.0)


def of_lost(bad0: NDArray[Any], total0: NDArray[Any], bad1: NDArray[Any], total1: NDArray[Any]) -> Floats:
    """The standard error of what each cause adds to the change, from the arguments of `decompose.lost`."""
    return np.sqrt(_variance(bad0, total0) + _variance(bad1, total1))


def of_effects(part: Quad, whole: Quad) -> tuple[Floats, Floats]:
    """Standard errors of rate, mix and their sum: of each segment (segments x 3), and of the sum over them (3).

    Args:
        part: the segments, perhaps only some of them.
        whole: the sums over all segments, with a last axis of length one.
    """
    w0, w1, r0, r1, ref = terms(part, whole)
    rate = weights(part, whole) ** 2 * (_variance(part.good0, part.total0) + _variance(part.good1, part.total1))
    pull = (r0 + r1) / 2 - ref
    mix, mixes = np.zeros_like(pull), 0.0
    for w, n in ((w0, whole.total0), (w1, whole.total1)):
        mix += pull**2 * w * (1 - w) / np.maximum(n, 1)
        mixes += float((w * pull**2).sum() - (w * pull).sum() ** 2) / max(1, int(n[0]))
    rates, mixes = float(rate.sum()), max(0.0, mixes)
    each = np.stack([rate, mix, rate + mix], axis=-1)
    return np.sqrt(each), np.sqrt(np.array([rates, mixes, rates + mixes]))
