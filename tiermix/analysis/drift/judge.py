"""From the daily counts of a series to its verdict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from tiermix.analysis.drift import dating, meter
from tiermix.analysis.drift.meter import Drift, Nights
from tiermix.analysis.drift.series import Series
from tiermix.analysis.drift.verdict import Onset, SeriesDrift, Verdict

LEAST_REQUESTS = 20  # a day, in the median: below, a share moves by chance alone as far as a drift would
_REDATED_BY = 28  # days by which a later night may find a slide to have begun earlier
_SILENT = 7  # days without any request after which there is nothing to say


@dataclass(frozen=True, slots=True)
class Rules:
    """How a meter is set.

    Attributes:
        false_alarm_every: nights between false alarms, of all series together.
        monitored: series that share this budget.
        min_drop: points below which a change does not matter.
    """

    false_alarm_every: int
    monitored: int
    min_drop: float = meter.MIN_DROP

    @property
    def threshold(self) -> float:
        """Natural logarithm of the evidence at which a night fires."""
        return meter.threshold(self.false_alarm_every, self.monitored)


@dataclass(frozen=True, slots=True)
class Watched:
    """One share under the meter: what its nights said, and its drifts."""

    series: Series
    told: Nights
    drifts: tuple[Drift, ...]
    start: int
    standard: bool = False

    @property
    def lately(self) -> float | None:
        """The share of all requests of the last seven days; None without any."""
        good, total = self.series.windows(self.told.day[-1:])
        requests = float(total[0, -_SILENT:].sum())
        return float(good[0, -_SILENT:].sum()) / requests if requests > 0 else None

    @property
    def open(self) -> Drift | None:
        """The drift that is not over."""
        last = self.drifts[-1] if self.drifts else None
        return last if last is not None and last.ended is None else None

    def fall(self, since: int) -> float:
        """Points lost between the level before a night and the last days."""
        at = max(0, since - int(self.told.day[0]))
        return float(100 * (self.told.level[at] - self.told.share[-1]))


def watch(series: Series, rules: Rules, accepted: int | None = None, *, standard: bool = False) -> Watched | None:
    """Every night of a series; None when there are too few days for a first one.

    Args:
        series: daily counts.
        rules: how the meter is set.
        accepted: the first day of a level that was accepted by hand; the meter starts anew there.
        standard: whether this is the share at a standard composition.
    """
    last = len(series.total) - 1
    start = accepted or 0
    warm_up = meter.RELEARN if accepted else meter.WARM_UP
    first = start + warm_up if start + warm_up <= last else max(start, 0)
    if last < meter.RELEARN:
        return None
    told = meter.nights(series, min(first, last), last, start)
    found = meter.drifts(told, rules.threshold, min_drop=rules.min_drop, warm_up=warm_up)
    return Watched(series, told, tuple(found), start, standard)


def judge(
    blank: SeriesDrift, first: date, raw: Series, standard: Series | None, rules: Rules, accepted: date | None,
    why: str = "",
) -> SeriesDrift:  # fmt: skip
    """The verdict of the last night.

    Args:
        blank: names the series and its target.
        first: the first day.
        raw: counts as they were.
        standard: the same at a standard composition; None when the logs name no segments.
        rules: how the meter is set.
        accepted: the first day of a level that was accepted by hand.
        why: the reason that was given for that.
    """
    restart = None if accepted is None else max(0, (accepted - first).days)
    warm_up = meter.RELEARN if restart else meter.WARM_UP
    observed = int((raw.total[restart or 0 :] > 0).sum())
    filled = replace(
        blank, learned=min(observed, warm_up), warm_up=warm_up, requests=int(raw.total.sum()), accepted=accepted,
        why=why, threshold=float(np.exp(rules.threshold)),
    )  # fmt: skip
    if _too_little(raw):
        return replace(filled, verdict="insufficient")
    watched = watch(raw, rules, restart)
    if watched is None or observed <= warm_up:
        return replace(filled, verdict="learning")
    other = watch(standard, rules, restart, standard=True) if standard is not None else None
    verdict, shown = _combined(watched, other)
    noticed = [day for w in (watched, other) if w is not None and (day := _open_drop(w)) is not None]
    return _described(filled, verdict, shown, first, min(noticed, default=None))


def alarms(raw: Series, standard: Series | None, rules: Rules, accepted: int | None) -> list[tuple[Watched, Drift]]:
    """The drops that were noticed over all nights, in the plain share or else at a standard composition, oldest first.

    Of two that overlap, the one that was noticed first is listed.
    """
    both = [watch(raw, rules, accepted), watch(standard, rules, accepted) if standard is not None else None]
    found = [(w, d) for w in both if w is not None for d in w.drifts if d.side == "down"]
    out: list[tuple[Watched, Drift]] = []
    for w, d in sorted(found, key=lambda x: x[1].fired):
        if not out or (out[-1][1].ended is not None and d.fired >= out[-1][1].ended):
            out.append((w, d))
    return out


def _too_little(raw: Series) -> bool:
    recent = raw.total[-2 * meter.WARM_UP :]
    some = recent[recent > 0]
    return len(some) == 0 or float(np.median(some)) < LEAST_REQUESTS or not (raw.total[-_SILENT:] > 0).any()


def _combined(raw: Watched, standard: Watched | None) -> tuple[Verdict, Watched]:
    """What the two shares say together, and the one that tells more.

    They seldom fire on the same night; so the silent one agrees when it lost at least half as much.
    """
    fallen = _open_drop(raw)
    other = _open_drop(standard) if standard is not None else None
    if fallen is not None:
        agrees = standard is None or other is not None or standard.fall(fallen) >= raw.fall(fallen) / 2
        return ("drifting_down" if agrees else "composition"), raw
    if standard is not None and other is not None:
        if raw.fall(other) >= standard.fall(other) / 2:
            return "drifting_down", standard
        return "masked", standard
    rising = raw.open is not None and raw.open.side == "up"
    return ("drifting_up" if rising else "steady"), raw


def _open_drop(watched: Watched) -> int | None:
    drift = watched.open
    return drift.fired if drift is not None and drift.side == "down" else None


def _described(filled: SeriesDrift, verdict: Verdict, shown: Watched, first: date, noticed: int | None) -> SeriesDrift:
    told, last = shown.told, int(shown.told.day[-1])
    drift = shown.open
    ended = [d.ended for d in shown.drifts if d.side == "down" and d.ended is not None]
    said = replace(
        filled,
        verdict=verdict,
        before=float(told.level[-1]) if drift is None else drift.level,
        now=shown.lately,
        evidence=float(np.exp(min(told.up[-1] if verdict == "drifting_up" else told.down[-1], 600))),
        sd=_known(told.sd[-1]),
        standard=shown.standard,
        recovered_on=first + timedelta(days=ended[-1]) if ended else None,
    )
    if drift is None:
        return said
    said = replace(said, fired_on=first + timedelta(days=drift.fired if noticed is None else noticed))
    dated = dated_onset(shown, drift, last)
    if dated is None:
        return said
    speed = dating.speed(shown.series, last, dated, filled.target)
    return replace(
        said,
        onset=_onset(dated, first),
        points_per_week=speed.points_per_week,
        days_left=speed.days_left if drift.side == "down" else None,
    )


def dated_onset(watched: Watched, drift: Drift, night: int) -> dating.Dating | None:
    """When a drift began, as a night up to a week after its alarm knows it.

    When what fired turns out to be an outage, later nights know of no change there and date some other wiggle; so a
    date that lies weeks before anything credible on the night of the alarm is not believed.
    """
    later = min(drift.fired + dating.REDATE, night)
    soon = dating.date(watched.series, drift.fired, drift.side, watched.start)
    late = dating.date(watched.series, later, drift.side, watched.start, drift.fired)
    return soon if soon is None or late is None or late.onset < soon.low - _REDATED_BY else late


def _onset(dated: dating.Dating, first: date) -> Onset:
    day, low, high = (first + timedelta(days=x) for x in (dated.onset, dated.low, dated.high))
    return Onset(day, low, high, dated.gradual, dated.certainty)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
