"""When a change began, how fast it goes, and when it breaks a promise: from what one night knows.

All of it is linear in the share and not on the logit scale: a slide that loses as many requests every week bends there,
and its extrapolation would halve the time that is left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tiermix.analysis.drift.cleaning import Cleaned, clean, share_of
from tiermix.analysis.drift.evidence import FARTHEST
from tiermix.analysis.drift.meter import Side
from tiermix.analysis.drift.series import DAYS, Floats, Ints, Series

REDATE = 7  # nights after the alarm in which more days make a better date; later a straight slide bends on the logit
_BEFORE = 8  # known days that must lie before an onset
_CLIP = 3.0  # standard deviations beyond which a day pulls no more
_PHI = 0.45  # lag-1 correlation of the noise that is correlated
_SUDDEN = 0.55  # how probable a step is before anything is seen: demotions are switched on more often than they creep
_DRAWS = 400
_SPEED_DAYS = 42  # a slide is as fast as it was in the last weeks, not as in months
_LEAST_SPEED_DAYS = 14  # of a step, before it has a speed
_BEFORE_DAYS = 28  # before the onset of a young slide, for the level that it bends away from
_LEAST_FITTED = 5


Ahead = tuple[float | None, float | None, float | None]


@dataclass(frozen=True, slots=True)
class Dating:
    """When a change began, as a posterior.

    Attributes:
        onset: index of the most credible first day of the change.
        low, high: the central 80% of the posterior, indices of days.
        gradual: a slide rather than a step.
        certainty: probability of the shape that `gradual` names.
        onsets: all onsets of that shape that are credible at all, with their weights.
    """

    onset: int
    low: int
    high: int
    gradual: bool
    certainty: float
    onsets: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast a share moves and when it leaves a target, each as its 10%, 50% and 90% point.

    Attributes:
        points_per_week: negative when it falls; None for a step that is too young to have a speed.
        days_left: days until the level crosses the target, 0 when it has; None stands for never at this speed.
    """

    points_per_week: tuple[float, float, float] | None
    days_left: Ahead


def date(series: Series, night: int, side: Side, start: int = 0, fired: int | None = None) -> Dating | None:
    """Dates a change as the night of an index knows it; None when there are too few days around it.

    Every onset of the last 91 days is fitted with a step and with a straight slide of the share, each with a level of
    its own, and weighed by its profile likelihood: days vary on the logit scale by over-dispersion, correlated from day
    to day, and by counting, whose part depends on the share that is fitted. (The evidence of a night must hold this
    part fixed; for a share near 100% that dates a fast slide days too early.)

    Args:
        series: daily counts.
        night: index of the day.
        side: a drop or a rise.
        start: the first day that tells of the level.
        fired: index of the day of the alarm, which no onset can follow; None for the night's own.
    """
    days = _Days.of(series, night, start)
    candidates = np.arange(_BEFORE, len(days.age))
    least = 1 if fired is None else night + 1 - fired
    candidates = candidates[(days.age[candidates] <= FARTHEST) & (days.age[candidates] >= least)]
    if not len(candidates):
        return None
    since = np.maximum(days.age[candidates][:, None] - days.age[None] + 1.0, 0.0)
    sign = -1.0 if side == "down" else 1.0
    likely = np.stack([
        _likelihood(days, np.minimum(since, 1.0), sign) + np.log(_SUDDEN),
        _likelihood(days, since, sign) + np.log(1 - _SUDDEN),
    ])  # fmt: skip
    weight = np.exp(likely - likely.max())
    weight /= weight.sum()
    both = weight.sum(axis=0)
    gradual = bool(weight[1].sum() >= weight[0].sum())
    first = night + 1 - days.age[candidates]  # ascending
    onset = int(_quantile(first, both, 0.5) if gradual else first[np.argmax(weight[0])])
    low, high = _quantile(first, both, 0.1), _quantile(first, both, 0.9)
    shape = weight[int(gradual)]
    onsets = tuple((int(d), float(w)) for d, w in zip(first, shape, strict=True) if w > 1e-3 * shape.max())
    return Dating(onset, min(low, onset), max(high, onset), gradual, float(shape.sum()), onsets)


@dataclass(frozen=True, slots=True)
class _Days:
    """The known days that one night looks at, oldest first; `age` is 1 for the night's own."""

    age: Ints
    logit: Floats
    total: Floats
    level: float
    spread: float  # variance on the logit scale that is no counting noise
    correlated: float

    @classmethod
    def of(cls, series: Series, night: int, start: int) -> _Days:
        at = np.array([night])
        cleaned = clean(series, at, start)
        total = series.windows(at)[1][0]
        known = np.flatnonzero(~np.isnan(cleaned.logit[0]) & (night - DAYS + 1 + np.arange(DAYS) >= start))
        spread = float(cleaned.correlated[0] * cleaned.usual[0] ** 2)
        level = float(share_of(cleaned.level[0]))
        return cls(DAYS - known, cleaned.logit[0][known], total[known], level, spread, float(cleaned.correlated[0]))


def _likelihood(days: _Days, shape: Floats, sign: float) -> Floats:
    """Log-likelihood of each row of `shape` with level and size fitted to it, outliers drawn in."""
    share = share_of(days.logit)
    fitted = np.full(shape.shape, days.level)
    pull = np.ones(shape.shape)
    for _ in range(3):
        p = np.clip(fitted, 1e-4, 1 - 1e-4)
        weight = 1 / ((days.spread + 1 / (days.total * p * (1 - p))) * (p * (1 - p)) ** 2)
        fitted = _fit(shape, share, weight * pull, sign)
        pull = np.minimum(1, _CLIP / np.maximum(np.abs(share - fitted) * np.sqrt(weight), 1e-9))
    p = np.clip(fitted, 1e-4, 1 - 1e-4)
    variance = days.spread + 1 / (days.total * p * (1 - p))
    z = np.clip((days.logit - np.log(p / (1 - p))) / np.sqrt(variance), -_CLIP, _CLIP)
    rho = np.where(np.diff(days.age, prepend=days.age[0]) == -1, _PHI * days.correlated, 0.0)
    before = np.concatenate([np.zeros((len(z), 1)), z[:, :-1]], axis=1)
    apart = (z - rho * before) / np.sqrt(1 - rho**2)
    return np.asarray(-0.5 * ((apart**2).sum(axis=1) + np.log(variance).sum(axis=1)))


def _fit(shape: Floats, share: Floats, weight: Floats, sign: float) -> Floats:
    """Weighted least squares of level + size x shape for each row, the size of the given sign."""
    total, first, second = (np.sum(weight * shape**k, axis=1) for k in range(3))
    level, moment = np.sum(weight * share, axis=1), np.sum(weight * shape * share, axis=1)
    size = (total * moment - first * level) / np.maximum(total * second - first**2, 1e-12)
    size = sign * np.maximum(sign * size, 1e-6)
    return np.asarray(((level - size * first) / total)[:, None] + size[:, None] * shape)


def _quantile(values: Ints, weights: Floats, q: float) -> int:
    return int(values[min(np.searchsorted(np.cumsum(weights), q * weights.sum()), len(values) - 1)])


def speed(series: Series, night: int, dating: Dating, target: float, seed: int = 0) -> Speed:
    """How fast the share has moved lately, and when it crosses the target if it goes on.

    By weighted least squares in share: of a young slide, the bend at each onset that is credible, and the level before
    it; of an older change, a straight line through its last weeks. A step of a few days has no speed yet, only a level.
    Outages are drawn to three standard deviations, and the covariance is that of independent days times
    (1 + phi) / (1 - phi), the long-run variance of AR(1).

    Args:
        series: daily counts.
        night: index of the day.
        dating: of the change.
        target: the share that was promised, a fraction.
        seed: of the draws.
    """
    share, sd = _shares(clean(series, np.array([night])))
    since = night - dating.onset + 1
    if not dating.gradual and since < _LEAST_SPEED_DAYS:
        return Speed(None, _still(share[-since:], target))
    rng = np.random.default_rng(seed)
    bent = dating.onsets if dating.gradual and since < _SPEED_DAYS else ()
    if bent:
        weights = np.array([w for _, w in bent])
        counts = rng.multinomial(_DRAWS, weights / weights.sum())
        drawn = [
            _bend(share, sd, night - day + 1, n, rng) for (day, _), n in zip(bent, counts.tolist(), strict=True) if n
        ]
    else:
        drawn = [_straight(share, sd, _SPEED_DAYS if dating.gradual else min(since, _SPEED_DAYS), rng)]
    tonight, slope = np.concatenate(drawn, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = np.where(slope < 0, (tonight - target) / -slope, np.inf)
    left = np.where(tonight <= target, 0.0, crossing)
    spread = np.quantile(700 * slope, [0.1, 0.5, 0.9])
    ahead = [float(x) if np.isfinite(x) else None for x in np.quantile(left, [0.1, 0.5, 0.9], method="nearest")]
    return Speed(_three(spread), (ahead[0], ahead[1], ahead[2]))


def _bend(share: Floats, sd: Floats, since: int, draws: int, rng: np.random.Generator) -> Floats:
    """Draws of tonight's level and the slope of a slide that began `since` days ago, and of the level before it."""
    days = min(since + _BEFORE_DAYS, DAYS)
    age = np.arange(1 - days, 1)
    return _draws(age, np.maximum(age + since, 0), share[-days:], sd[-days:], draws, rng)


def _straight(share: Floats, sd: Floats, days: int, rng: np.random.Generator) -> Floats:
    """Draws of tonight's level and the slope of a straight line through the last days."""
    age = np.arange(1 - days, 1)
    return _draws(age, age, share[-days:], sd[-days:], _DRAWS, rng)


def _draws(age: Ints, moved: Ints, share: Floats, sd: Floats, draws: int, rng: np.random.Generator) -> Floats:
    known = ~np.isnan(share)
    if known.sum() < _LEAST_FITTED:
        return np.tile(np.array([[float(np.nanmean(share))], [0.0]]), (1, draws))
    level, slope, covariance = _line(age[known], moved[known], share[known], sd[known])
    drawn = rng.multivariate_normal([level, slope], covariance, draws, method="cholesky")
    return np.stack([drawn[:, 0] + drawn[:, 1] * moved[-1], drawn[:, 1]])


def _still(share: Floats, target: float) -> Ahead:
    """When a level that does not move crosses the target: it has, or never will."""
    known = share[~np.isnan(share)]
    crossed = 0.0 if len(known) and float(np.median(known)) <= target else None
    return crossed, crossed, crossed


def _three(values: Floats) -> tuple[float, float, float]:
    low, middle, high = values.tolist()
    return low, middle, high


def _shares(cleaned: Cleaned) -> tuple[Floats, Floats]:
    share = share_of(cleaned.logit[0])
    typical = np.clip(np.nan_to_num(share, nan=float(share_of(cleaned.level[0]))), 0.001, 0.999)
    return share, cleaned.sd[0] * typical * (1 - typical)


def _line(age: Ints, moved: Ints, share: Floats, sd: Floats) -> tuple[float, float, Floats]:
    """Level where nothing has moved, change by a unit of `moved`, and their covariance."""
    design = np.stack([np.ones(len(age)), moved], axis=1)
    for _ in range(2):  # the second time without the pull of outages
        normal = np.linalg.inv((design / sd[:, None] ** 2).T @ design)
        level, slope = normal @ (design / sd[:, None] ** 2).T @ share
        rest = share - design @ [level, slope]
        share = design @ [level, slope] + np.clip(rest, -3 * sd, 3 * sd)
    rest = (share - design @ [level, slope]) / sd
    scale = max(float(rest @ rest) / max(len(age) - 2, 1), 0.25)
    phi = float(
        np.clip(((rest[1:] * rest[:-1]).sum() / (rest @ rest + 1e-12) * len(age) + 0.4 * 14) / (len(age) + 14), 0, 0.85)
    )
    return float(level), float(slope), np.asarray(normal * scale * (1 + phi) / (1 - phi), dtype=float)
