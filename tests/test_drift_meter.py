"""The drift meter on made-up days: its formulas against a slow recomputation, its laws, and what it must not see."""

from __future__ import annotations

import math
import statistics
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tiermix.analysis.drift import cleaning, dating, evidence, meter
from tiermix.analysis.drift.judge import Rules, judge
from tiermix.analysis.drift.series import DAYS, Plain, Series, Standardised
from tiermix.analysis.drift.verdict import SeriesDrift
from tiermix.render import drift_words

TWO_YEARS = meter.threshold(730)
RHYTHM = np.array([0.10, 0.12, 0.10, 0.06, 0.00, -0.22, -0.16])
FIRST = date(2026, 1, 5)
RULES = Rules(730, 1)


def simulated(
    seed: int, days: int = 140, *, onset: int | None = None, slope: float = 0.0, step: float = 0.0, sd: float = 0.15,
    level: float = 0.985, volume: float = 1e5,
) -> Plain:  # fmt: skip
    """Daily counts with AR(1) noise and a weekly rhythm; slope in points a week, step in points."""
    rng = np.random.default_rng(seed)
    day = np.arange(days)
    age = np.clip(day - (days if onset is None else onset) + 1, 0, None)
    mean = np.clip(level + slope / 700 * age + step / 100 * (age > 0), 0.02, 0.9995)
    noise = np.zeros(days)
    for t in range(days):
        noise[t] = 0.4 * noise[t - 1] + math.sqrt(0.84) * rng.standard_normal()
    share = 1 / (1 + np.exp(-(np.log(mean / (1 - mean)) + RHYTHM[day % 7] + sd * noise)))
    total = rng.poisson(volume, days).astype(float)
    return Plain(rng.binomial(total.astype(int), share).astype(float), total)


def verdict(series: Series, standard: Series | None = None, accepted: date | None = None) -> SeriesDrift:
    return judge(SeriesDrift("shop", {}, "learning", 0.97), FIRST, series, standard, RULES, accepted)


def with_outages(series: Plain, days: list[int], lost: float = 0.3) -> Plain:
    good = series.good.copy()
    good[days] -= np.minimum(np.floor(lost * series.total[days]), good[days])
    return Plain(good, series.total)


# Formulas.


def slow_evidence(z: NDArray[np.float64], cleaned: cleaning.Cleaned) -> float:
    """The evidence of one night by dense matrices: for each phi the covariance of all days, for each onset the
    template, both whitened by a Cholesky factor, the level projected out."""
    known = np.flatnonzero(~np.isnan(z))
    x = np.clip(z[known], -4, 4)
    ones = cleaned.usual[0] / cleaned.sd[0][known]
    posterior, sums = [], []
    for phi, weight in zip((0.1, 0.25, 0.4, 0.55, 0.7), (0.08, 0.16, 0.30, 0.26, 0.20), strict=True):
        inflation = 1 + 2 * cleaned.correlated[0] * phi / (1 - phi)
        rho = (inflation - 1) / (inflation + 1)
        covariance = rho ** np.abs(known[:, None] - known[None])
        root = np.linalg.cholesky(covariance)
        y, level = np.linalg.solve(root, x), np.linalg.solve(root, ones)
        unit = level / np.linalg.norm(level)
        rest = y - unit * (unit @ y)
        dof = len(x) - 1 + 3
        rss = rest @ rest
        posterior.append(
            math.log(weight) - np.log(np.diag(root)).sum() - math.log(np.linalg.norm(level)) - dof / 2 * math.log(rss)
        )
        total = 0.0
        for nth, column in enumerate(known):
            age = DAYS - column
            if nth < 8 or not 3 <= age <= 91:
                continue
            since = np.maximum(known - column + 1, 0)
            for template, prior, share in ((since > 0, 1.2, 0.6), (since, 0.2, 0.4)):
                s = np.linalg.solve(root, template * ones)
                s = s - unit * (unit @ s)
                n, d = -(s @ rest), s @ s
                k = prior**2 / (1 + prior**2 * d)
                left = 1 - k * n**2 / rss
                t = math.sqrt(k) * n / math.sqrt(rss * left / dof)
                if n > 0:
                    total += share * left ** (-dof / 2) * math.erfc(-t / math.sqrt(2)) / math.sqrt(1 + prior**2 * d)
        sums.append(total)
    best = max(posterior)
    weights = [math.exp(p - best) for p in posterior]
    return math.log(sum(w * s for w, s in zip(weights, sums, strict=True)) / sum(weights))


@pytest.mark.parametrize("seed", range(4))
def test_the_evidence_equals_dense_linear_algebra(seed: int) -> None:
    # Catches a wrong sign, an onset off by a day, a template that starts at 0, a gap taken for a day.
    series = simulated(seed, 60 + 50 * seed, onset=45, slope=-0.5)
    total = series.total.copy()
    total[[20, 33, 34, 50]] = 0
    series = Plain(np.where(total > 0, series.good, 0), total)
    cleaned = cleaning.clean(series, np.array([len(total) - 1]))
    z = evidence.tempered(evidence.standardised(cleaned, np.zeros(1, int)))
    assert evidence.evidence(z, cleaned)[0] == pytest.approx(slow_evidence(z[0], cleaned), abs=1e-7)


@given(st.lists(st.one_of(st.floats(-5, 5), st.just(math.nan)), min_size=7, max_size=7))
def test_the_median_of_rows_is_that_of_statistics(row: list[float]) -> None:
    known = [x for x in row if not math.isnan(x)]
    got = cleaning.median(np.array([row]))[0]
    assert (math.isnan(got) and not known) or got == pytest.approx(statistics.median(known))


def test_a_weekly_rhythm_is_taken_out_and_a_drift_is_not() -> None:
    day = np.arange(120)
    logit = 4 + RHYTHM[day % 7] * 3 - np.maximum(day - 80, 0) * 0.05
    total = np.full(120, 1e9)
    cleaned = cleaning.clean(Plain(total / (1 + np.exp(-logit)), total), np.array([119]))
    left = cleaned.logit[0][-120:] - (4 + 3 * RHYTHM.mean() - np.maximum(day - 80, 0) * 0.05)
    assert np.abs(left[10:-10]).max() < 0.03


def test_the_standard_share_is_that_of_the_usual_composition() -> None:
    total = np.tile([600.0, 400.0], (100, 1))
    total[90:] = [100, 900]
    good = total * [0.99, 0.80]
    k, n = Standardised(good, total).windows(np.array([99]))
    share = (k / np.where(n > 0, n, np.nan))[0][-100:]
    assert share == pytest.approx(0.6 * 0.99 + 0.4 * 0.80, abs=0.01)
    assert np.ptp(share) < 1e-9  # no composition moves it


# What it finds, and what it must not.


@pytest.mark.parametrize(
    ("change", "nights"),
    [({"slope": -1.0}, 12), ({"slope": -0.5}, 15), ({"slope": -0.25}, 21), ({"step": -1.0}, 9), ({"step": -3.0}, 6)],
    ids=str,
)
def test_changes_are_found_within_the_nights_that_are_promised(change: dict[str, float], nights: int) -> None:
    delays, errors = [], []
    for seed in range(9):
        series = simulated(seed, 140, onset=70, **change)
        alarm = meter.first_alarm(series, TWO_YEARS)
        assert alarm is not None
        if alarm >= 70:
            delays.append(alarm - 69)
            dated = dating.date(series, alarm, "down")
            assert dated is not None
            errors.append(abs(dated.onset - 70))
    assert statistics.median(delays) <= nights
    assert statistics.median(errors) <= 5
    assert len(delays) >= 8


def test_quiet_days_give_no_alarm() -> None:
    # 20 years; at the promised rate more than 16 false alarms would come once in some thousand runs of other seeds.
    alarms = [meter.first_alarm(simulated(seed, 393), TWO_YEARS) for seed in range(20)]
    assert sum(a is not None for a in alarms) <= 7


@pytest.mark.parametrize("length", [1, 2])
def test_an_outage_that_passes_is_no_drift(length: int) -> None:
    # Catches a meter without the tempering of the worst recent days: such a one fires in most of these series.
    calm = [s for s in range(12) if meter.first_alarm(simulated(s, 120), TWO_YEARS) is None]
    fired = [
        meter.first_alarm(
            with_outages(simulated(s, 120), [*range(60, 60 + length), *range(90, 90 + length)]), TWO_YEARS
        )
        for s in calm
    ]
    assert sum(a is not None for a in fired) <= 1


def test_an_outage_of_four_days_is_over_when_it_is_over_and_keeps_its_date() -> None:
    # Catches a date that is looked for again once the outage is left out, and a "now" that leaves bad days out.
    series = with_outages(simulated(8, 140, volume=900, sd=0.1), [100, 101, 102, 103], lost=0.35)
    told = {n: verdict(Plain(series.good[: n + 1], series.total[: n + 1])) for n in range(101, 125)}
    fell = [n for n, said in told.items() if said.verdict == "drifting_down"]
    assert fell
    assert fell[0] in (102, 103)
    assert fell[-1] <= 112
    for n in fell:
        onset = told[n].onset
        assert onset is not None
        assert abs((onset.day - FIRST).days - 100) <= 2
    assert told[103].now == pytest.approx(series.good[97:104].sum() / series.total[97:104].sum())


def test_missing_days_are_no_bad_days() -> None:
    series = simulated(3, 160, onset=100, slope=-1.0)
    total = series.total.copy()
    total[[40, 41, 60, 61, 62, 63, 64, 65, 66, 95, 103]] = 0
    alarm = meter.first_alarm(Plain(np.where(total > 0, series.good, 0), total), TWO_YEARS)
    assert alarm is not None
    assert 100 <= alarm <= 116


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10**6), night=st.integers(40, 110))
def test_a_night_knows_nothing_of_the_days_after_it(seed: int, night: int) -> None:
    series = simulated(seed, 120, onset=60, slope=-0.5)
    cut = Plain(series.good[: night + 1], series.total[: night + 1])
    whole, part = meter.nights(series, 28, 119), meter.nights(cut, 28, night)
    for name in meter.Nights.__slots__:
        np.testing.assert_allclose(getattr(whole, name)[: night - 27], getattr(part, name), rtol=1e-9, atol=1e-9)
    before = [d for d in meter.drifts(whole, TWO_YEARS) if d.fired <= night]
    assert [d.fired for d in meter.drifts(part, TWO_YEARS)] == [d.fired for d in before]


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_a_rise_is_the_mirror_of_a_drop(seed: int) -> None:
    series = simulated(seed, 90, level=0.5, onset=60, slope=-3.0)
    mirrored = Plain(series.total - series.good, series.total)
    down, up = meter.nights(series, 28, 89), meter.nights(mirrored, 28, 89)
    np.testing.assert_allclose(down.down, up.up, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(down.drop, up.rise, rtol=1e-6, atol=1e-6)


def test_days_without_a_single_bad_request_say_nothing_and_then_something() -> None:
    total = np.full(120, 200.0)
    told = meter.nights(Plain(total.copy(), total), 28, 119)
    assert not np.isnan(told.down).any()
    assert not list(meter.drifts(told, TWO_YEARS))
    bad = total.copy()
    bad[90:] -= 20
    assert meter.first_alarm(Plain(bad, total), TWO_YEARS) in range(91, 96)


def test_composition_is_told_from_routing_and_a_masked_drift_is_found() -> None:
    rng = np.random.default_rng(5)
    age = np.clip(np.arange(150) - 90, 0, None)
    rates = np.array([0.995, 0.99, 0.98, 0.80])

    def made(weights: NDArray[np.float64], fall: NDArray[Any]) -> tuple[Plain, Standardised]:
        noise = 0.1 * rng.standard_normal((150, 4))
        base = np.clip(rates - fall[:, None], 0.01, 0.999)
        total = rng.poisson(1e5 * weights).astype(float)
        good = rng.binomial(total.astype(int), 1 / (1 + np.exp(-np.log(base / (1 - base)) - noise))).astype(float)
        return Plain(good.sum(axis=1), total.sum(axis=1)), Standardised(good, total)

    usual = np.tile([0.35, 0.25, 0.20, 0.20], (150, 1))
    moved = np.minimum(0.15, 0.15 * age / 42)[:, None] * np.array([-1, 0, 0, 1])
    calm = np.zeros(150)
    assert verdict(*made(usual, calm)).verdict == "steady"
    assert verdict(*made(usual + moved, calm)).verdict == "composition"
    fall = 0.005 / 7 * age
    hidden = -np.minimum(fall / 0.195, 0.19)[:, None] * np.array([-1, 0, 0, 1])
    assert verdict(*made(usual, fall)).verdict == "drifting_down"
    assert verdict(*made(usual + hidden, fall)).verdict == "masked"


# The story of a drift.


def test_a_drift_stays_open_until_the_share_is_back() -> None:
    low = simulated(1, 330, onset=80, step=-2.0)
    said = verdict(low)
    assert said.verdict == "drifting_down"  # 250 days later, longer than any window, and nobody agreed to it
    assert said.onset is not None
    assert abs((said.onset.day - FIRST).days - 80) <= 1
    assert not said.onset.gradual
    back = simulated(1, 330)
    good = np.where(np.arange(330) < 150, low.good, back.good)
    over = verdict(Plain(np.minimum(good, low.total), low.total))
    assert over.verdict in ("steady", "drifting_up")
    assert over.recovered_on is not None
    assert 150 <= (over.recovered_on - FIRST).days <= 160


def test_an_accepted_level_is_the_new_normal_and_a_further_drop_is_news() -> None:
    series = simulated(2, 150, onset=80, step=-2.0)
    assert verdict(series).verdict == "drifting_down"
    accepted = FIRST + timedelta(days=80)
    assert verdict(series, accepted=accepted).verdict == "steady"
    assert verdict(Plain(series.good[:90], series.total[:90]), accepted=accepted).verdict == "learning"
    further = with_outages(series, list(range(130, 150)), lost=0.02)
    said = verdict(further, accepted=accepted)
    assert said.verdict == "drifting_down"
    assert said.onset is not None
    assert said.onset.low <= FIRST + timedelta(days=130) <= said.onset.high
    assert said.before == pytest.approx(0.965, abs=0.004)  # the accepted level, not the one before


def test_a_rise_is_reported_and_is_no_breach() -> None:
    said = verdict(simulated(4, 110, onset=90, step=1.2, level=0.95))
    assert said.verdict == "drifting_up"
    assert said.ok


def test_it_learns_for_28_days_and_says_when_there_is_too_little() -> None:
    series = simulated(0, 28)
    said = verdict(series)
    assert (said.verdict, said.learned, said.warm_up) == ("learning", 28, 28)
    assert verdict(simulated(0, 29)).verdict == "steady"
    assert verdict(simulated(0, 100, volume=8)).verdict == "insufficient"
    silent = Plain(np.append(series.good, [0.0] * 7), np.append(series.total, [0.0] * 7))
    assert verdict(silent).verdict == "insufficient"


def test_speed_and_forecast_follow_a_straight_slide() -> None:
    weeks, left, spans = [], [], []
    for seed in range(9):
        said = verdict(simulated(seed, 120, onset=92, slope=-0.35, sd=0.08))
        assert said.points_per_week is not None
        assert said.days_left is not None
        weeks.append(said.points_per_week[1])
        spans.append((said.points_per_week[0], said.points_per_week[2]))
        left.append(said.days_left[1] or 0)
        assert said.points_per_week[0] <= said.points_per_week[1] <= said.points_per_week[2]
    assert statistics.median(weeks) == pytest.approx(-0.35, abs=0.08)
    assert 4 <= sum(low <= -0.35 <= high for low, high in spans) <= 9  # of 9; 80% should hold it
    assert statistics.median(left) == pytest.approx((98.5 - 97) / 0.05 - 28, abs=8)  # 1.5 points at .05 a day


def test_a_budget_shared_by_more_series_needs_more_evidence() -> None:
    assert meter.threshold(730, 4) == pytest.approx(meter.threshold(730) + math.log(4))
    assert meter.threshold(365) < meter.threshold(730)
    series = simulated(6, 140, onset=70, slope=-0.25)
    alone, shared = (meter.first_alarm(series, meter.threshold(730, m)) for m in (1, 10_000))
    assert alone is not None
    assert shared is not None
    assert alone < shared


def test_the_threshold_is_on_the_verdict() -> None:
    said = verdict(simulated(0, 60))
    assert said.threshold == pytest.approx(803)
    assert replace(said, key={"intent": None}).name == "shop, intent=(none)"


def test_a_sentence_leaves_the_name_out_whatever_is_in_it() -> None:
    # Catches cutting the sentence at the first colon, which may stand in the name of an SLO.
    said = drift_words.sentence(SeriesDrift("chat: refunds", {}, "learning", 0.97, learned=3, warm_up=28))
    assert said == "learning 3/28"
