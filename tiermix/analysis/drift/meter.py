"""The nightly drift meter: evidence and size of a change, night by night, and the drifts that were open.

Every night is judged on the days up to it alone, so that a replay of the past says what was said then, and the answer
for a prefix of the days is the answer of the whole for those nights.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tiermix.analysis.drift.cleaning import Cleaned, clean, median, share_of
from tiermix.analysis.drift.evidence import evidence, standardised, tempered
from tiermix.analysis.drift.series import DAYS, RECENT, WEEK, Floats, Ints, Series

WARM_UP = 28  # days with requests before the first verdict
RELEARN = 14  # the same after a restart of the level, when noise and rhythm are known
MIN_DROP = 0.3  # points: what is too small to matter is no drift
# The threshold of an ideal model is the number of nights; noise, rhythm and level are estimated here, and a tenth more
# evidence keeps the measured rate of false alarms under the promised one in all nulls of benchmarks/drift.py.
_ESTIMATED = 1.1
_SPREAD_DAYS = 42
_BATCH = 64  # nights at once: enough to keep numpy busy, few enough for the cache

Side = Literal["down", "up"]


@dataclass(frozen=True, slots=True)
class Nights:
    """What each night of a series says, the first night first.

    Attributes:
        day: index of the night's day.
        down, up: natural logarithm of the evidence for a drop and for a rise.
        drop, rise: points by which the last days lie below and above the level before them, at best.
        share: the share of the last seven days without weekly rhythm or outages, and `level` the level before them.
        sd: standard deviation of a day, points, from the last weeks.
        learned: days with requests that the level rests on.
    """

    day: Ints
    down: Floats
    up: Floats
    drop: Floats
    rise: Floats
    share: Floats
    level: Floats
    sd: Floats
    learned: Ints


@dataclass(frozen=True, slots=True)
class Drift:
    """A lasting change that the meter noticed.

    Attributes:
        side: a drop or a rise.
        fired: index of the day of the alarm.
        level: the share before it, as known on the night of the alarm.
        ended: index of the day on which the share was back; None while it is not.
    """

    side: Side
    fired: int
    level: float
    ended: int | None = None


def threshold(false_alarm_every: int, series: int = 1) -> float:
    """Natural logarithm of the evidence at which a night fires.

    Args:
        false_alarm_every: nights between false alarms, on average, of all series together.
        series: how many series share this budget.
    """
    return float(np.log(_ESTIMATED * false_alarm_every * series))


def nights(series: Series, first: int, last: int, start: int = 0, *, rising: bool = True) -> Nights:
    """What consecutive nights say.

    Args:
        series: daily counts.
        first: index of the day of the first night.
        last: that of the last one, included.
        start: the first day that tells of the level.
        rising: whether to ask for rises too, which takes as long again; without, none has any evidence.
    """
    spans = (np.arange(a, min(a + _BATCH, last + 1)) for a in range(first, last + 1, _BATCH))
    parts = [_batch(series, span, start, rising) for span in spans]
    return Nights(*(np.concatenate([getattr(p, name) for p in parts]) for name in Nights.__slots__))


def _batch(series: Series, night: Ints, start: int, rising: bool) -> Nights:
    cleaned = clean(series, night, start)
    z = standardised(cleaned, np.clip(start - night + DAYS - 1, 0, DAYS))
    before = np.concatenate([[0], np.cumsum(series.total > 0)])
    drop, rise = (_distance(cleaned, sign) for sign in (1, -1))
    level = share_of(cleaned.level)
    return Nights(
        day=night,
        down=evidence(tempered(z), cleaned),
        up=evidence(tempered(-z), cleaned) if rising else np.full(len(night), -np.inf),
        drop=drop,
        rise=rise,
        share=share_of(median(cleaned.logit[:, -RECENT:])),
        level=level,
        sd=_spread(series, night),
        learned=before[night + 1] - before[np.minimum(start, night + 1)],
    )


def _spread(series: Series, night: Ints) -> Floats:
    """Standard deviation of a day in points, from differences to the day a week before: no rhythm, hardly a slide."""
    good, total = series.windows(night)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(total > 0, good / total, np.nan)
    weekly = (share[:, WEEK:] - share[:, :-WEEK])[:, -_SPREAD_DAYS:]
    apart = np.abs(weekly - median(weekly)[:, None])
    return np.asarray(100 * 1.4826 * median(apart) / np.sqrt(2))


def _distance(cleaned: Cleaned, sign: int) -> Floats:
    """Points that the median of the last 3 to 7 days lies below (or above) the level, whichever says most."""
    best = np.full(len(cleaned.level), -1.0)
    level = share_of(cleaned.level)
    for days in range(3, RECENT + 1):
        recent = cleaned.logit[:, -days:]
        apart = 100 * sign * (level - share_of(median(recent)))
        best = np.fmax(best, np.where(np.sum(~np.isnan(recent), axis=1) >= 2, apart, -1.0))
    return best


def drifts(
    told: Nights, log_threshold: float, *, min_drop: float = MIN_DROP, warm_up: int = WARM_UP
) -> Iterator[Drift]:
    """The drifts of a series in the order of their alarms; one that is open on the last night comes last.

    A drop stays open until the share of a week is back, however long ago it was: what has become usual was still never
    agreed to. A rise is good news, and is over when it is no longer new.

    Args:
        told: consecutive nights.
        log_threshold: of `threshold`.
        min_drop: points below which a change does not matter.
        warm_up: days with requests before the first verdict.
    """
    ready = told.learned > warm_up
    down = ready & (told.down >= log_threshold) & (told.drop >= min_drop)
    up = ready & (told.up >= log_threshold) & (told.rise >= min_drop)
    now: Drift | None = None
    for i, day in enumerate(told.day.tolist()):
        if now is not None and _over(now, told, i, bool(down[i] if now.side == "down" else up[i]), min_drop):
            yield Drift(now.side, now.fired, now.level, day)
            now = None
        if (now is None or now.side == "up") and down[i]:
            if now is not None:
                yield Drift(now.side, now.fired, now.level, day)
            now = Drift("down", day, float(told.level[i]))
        elif now is None and up[i]:
            now = Drift("up", day, float(told.level[i]))
    if now is not None:
        yield now


def _over(drift: Drift, told: Nights, i: int, fires: bool, min_drop: float) -> bool:
    if fires or drift.side == "up":
        return not fires
    # Half of what matters: at the limit itself a drift would end and begin again with every noisy day. Where days vary
    # more than that, a week within twice its own noise is back.
    noise = 2 * float(np.nan_to_num(told.sd[i])) / RECENT**0.5
    return bool(100 * (drift.level - told.share[i]) < max(min_drop / 2, noise))


def first_alarm(series: Series, log_threshold: float, *, min_drop: float = MIN_DROP) -> int | None:
    """Index of the first day whose night reports a drop; None when none does.

    Args:
        series: daily counts.
        log_threshold: of `threshold`.
        min_drop: points below which a change does not matter.
    """
    for first in range(min(WARM_UP, len(series.total)), len(series.total), _BATCH):
        told = nights(series, first, min(first + _BATCH, len(series.total)) - 1, rising=False)
        fired = (told.learned > WARM_UP) & (told.down >= log_threshold) & (told.drop >= min_drop)
        if fired.any():
            return int(told.day[np.argmax(fired)])
    return None
