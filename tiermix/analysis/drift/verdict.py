"""What the drift meter tells, as frozen types. Days are calendar days of the zone of the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from tiermix.changes import Cause
from tiermix.model import Frame

Verdict = Literal[
    "steady", "drifting_down", "drifting_up", "composition", "masked", "learning", "insufficient"
]  # fmt: skip
BAD: tuple[Verdict, ...] = ("drifting_down", "composition", "masked")
Spread = tuple[float, float, float]  # 10%, 50% and 90% point


@dataclass(frozen=True, slots=True)
class Onset:
    """When a change began: the most credible day, the central 80% of the posterior, and its shape.

    `gradual` is a slide, else a step; `certainty` is the probability of that.
    """

    day: date
    low: date
    high: date
    gradual: bool
    certainty: float


@dataclass(frozen=True, slots=True)
class ChangePoint:
    """A lasting change somewhere in the history.

    Attributes:
        day: its first day.
        before, after: the shares of the levels on either side.
        cause: who takes requests from here on, or no longer does; None where no cause moved.
        switch: whose reason that is, empty for an orphan.
        cause_points: by how many points of all requests; negative where it ends.
    """

    day: date
    before: float
    after: float
    cause: Cause | None = None
    switch: str = ""
    cause_points: float = 0.0


@dataclass(frozen=True, slots=True)
class SeriesDrift:
    """The verdict on one series.

    Attributes:
        slo: the SLO, and `key` the group of it that was asked for, empty for all its requests.
        verdict: what the night says. `composition`: the share falls because other requests came; `masked`: requests
            are served worse, but a better composition hides it.
        target: the share promised, a fraction.
        fired_on: the night of the alarm of a drift that is open.
        onset: when it began.
        before, now: the share before it, and that of the last seven days; None when unknown.
        points_per_week: how fast it moves; None when nothing moves or the days are too few.
        days_left: until the share leaves the target at this speed; None inside stands for never.
        evidence: summed Bayes factors of a drop, of the share that drifts; `threshold` is where a night fires.
        sd: standard deviation of a day, points.
        learned, warm_up: days with requests that the level rests on, and how many a verdict needs.
        requests: in all days looked at.
        accepted: the day from which on a level was accepted by hand, and `why`.
        standard: whether the shares are those at a standard composition, because only those drift.
        recovered_on: the day on which the last drift was over.
        change_points: all lasting changes of the history.
        owner, runbook: of the SLO.
    """

    slo: str
    key: Mapping[str, str | None]
    verdict: Verdict
    target: float
    fired_on: date | None = None
    onset: Onset | None = None
    before: float | None = None
    now: float | None = None
    points_per_week: Spread | None = None
    days_left: tuple[float | None, float | None, float | None] | None = None
    evidence: float | None = None
    threshold: float = 0.0
    sd: float | None = None
    learned: int = 0
    warm_up: int = 0
    requests: int = 0
    accepted: date | None = None
    why: str = ""
    standard: bool = False
    recovered_on: date | None = None
    change_points: tuple[ChangePoint, ...] = ()
    owner: str = ""
    runbook: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing falls."""
        return self.verdict not in BAD

    @property
    def name(self) -> str:
        """The SLO, and the group of it."""
        group = ", ".join(f"{dim}={'(none)' if value is None else value}" for dim, value in self.key.items())
        return f"{self.slo}, {group}" if group else self.slo


@dataclass(frozen=True, slots=True)
class Drifts:
    """The verdicts of a night.

    Attributes:
        frame: of the complete days that were looked at.
        series: one an SLO, or a group of it.
        false_alarm_every: nights between false alarms, of all series together.
        monitored: series that share this budget, those of a standard composition included.
        standardised_by: the dimension whose composition was held, None when the logs have none.
        unjudged: groups with too few requests to be looked at.
        again: the options that a further command needs to look at the same data.
    """

    frame: Frame
    series: tuple[SeriesDrift, ...]
    false_alarm_every: int
    monitored: int
    standardised_by: str | None
    unjudged: int = 0
    again: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing falls."""
        return all(s.ok for s in self.series)


@dataclass(frozen=True, slots=True)
class SelfChecked:
    """How often the meter cried wolf in made-up years of a series' own noise.

    Attributes:
        slo: the series.
        fired, years: years with an alarm, of how many; 0 of 0 when there are too few days to draw from.
        promised: the share of years with one that `--false-alarm-every` allows to this series.
    """

    slo: str
    fired: int
    years: int
    promised: float

    @property
    def interval(self) -> tuple[float, float]:
        """The 90% interval of the share of years with an alarm (Wilson's score interval)."""
        n, p, z = self.years, self.fired / max(self.years, 1), 1.645
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5
        return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """The self-check of every SLO; `false_alarm_every` in nights."""

    frame: Frame
    false_alarm_every: int
    series: tuple[SelfChecked, ...]


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm of the past: its day and the onset it was dated to, as dates or as numbers of days."""

    series: str
    day: date | int
    onset: date | int | None
    over: date | int | None = None


@dataclass(frozen=True, slots=True)
class DriftReplay:
    """The alarms that a meter would have given; `frame` is None for counts from files."""

    alarms: tuple[Alarm, ...]
    frame: Frame | None = None
