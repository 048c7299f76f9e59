"""How soon the drift meter sees a change, how often it cries wolf, and how well it dates: a black-box benchmark.

It simulates daily counts (a logit share with AR(1) noise, a weekly rhythm and binomial counting), writes one CSV file a
series, asks `tiermix drift --counts ... --replay --format csv` for the first alarms, and scores them:

    python benchmarks/drift.py --reps 40 --seed 7

`must` and `target` are our own limits, `limit` what a detector that knows everything but the moment could do. Scored
series of another program: `--series FOLDER`, which holds the CSV files and a truth.json (name to scenario, nights,
onset).
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

WARM_UP, HORIZON, YEAR = 28, 91, 365
RHYTHM = np.array([0.10, 0.12, 0.10, 0.06, 0.00, -0.22, -0.16])
TRAFFIC = np.array([1.0, 1.05, 1.05, 1.0, 0.95, 0.55, 0.5])


@dataclass(frozen=True)
class Scenario:
    """How a series is made, and what is asked of the meter: (must, target, limit), nights or a share of series."""

    name: str
    aims: tuple[float, float, float | None] | None = None
    level: float = 0.985
    slope: float = 0.0  # points a week
    step: float = 0.0  # points
    sd: float = 0.15  # of a day, logit
    phi: float = 0.4
    volume: float = 1e6
    tails: int = 0  # degrees of freedom of Student's t; 0 is normal
    missing: float = 0.0
    gap: int = 0
    outages: int = 0
    onset: tuple[int, int] | None = (14, HORIZON)  # nights after the warm-up

    @property
    def days(self) -> int:
        return WARM_UP + (YEAR if self.onset is None else self.onset[1] + HORIZON + 21)


def null(name: str, **how: float) -> Scenario:
    return Scenario(f"null-{name}", (0.39, 0.28, None), onset=None, **how)  # type: ignore[arg-type]


def changes(noise: str, sd: float, aims: dict[str, tuple[float, float, float | None]]) -> list[Scenario]:
    out = []
    for name, aim in aims.items():
        kind, size = name.split("-")
        how = {"slope": -float(size)} if kind == "ramp" else {"step": -float(size)}
        out.append(Scenario(f"{noise}-{name}", aim, sd=sd, **how))  # type: ignore[arg-type]
    return out


SCENARIOS = [
    null("quiet"), null("noisy", sd=0.35), null("phi6", phi=0.6), null("t4", tails=4), null("n2000", volume=2000),
    null("gaps", missing=0.05, gap=7), null("outage1", outages=3),
    *changes("quiet", 0.15, {
        "ramp-1.0": (12, 9, 5), "ramp-0.5": (15, 12, 8), "ramp-0.25": (21, 17, 12), "ramp-0.1": (38, 30, 21),
        "step-0.5": (16, 11, 4), "step-1": (9, 6, 1), "step-3": (6, 4, 1),
    }),
    *changes("noisy", 0.35, {
        "ramp-1.0": (18, 14, 10), "ramp-0.5": (25, 20, 15), "ramp-0.25": (37, 30, 22), "ramp-0.1": (65, 53, 37),
        "step-1": (20, 15, 7), "step-3": (9, 6, 1),
    }),
    Scenario("n300-ramp-1.0", (18, 14, None), slope=-1.0, volume=300),
    Scenario("n300-ramp-0.25", (40, 32, None), slope=-0.25, volume=300),
    Scenario("early-ramp-1.0", (15, 12, None), slope=-1.0, onset=(0, 7)),
    Scenario("early-ramp-0.25", (25, 20, None), slope=-0.25, onset=(0, 7)),
]  # fmt: skip
MIXES = {"0": (0.15, 0.08, None), "A": (0.15, 0.08, None), "B": (25, 17, None)}


def noise(rng: np.random.Generator, shape: tuple[int, ...], phi: float, tails: int = 0) -> np.ndarray:
    """AR(1) of unit variance along axis 1."""
    fresh = rng.standard_t(tails, shape) / math.sqrt(tails / (tails - 2)) if tails else rng.standard_normal(shape)
    out = np.empty(shape)
    out[:, 0] = fresh[:, 0]
    for t in range(1, shape[1]):
        out[:, t] = phi * out[:, t - 1] + math.sqrt(1 - phi**2) * fresh[:, t]
    return out


def expit(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def plain(s: Scenario, reps: int, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Weekday, primary and total (reps x days), and the day of the onset of each series."""
    weekday = (np.arange(s.days) + rng.integers(0, 7, (reps, 1))) % 7
    onset = np.full(reps, s.days) if s.onset is None else WARM_UP + rng.integers(*s.onset, reps)
    age = np.clip(np.arange(s.days) - onset[:, None] + 1, 0, None)
    level = s.level + np.maximum(s.slope / 700 * age, -0.6) + s.step / 100 * (age > 0)
    level = np.clip(level, 0.02, 0.9999)
    effect = (RHYTHM - RHYTHM.mean())[weekday]
    share = expit(np.log(level / (1 - level)) + effect + s.sd * noise(rng, (reps, s.days), s.phi, s.tails))
    for row in share if s.outages else ():
        row[WARM_UP + rng.choice(s.days - WARM_UP - 12, s.outages, replace=False)] -= 0.3
    total = rng.poisson(s.volume * TRAFFIC[weekday] * np.exp(0.1 * rng.standard_normal((reps, s.days))))
    total[rng.random(total.shape) < s.missing] = 0
    for row in total if s.gap else ():
        start = rng.integers(WARM_UP, s.days - s.gap)
        row[start : start + s.gap] = 0
    return weekday, rng.binomial(total, np.clip(share, 0.001, 0.9999)), total, onset


def mixed(kind: str, reps: int, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Four segments: nothing happens (0), only the composition moves (A), every share falls and it hides that (B)."""
    days, onset = WARM_UP + 151, WARM_UP + 60
    weight, rate = np.array([0.35, 0.25, 0.20, 0.20]), np.array([0.995, 0.99, 0.98, 0.80])
    age = np.clip(np.arange(days) - onset + 1, 0, None)
    fall = 0.005 / 7 * age * (kind == "B")
    moved = {"0": 0 * age, "A": np.minimum(0.15, 0.15 * age / 42), "B": -np.minimum(fall / 0.195, 0.19)}[kind]
    weights = weight + moved[:, None] * np.array([-1, 0, 0, 1])
    weekday = (np.arange(days) + rng.integers(0, 7, (reps, 1))) % 7
    common = noise(rng, (reps, days, 1), 0.4) + noise(rng, (reps, days, 4), 0.4)
    base = np.clip(rate - fall[:, None], 0.01, 0.999)
    effect = (RHYTHM - RHYTHM.mean())[weekday][..., None]
    share = expit(np.log(base / (1 - base)) + 0.5 * effect + 0.1 * common)
    total = rng.poisson(1e6 * TRAFFIC[weekday][..., None] * weights)
    return weekday, rng.binomial(total, share), total, np.full(reps, onset if kind == "B" else days)


def export(folder: Path, reps: int, seed: int) -> None:
    """Writes all series and truth.json."""
    truth: dict[str, object] = {}

    def write(name: str, nights: int, made: tuple[np.ndarray, ...]) -> None:
        weekday, primary, total, onset = made
        for r in range(reps):
            facts = {
                "scenario": name,
                "nights": nights,
                "onset": int(onset[r]) if onset[r] < nights + WARM_UP else None,
            }
            truth[f"{name}-{r:03d}"] = facts
            with (folder / f"{name}-{r:03d}.csv").open("w", newline="") as out:
                lines = csv.writer(out)
                segments = total.ndim == 3
                lines.writerow(["day", "weekday", *(["segment"] if segments else []), "primary", "total"])
                for t in range(nights + WARM_UP):
                    for g in range(total.shape[2]) if segments else (None,):
                        cell = (r, t) if g is None else (r, t, g)
                        named = [] if g is None else [f"segment{g}"]
                        lines.writerow([t, weekday[r, t], *named, primary[cell], total[cell]])

    for i, s in enumerate(SCENARIOS):
        write(s.name, s.days - WARM_UP, plain(s, reps, np.random.default_rng([seed, i])))
    for i, kind in enumerate(MIXES):
        write(f"mix{kind}", 151, mixed(kind, reps, np.random.default_rng([seed, 900 + i])))
    (folder / "truth.json").write_text(json.dumps(truth))


def ask(folder: Path) -> dict[str, tuple[int, int | None]]:
    """First alarm and its onset of every series, as tiermix prints them."""
    files = sorted(folder.glob("*.csv"))
    workers = os.cpu_count() or 1

    def run(part: list[Path]) -> str:
        command = [sys.executable, "-m", "tiermix", "drift", "--replay", "--format", "csv", "--counts", *map(str, part)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    with ThreadPoolExecutor(workers) as pool:
        printed = list(pool.map(run, [files[i::workers] for i in range(workers)]))
    rows = (row for text in printed for row in csv.DictReader(text.splitlines()))
    return {r["series"]: (int(r["alarm_day"]), int(r["onset_day"]) if r["onset_day"] else None) for r in rows}


@dataclass
class Score:
    """What became of the series of one scenario."""

    alarms: int = 0
    series: int = 0
    early: int = 0
    delays: list[float] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)
    change: bool = False

    @property
    def missed(self) -> int:
        return sum(d == math.inf for d in self.delays)


def score(folder: Path, alarms: dict[str, tuple[int, int | None]]) -> dict[str, Score]:
    """Delays in nights (1: the night of the first changed day), misses, and errors of the dated onset."""
    out: dict[str, Score] = defaultdict(Score)
    for name, facts in json.loads((folder / "truth.json").read_text()).items():
        s, alarm, onset = out[facts["scenario"]], alarms.get(name), facts["onset"]
        s.series += 1
        s.alarms += alarm is not None
        if onset is None:
            continue
        s.change = True
        if alarm and alarm[0] < onset:
            s.early += 1
        elif not alarm or alarm[0] - onset + 1 > HORIZON:
            s.delays.append(math.inf)
        else:
            s.delays.append(alarm[0] - onset + 1)
            if alarm[1] is not None:
                s.errors.append(abs(alarm[1] - onset))
    return out


def show(scores: dict[str, Score]) -> None:
    aims = {s.name: s.aims for s in SCENARIOS} | {f"mix{k}": v for k, v in MIXES.items()}
    nulls = [s for name, s in scores.items() if name.startswith("null")]
    print(f"{'scenario':16} {'n':>4} {'found':>7} {'must':>6} {'target':>6} {'limit':>6}  missed early onset error")
    for name, s in scores.items():
        found = statistics.median(s.delays) if s.delays else s.alarms / s.series
        must, target, limit = aims.get(name) or (math.nan, math.nan, None)
        tail = ""
        if s.change:
            tail = f"  {s.missed:6} {s.early:5} {statistics.median(s.errors) if s.errors else math.nan:6.1f} days"
        edge = "" if limit is None else f"{limit:g}"
        print(f"{name:16} {s.series:4} {found:7.3g} {must:6g} {target:6g} {edge:>6}{tail}")
    if nulls:
        series, alarms = sum(s.series for s in nulls), sum(s.alarms for s in nulls)
        print(f"{'all nulls':16} {series:4} {alarms / series:7.3g} {'':6} {0.2:6g}")


def also(reps: int, seed: int) -> None:
    """What the command line replays of no file: alarms for rises, and alarms after a level was accepted, on nulls."""
    from tiermix.analysis.drift import meter
    from tiermix.analysis.drift.series import Plain

    log_threshold, accepted, nights = meter.threshold(730), 60, YEAR - 60 - meter.RELEARN
    print(
        f"{'scenario':16} {'n':>4} {'drops':>7} {'rises':>7} {'accepted':>9}   share of series with an alarm in a year"
    )
    for i, s in enumerate(s for s in SCENARIOS if s.onset is None):
        _, primary, total, _ = plain(s, reps, np.random.default_rng([seed, i]))
        seen = np.zeros(3)
        for k, n in zip(primary.astype(float), total.astype(float), strict=True):
            series = Plain(k, n)
            found = list(meter.drifts(meter.nights(series, WARM_UP, s.days - 1), log_threshold))
            first = accepted + meter.RELEARN
            told = meter.nights(series, first, first + nights, accepted)
            again = meter.drifts(told, log_threshold, warm_up=meter.RELEARN)
            sides = [d.side for d in found]
            seen += ["down" in sides, "up" in sides, any(d.side == "down" for d in again)]
        drops, rises, after = seen / reps
        print(f"{s.name:16} {reps:4} {drops:7.3g} {rises:7.3g} {after:9.3g}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reps", type=int, default=40)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--series", type=Path, help="score the series of this folder instead of making some")
    parser.add_argument("--also", action="store_true", help="alarms for rises and after a level was accepted instead")
    asked = parser.parse_args()
    if asked.also:
        also(asked.reps, asked.seed)
        return
    with tempfile.TemporaryDirectory() as made:
        folder = asked.series or Path(made)
        if asked.series is None:
            export(folder, asked.reps, asked.seed)
        began = time.monotonic()
        alarms = ask(folder)
        seconds = time.monotonic() - began
        show(score(folder, alarms))
    print(f"{seconds:.0f} s for all series with {os.cpu_count()} processes")


if __name__ == "__main__":
    main()
