"""Burn rates and budgets as pure arithmetic. Each test names a change of analysis/burn.py that it catches."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiermix.analysis import burn
from tiermix.config.alerts import standard_rows
from tiermix.config.settings import AlertSetting, Slo
from tiermix.errors import InfeasibleAlert, TiermixError
from tiermix.model import AlertRow, Counts
from tiermix.timewin import DAY, HOUR, MINUTE

TARGET = Fraction(97, 100)


def table(days: int) -> list[tuple[str, float, int, int, float]]:
    return [
        (r.severity, round(float(r.factor), 4), r.long, r.short, round(float(r.budget) * 100, 1))
        for r in standard_rows(days * DAY)
    ]


def test_rows_of_thirty_days_are_those_of_the_sre_workbook() -> None:
    # Catches any changed factor, window or severity.
    assert table(30) == [
        ("page", 14.4, HOUR, 5 * MINUTE, 2.0),
        ("page", 6, 6 * HOUR, 30 * MINUTE, 5.0),
        ("ticket", 3, DAY, 2 * HOUR, 10.0),
        ("ticket", 1, 3 * DAY, 6 * HOUR, 10.0),
    ]


def test_rows_of_28_and_7_days_are_as_published() -> None:
    # 28 d: sloth's google-28d windows. 7 d: sloth's 7-day example with its last row raised to 1.
    assert [(f, b) for _, f, _, _, b in table(28)] == [(13.44, 2), (5.6, 5), (2.8, 10), (0.9333, 10)]
    assert [(f, b) for _, f, _, _, b in table(7)] == [(13.44, 8), (3.5, 12.5), (1.4, 20), (1, 42.9)]


def test_another_period_takes_the_thirty_day_budget_shares_but_no_factor_below_one() -> None:
    # 90 d as Datadog and Kibana publish for 2/5/10/10%: 43.2, 18, 9, 3. Catches factor = share x long / period.
    assert [f for _, f, _, _, _ in table(90)] == [43.2, 18, 9, 3]
    assert [f for _, f, _, _, _ in table(14)] == [6.72, 2.8, 1.4, 1]  # the last would be 0.467: inside the SLO


def test_rows_longer_than_the_period_are_left_out() -> None:
    assert [(r.long, r.short) for r in standard_rows(DAY)] == [(HOUR, 300), (6 * HOUR, 1800), (DAY, 7200)]


def judged(long: tuple[int, int], short: tuple[int, int], factor: str = "13.44", min_bad: int = 2) -> bool:
    row = AlertRow("page", Fraction(factor), HOUR, 300, Fraction(8, 100))
    made = burn.judge(row, Counts(long[1] - long[0], long[1]), Counts(short[1] - short[0], short[1]), TARGET, min_bad)
    return made.firing


def test_a_row_fires_strictly_above_its_threshold_on_exact_numbers() -> None:
    # 13.44 x 0.03 = 0.4032 exactly: 4032 of 10000 is not above it. Catches >= and floating point thresholds.
    assert not judged((4032, 10000), (4032, 10000))
    assert judged((4033, 10000), (4033, 10000))


def test_both_windows_must_burn() -> None:
    # Catches `or` in place of `and`.
    assert not judged((4033, 10000), (0, 800))
    assert not judged((100, 10000), (800, 800))


def test_the_floor_is_on_bad_requests_of_the_long_window_and_not_on_traffic() -> None:
    # Catches a floor on total, and one on the short window.
    assert not judged((1, 1), (1, 1))
    assert judged((2, 2), (1, 1))


def test_rounding_does_not_hide_an_alert() -> None:
    # slo-generator rounds 43.33% bad at 97% to a burn of 14.4 and stays silent; the true burn is 14.444.
    assert judged((4333, 10000), (4333, 10000), factor="14.4")


def test_no_traffic_has_no_burn_and_never_fires() -> None:
    made = burn.judge(standard_rows(7 * DAY)[0], Counts(0, 0), Counts(0, 0), TARGET, 2)
    assert (made.long_burn, made.short_burn, made.firing) == (None, None, False)


@pytest.mark.parametrize(
    ("good", "total", "target", "remaining"),
    [
        (970, 1000, "0.97", 0.0),
        (1000, 1000, "0.97", 1.0),
        (940, 1000, "0.97", -1.0),  # twice the budget: negative, not clamped
        (9690, 10000, "0.97", 1 - 310 / 300),  # slo-generator prints a burn of 1.0 and no alert here
        (99950, 100000, "0.999", 0.5),
    ],
)
def test_budget_remaining_is_request_weighted(good: int, total: int, target: str, remaining: float) -> None:
    made = burn.budget(Counts(good, total), Counts(good, total), Fraction(target), 7 * DAY)
    assert made.remaining == pytest.approx(remaining, abs=1e-12)
    assert made.allowed == pytest.approx(total * (1 - float(target)))


def test_time_to_exhaustion_is_what_is_left_at_the_present_burn() -> None:
    # Half the budget left, burning 3x: 0.5 x 7 d / 3. Catches dividing by burn - 1 or by the burn of the whole window.
    made = burn.budget(Counts(9850, 10000), Counts(910, 1000), TARGET, 7 * DAY)
    assert made.exhausted_in == pytest.approx(0.5 * 7 * DAY / 3)
    assert burn.budget(Counts(9850, 10000), Counts(970, 1000), TARGET, 7 * DAY).exhausted_in is None
    assert burn.budget(Counts(9700, 10000), Counts(1000, 1000), TARGET, 7 * DAY).exhausted_in == 0
    assert burn.budget(Counts(0, 0), Counts(0, 0), TARGET, 7 * DAY).remaining is None


def test_a_row_that_can_never_fire_is_refused_with_the_number_and_both_ways_out() -> None:
    slo = Slo("x", target=Fraction(1, 2))
    with pytest.raises(InfeasibleAlert) as caught:
        burn.rows_of(slo)
    assert "13.44" in caught.value.message
    assert "6.72" in caught.value.message
    assert "0.9256" in caught.value.hint
    assert "below 2" in caught.value.hint


def test_feasibility_is_decided_at_the_exact_edge() -> None:
    # At factor x (1 - target) = 1 even an outage of everything is not above the threshold.
    edge = Slo("x", target=Fraction(9, 10), alerts=(AlertSetting("page", Fraction(10), HOUR, 300),))
    with pytest.raises(InfeasibleAlert):
        burn.rows_of(edge)
    below = Slo("x", target=Fraction(9, 10), alerts=(AlertSetting("page", Fraction("9.99"), HOUR, 300),))
    assert len(burn.rows_of(below)) == 1


def test_more_good_than_total_is_an_error_and_not_a_share_above_one() -> None:
    with pytest.raises(TiermixError):
        Counts(6, 5)


numbers = st.integers(min_value=0, max_value=10**9)


@st.composite
def counts(draw: st.DrawFn) -> Counts:
    total = draw(numbers)
    return Counts(draw(st.integers(0, total)), total)


@given(counts(), counts(), st.integers(2, 1000))
def test_scaling_all_counts_changes_no_burn(long: Counts, short: Counts, k: int) -> None:
    row = standard_rows(7 * DAY)[1]
    one = burn.judge(row, long, short, TARGET, 1)
    many = burn.judge(
        row, Counts(long.good * k, long.total * k), Counts(short.good * k, short.total * k), TARGET, 1
    )  # fmt: skip
    assert (one.long_burn, one.short_burn, one.firing) == (many.long_burn, many.short_burn, many.firing)


@given(counts(), counts())
def test_merging_two_tenants_lies_between_them(a: Counts, b: Counts) -> None:
    rates = [r for c in (a, b) if (r := burn.burn_rate(c, TARGET)) is not None]
    both = burn.burn_rate(Counts(a.good + b.good, a.total + b.total), TARGET)
    if both is None:
        assert not rates
    else:
        assert min(rates) <= both <= max(rates)
