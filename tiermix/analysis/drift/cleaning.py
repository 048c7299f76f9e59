"""From daily counts to comparable days: the share on the logit scale without weekly rhythm and one-day outages.

All arrays are (nights, DAYS): a row holds what one night may know, its last column is that night's day, and days before
the first are missing. Nothing is looked at that lies after the night, so an answer for a past night never changes
unless its data does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tiermix.analysis.drift.series import DAYS, RECENT, WEEK, Bools, Floats, Ints, Series

_OUTAGE_REACH = 3  # days before and after that an outage must differ from
_OUTAGE_SD = 3.5
_LEAST_RARE = 0.3  # of the rarer outcome, an expected count that even a series without one is given
_LEAST_WEEKS = 8  # week-over-week differences below which no noise is known


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What the meter knows of its nights; NaN marks a day without requests or with an outage that passed.

    Attributes:
        logit: (nights, DAYS), log-odds of a good request without the effect of the weekday.
        level: (nights,), their robust mean before the recent days.
        sd: (nights, DAYS), standard deviation of a day: over-dispersion and counting noise.
        usual: (nights,), root mean square of `sd`.
        correlated: (nights,), the part of the variance that is no counting noise.
        known: (nights,), whether noise could be estimated at all.
    """

    logit: Floats
    level: Floats
    sd: Floats
    usual: Floats
    correlated: Floats
    known: Bools


def clean(series: Series, nights: Ints, start: int = 0) -> Cleaned:
    """What each night knows of its last DAYS days.

    Args:
        series: daily counts.
        nights: indices of days.
        start: the first day that tells of the level; earlier days tell of noise and rhythm alone.
    """
    good, total = series.windows(nights)
    day = nights[:, None] - np.arange(DAYS - 1, -1, -1)
    logit, counting = _logits(good, total)
    noise, known = _noise(logit, counting)
    logit = logit - _weekly(logit, day >= WEEK // 2, noise, known)
    apart = _nanmean(counting)
    spread = np.maximum(noise**2 - apart, 0.05 * noise**2)
    variance = spread[:, None] + counting
    logit = np.where(_outages(logit, np.sqrt(variance)), np.nan, logit)
    usual = np.sqrt(_nanmean(variance))
    return Cleaned(
        logit=logit,
        level=_robust_mean(np.where(day < start, np.nan, logit)[:, :-RECENT], 3 * noise),
        sd=np.sqrt(variance),
        usual=usual,
        correlated=spread / usual**2,
        known=known,
    )


def share_of(logit: Floats) -> Floats:
    """The share with these log-odds."""
    return np.asarray(1 / (1 + np.exp(-logit)))


def median(values: Floats) -> Floats:
    """The median over the last axis of what is not NaN; NaN where nothing is."""
    ordered = np.sort(values, axis=-1)  # NaN last
    count = np.sum(~np.isnan(values), axis=-1)
    low = np.take_along_axis(ordered, np.maximum(count - 1, 0)[..., None] // 2, axis=-1)[..., 0]
    high = np.take_along_axis(ordered, (count // 2).clip(max=values.shape[-1] - 1)[..., None], axis=-1)[..., 0]
    return np.where(count == 0, np.nan, (low + high) / 2)


def _logits(good: Floats, total: Floats) -> tuple[Floats, Floats]:
    """Log-odds of each day, and the variance that counting adds to them; NaN without requests.

    Few requests are drawn towards the usual share, as by requests that were seen before (a Beta prior worth 1 of the
    rarer outcome), and the shrinkage is divided out again: a day without a single bad request stays finite.
    """
    before, of = (counts[:, :-RECENT].sum(axis=1) for counts in (good, total))
    share = (before + 0.5) / (of + 1)
    days = (total[:, :-RECENT] > 0).sum(axis=1).clip(min=1)
    rare = np.maximum(np.minimum(share, 1 - share), np.minimum(_LEAST_RARE * days / (of + 1), 0.5))[:, None]
    prior, share = 1 / rare, share[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = total / (total + prior)
        usual = np.log(share / (1 - share))
        odds = np.log((good + prior * share) / (total - good + prior * (1 - share)))
        logit = usual + (odds - usual) / drawn
        counting = 1 / (total * rare * (1 - rare))
    none = total <= 0
    return np.where(none, np.nan, logit), np.where(none, np.nan, counting)


def _noise(logit: Floats, counting: Floats) -> tuple[Floats, Bools]:
    """Standard deviation of a day without rhythm and drift, from the differences to the same day a week before."""
    weekly = logit[:, WEEK:] - logit[:, :-WEEK]
    count = np.sum(~np.isnan(weekly), axis=1)
    middle = median(weekly)[:, None]
    scale = np.maximum(1.4826 * median(np.abs(weekly - middle)), 1e-9)[:, None]
    within = np.clip(weekly - middle, -2.5 * scale, 2.5 * scale)
    known = count >= _LEAST_WEEKS
    with np.errstate(invalid="ignore"):
        sd = 1.03 * np.sqrt(_nanmean(within**2))  # 1/.97: clipped at 2.5 sd, a normal loses 3% of its sd
        both = np.sqrt(np.maximum(np.maximum(sd, 1e-9) ** 2 / 2, _nanmean(counting)))
    return np.where(known, both, 1.0), known


def _weekly(logit: Floats, inside: Bools, noise: Floats, known: Bools) -> Floats:
    """The effect of each day's weekday: mean distance from the median of the seven days around, shrunk together.

    Medians: a drift moves all seven days and so cannot leak into the rhythm. The shrinkage is James and Stein's.
    """
    around = sliding_window_view(logit, WEEK, axis=1)
    middle = slice(WEEK // 2, -(WEEK // 2))
    enough = inside[:, middle] & (np.sum(~np.isnan(around), axis=2) >= WEEK - 1)
    apart = np.full_like(logit, np.nan)
    apart[:, middle] = np.where(enough, logit[:, middle] - median(around), np.nan)
    by_weekday = apart.reshape(len(logit), -1, WEEK).swapaxes(1, 2)
    effect = np.nan_to_num(_robust_mean(by_weekday, (2 * noise)[:, None]))
    effect -= effect.mean(axis=1, keepdims=True)
    size = np.sum(effect**2, axis=1)
    weeks = np.maximum(np.sum(~np.isnan(logit[:, WEEK:] - logit[:, :-WEEK]), axis=1) / WEEK + 1, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        kept = np.where(size > 0, np.maximum(0, 1 - noise**2 * 6 / weeks * 5 / 7 / size), 0)
    return np.tile(effect * np.where(known, kept, 0)[:, None], DAYS // WEEK)


def _robust_mean(values: Floats, reach: Floats) -> Floats:
    """Mean over the last axis with values further than `reach` from the median drawn back to there; NaN for none."""
    middle = median(values)[..., None]
    return middle[..., 0] + _nanmean(np.clip(values - middle, -reach[..., None], reach[..., None]))


def _outages(logit: Floats, sd: Floats) -> Bools:
    """Days that lie far on one side of both the days before and the days after: what passed is no drift."""
    reach = _OUTAGE_REACH
    padded = np.pad(logit, ((0, 0), (reach, reach)), constant_values=np.nan)
    triples = median(sliding_window_view(padded, reach, axis=1))
    after = triples[:, reach + 1 :]
    before = np.where(np.isnan(triples[:, :DAYS]), after, triples[:, :DAYS])
    with np.errstate(invalid="ignore"):
        below = np.maximum(logit - before, logit - after) < -_OUTAGE_SD * sd
        above = np.minimum(logit - before, logit - after) > _OUTAGE_SD * sd
    return below | above


def _nanmean(values: Floats) -> Floats:
    count = np.sum(~np.isnan(values), axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.nansum(values, axis=-1) / count)
