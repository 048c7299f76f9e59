"""How often the meter cries wolf on the noise of these very logs: a replay of made-up years of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tiermix.analysis.drift.cleaning import clean, median, share_of
from tiermix.analysis.drift.meter import WARM_UP, first_alarm
from tiermix.analysis.drift.series import DAYS, Floats, Plain, Series

YEAR = 365  # nights
LEAST_DAYS = 56  # known days to draw from: fewer repeat themselves
_BLOCK = 14  # days drawn together, so that correlation from day to day survives (moving-block bootstrap, Kuensch 1989)
_TREND = 43  # days of the centred median that counts as level: what moves slower is drift and no noise


def made_up_years(series: Series, runs: int, seed: int = 0) -> Iterator[Plain]:
    """Years of daily counts without any drift, put together from blocks of the last days' own noise and traffic.

    Args:
        series: daily counts.
        runs: how many years.
        seed: of the draws.
    """
    night = np.array([len(series.total) - 1])
    cleaned = clean(series, night)
    logit, total = cleaned.logit[0], series.windows(night)[1][0]
    first = max(0, DAYS - len(series.total))
    apart, total = (logit - _trend(logit))[first:], total[first:]
    rng = np.random.default_rng(seed)
    blocks = -(-(WARM_UP + YEAR) // _BLOCK)
    for _ in range(runs):
        starts = rng.integers(0, len(apart) - _BLOCK + 1, blocks)
        days = (starts[:, None] + np.arange(_BLOCK)).ravel()[: WARM_UP + YEAR]
        share = share_of(cleaned.level[0] + apart[days])
        requests = np.where(np.isnan(share), 0.0, total[days])
        yield Plain(np.nan_to_num(share) * requests, requests)


def enough(series: Series) -> bool:
    """Whether there are days enough to draw from."""
    return bool((series.total[-DAYS:] > 0).sum() >= LEAST_DAYS)


def false_alarms(series: Series, log_threshold: float, runs: int, seed: int = 0) -> Iterator[bool]:
    """Whether the meter gives an alarm in each made-up year.

    Args:
        series: daily counts.
        log_threshold: of `meter.threshold`.
        runs: how many years.
        seed: of the draws.
    """
    for year in made_up_years(series, runs, seed):
        yield first_alarm(year, log_threshold) is not None


def _trend(logit: Floats) -> Floats:
    padded = np.pad(logit, _TREND // 2, constant_values=np.nan)
    return median(np.lib.stride_tricks.sliding_window_view(padded, _TREND))
