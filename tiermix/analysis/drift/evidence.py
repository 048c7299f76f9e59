"""How strongly the days up to a night speak for a change that began 3 to 91 days ago: a mixture e-detector.

The null is a constant level with AR(1) noise. The alternatives are a step or a ramp (a straight slide) downwards from
each onset. Every alternative is weighed against the null by its Bayes factor, with the level, the scale of the noise
and its correlation integrated out, and the factors of all onsets are summed as Shiryaev and Roberts do: with a correct
null model the sum grows by one a night on average, so that a night on which it reaches A comes once in A nights at most
(Shin, Ramdas and Rinaldo, E-detectors, 2023; Pollak 1985). Templates and the prior on their size were chosen by
simulation (benchmarks/drift.py), the same for everybody.
"""

from __future__ import annotations

import math

import numpy as np

from tiermix.analysis.drift.cleaning import Cleaned
from tiermix.analysis.drift.series import DAYS, RECENT, Floats, Ints

FARTHEST = 91  # an onset longer ago is history, and not news
NEAREST = 3
_BEFORE = 8  # known days that must lie before an onset
_CLIP = 4.0  # standard deviations beyond which a day says no more
_WORST = 2  # of the recent days, as many of the worst count no more than the next: an outage of two days is no drift
_STEP, _RAMP = 1.2, 0.2  # prior size, in standard deviations: at once, and a day
_STEP_WEIGHT = 0.6
_PRIOR_DAYS = 3.0  # what the scale of the noise is believed from the start, in days
_PHI = np.array([0.1, 0.25, 0.4, 0.55, 0.7])
_PHI_WEIGHT = np.array([0.08, 0.16, 0.30, 0.26, 0.20])

_erfc = np.frompyfunc(math.erfc, 1, 1)


def standardised(cleaned: Cleaned, start: Ints) -> Floats:
    """Distance of each day from the level in its standard deviations; NaN before the column `start` of each night."""
    z = (cleaned.logit - cleaned.level[:, None]) / cleaned.sd
    return np.where(np.arange(DAYS) < start[:, None], np.nan, z)


def tempered(z: Floats) -> Floats:
    """The worst two of the last seven known days raised to the third worst.

    So an outage that is still going on, or has just ended, is no drift before its third day.
    """
    tail = z[:, -2 * RECENT :]
    order = np.cumsum(~np.isnan(tail[:, ::-1]), axis=1)[:, ::-1]
    last = ~np.isnan(tail) & (order <= RECENT)
    worst = np.sort(np.where(last, tail, np.nan), axis=1)[:, _WORST]
    with np.errstate(invalid="ignore"):
        raised = np.where(last & (tail < worst[:, None]), worst[:, None], tail)
    return np.concatenate([z[:, : -2 * RECENT], raised], axis=1)


def evidence(z: Floats, cleaned: Cleaned) -> Floats:
    """The summed Bayes factors of a drop that began NEAREST to FARTHEST days ago, for each night.

    Args:
        z: (nights, DAYS), standardised days; mirror it to ask for a rise.
        cleaned: where it comes from.

    Returns:
        (nights,), natural logarithms; minus infinity where nothing can be told.
    """
    w = _Whitened(z, cleaned)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        step, ramp = w.factors()
        likely = w.log_likelihood + np.log(_PHI_WEIGHT)
        posterior = np.exp(likely - likely.max(axis=1, keepdims=True))
        posterior /= posterior.sum(axis=1, keepdims=True)
        asked = w.onset[:, None, -FARTHEST:] & (np.arange(FARTHEST, 0, -1) >= NEAREST)
        parts = (_STEP_WEIGHT * step, (1 - _STEP_WEIGHT) * ramp)
        total = np.log(sum(np.nansum(posterior[:, :, None] * asked * part, axis=(1, 2)) for part in parts))
    return np.where(cleaned.known & (w.count > _BEFORE), total, -np.inf)


class _Whitened:
    """Days without their correlation: (nights, phi, DAYS) arrays in which a missing day is 0."""

    def __init__(self, z: Floats, cleaned: Cleaned) -> None:
        known = ~np.isnan(z)
        self.count = known.sum(axis=1)
        self.onset = known & (np.cumsum(known, axis=1) > _BEFORE)
        column = np.arange(DAYS)
        latest = np.maximum.accumulate(np.where(known, column, -1), axis=1)
        before = np.concatenate([np.full((len(z), 1), -1), latest[:, :-1]], axis=1)
        gap = column - before
        first = before < 0
        x = np.where(known, np.clip(z, -_CLIP, _CLIP), 0.0)
        weight = np.where(known, cleaned.usual[:, None] / cleaned.sd, 0.0)
        earlier = np.maximum(before, 0)
        x0, weight0 = (np.where(first, 0.0, np.take_along_axis(a, earlier, axis=1)) for a in (x, weight))
        rho = np.where(first[:, None], 0.0, _correlation(cleaned.correlated)[:, :, None] ** gap[:, None])
        mask = known[:, None]
        self.q = np.where(mask, np.sqrt(1 - rho**2), 1.0)
        self.e = np.where(mask, (x[:, None] - rho * x0[:, None]) / self.q, 0.0)
        self.u = np.where(mask, (weight[:, None] - rho * weight0[:, None]) / self.q, 0.0)
        age, age0 = column - DAYS, before - DAYS
        slope = weight[:, None] * age - rho * (weight0 * age0)[:, None]
        self.v = np.where(mask, slope / self.q, 0.0)
        self.first = weight[:, None] / self.q  # of a template on the day of its onset, when the day before has none
        self.dof = (self.count - 1 + _PRIOR_DAYS)[:, None]
        self.uu, self.ue = (self.u**2).sum(axis=2), (self.u * self.e).sum(axis=2)
        with np.errstate(divide="ignore", invalid="ignore"):
            self.rss = (self.e**2).sum(axis=2) - self.ue**2 / self.uu
            determinant = np.log(self.q).sum(axis=2)
            self.log_likelihood = -determinant - 0.5 * np.log(self.uu) - 0.5 * self.dof * np.log(self.rss)

    def factors(self) -> tuple[Floats, Floats]:
        """The Bayes factors of a step and of a ramp that begin on each of the last FARTHEST days."""
        e, u, v, s = (a[..., -FARTHEST:] for a in (self.e, self.u, self.v, self.first))
        eu, uu, ev, uv, vv = map(_later, (e * u, u**2, e * v, u * v, v**2))
        step = self._factor(eu + e * s, uu + s**2, uu + u * s, _STEP)
        shift = 1.0 + np.arange(FARTHEST, 0, -1)  # a ramp is 1 on the day of its onset
        score = ev + shift * eu + e * s
        size = vv + 2 * shift * uv + shift**2 * uu + s**2
        overlap = uv + shift * uu + u * s
        return step, self._factor(score, size, overlap, _RAMP)

    def _factor(self, score: Floats, size: Floats, overlap: Floats, prior: float) -> Floats:
        """Bayes factor of a half-normal size below 0, level projected out, scale integrated out (Student's t)."""
        ue, uu, rss = self.ue[..., None], self.uu[..., None], self.rss[..., None]
        dof = self.dof[..., None]
        n, d = -(score - overlap * ue / uu), size - overlap**2 / uu
        k = prior**2 / (1 + prior**2 * d)
        explained = np.minimum(k * n**2 / rss, 1 - 1e-6)
        t = np.sqrt(k) * n / np.sqrt(rss * (1 - explained) / dof)
        tail = np.asarray(_erfc(np.where(n > 0, -t * math.sqrt(0.5), 40.0)), dtype=float)
        return np.asarray(np.exp(np.minimum(-0.5 * dof * np.log1p(-explained), 300)) * tail / np.sqrt(1 + prior**2 * d))


def _correlation(correlated: Floats) -> Floats:
    """Lag-1 correlation of a whole day for each phi of the noise that is correlated: same variance of a long mean."""
    inflation = 1 + 2 * correlated[:, None] * _PHI / (1 - _PHI)
    return np.asarray((inflation - 1) / (inflation + 1))


def _later(values: Floats) -> Floats:
    """Sums over the days after each day."""
    backwards = np.cumsum(values[..., ::-1], axis=-1)[..., ::-1]
    return backwards - values
