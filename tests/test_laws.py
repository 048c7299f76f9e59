"""Laws of the arithmetic that hold for any counts. Each names the mutation that it catches."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tiermix.analysis import burn as burning
from tiermix.config.alerts import infeasible, standard_rows
from tiermix.model import AlertRow, Budget, Counts
from tiermix.timewin import DAY, HOUR, MINUTE

counts = st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)).map(lambda x: Counts(x[0], x[0] + x[1]))
some = counts.filter(lambda c: c.total > 0)
targets = st.integers(1, 9999).map(lambda n: Fraction(n, 10_000))
factors = st.integers(1, 5000).map(lambda n: Fraction(n, 100))
ROW = AlertRow("page", Fraction("13.44"), HOUR, 5 * MINUTE, Fraction("0.08"))


@given(c=some, target=targets, k=st.integers(1, 10**6))
def test_scaling_all_counts_changes_no_burn_and_no_budget(c: Counts, target: Fraction, k: int) -> None:
    # Catches rounding before the comparison, and a floor on traffic.
    scaled = Counts(c.good * k, c.total * k)
    assert burning.burn_rate(c, target) == burning.burn_rate(scaled, target)
    assert burning.budget(c, c, target, DAY).remaining == burning.budget(scaled, scaled, target, DAY).remaining
    assert burning.exceeds(c, Fraction(6), target) == burning.exceeds(scaled, Fraction(6), target)


@given(a=some, b=some, target=targets)
def test_two_tenants_together_burn_between_the_two(a: Counts, b: Counts, target: Fraction) -> None:
    # Catches averaging rates instead of adding counts.
    both = Counts(a.good + b.good, a.total + b.total)
    rates = [burning.burn_rate(c, target) for c in (a, both, b)]
    assert None not in rates
    low, middle, high = (r for r in rates if r is not None)
    assert min(low, high) <= middle <= max(low, high)


@given(c=some)
def test_the_good_and_the_bad_share_make_one(c: Counts) -> None:
    assert Fraction(c.good, c.total) + Fraction(c.bad, c.total) == 1
    assert 0 <= c.good <= c.total


@given(c=some, target=targets)
def test_the_whole_budget_is_spent_exactly_at_a_burn_of_one(c: Counts, target: Fraction) -> None:
    # Catches a budget in minutes instead of requests, and clamping at zero.
    rate, left = burning.burn_rate(c, target), burning.budget(c, c, target, DAY).remaining
    assert rate is not None
    assert left is not None
    assert abs(left - float(1 - rate)) <= 1e-9 * max(1.0, float(rate))
    assert (left < 0) == (rate > 1)


@given(long=counts, short=counts, target=targets, min_bad=st.integers(1, 5))
def test_an_alert_needs_both_windows_and_the_floor(long: Counts, short: Counts, target: Fraction, min_bad: int) -> None:
    # Catches `or` for `and`, `>=` for `>`, and a floor on the short window or on requests.
    alert = burning.judge(ROW, long, short, target, min_bad)
    limit = ROW.factor * (1 - target)
    above = [c.total > 0 and Fraction(c.bad, c.total) > limit for c in (long, short)]
    assert alert.firing == (all(above) and long.bad >= min_bad)
    assert (alert.long_burn is None, alert.short_burn is None) == (long.total == 0, short.total == 0)


@given(bad=st.integers(1, 10**6), factor=factors, target=targets)
def test_nothing_fires_at_the_threshold_itself(bad: int, factor: Fraction, target: Fraction) -> None:
    # Exactly at the threshold, and with one request more that is bad. Catches `>=`, and floats.
    limit = factor * (1 - target)
    assume(limit < 1)
    total = bad * limit.denominator
    at = Counts(total - bad * limit.numerator, total)
    assert not burning.exceeds(at, factor, target)
    assert burning.exceeds(Counts(at.good, total + 1), factor, target) == (at.bad + 1 > limit * (total + 1))
    if at.good:
        assert burning.exceeds(Counts(at.good - 1, total), factor, target)


@given(target=targets, factor=factors)
def test_a_row_is_infeasible_exactly_when_total_loss_does_not_fire_it(target: Fraction, factor: Fraction) -> None:
    lost = Counts(0, 1000)
    assert (infeasible(factor, target) is not None) == (not burning.exceeds(lost, factor, target))


@given(days=st.integers(1, 400))
def test_no_standard_row_fires_while_the_promise_is_kept(days: int) -> None:
    # Catches scaling the workbook's budget shares to short periods as they are. 28 days keep the published 14/15.
    for row in standard_rows(days * DAY):
        assert row.factor >= (Fraction(14, 15) if days == 28 else 1)
        assert row.budget == row.factor * row.long / (days * DAY)
        assert row.long <= days * DAY


@given(total=st.integers(1, 10**6), burned=st.fractions(Fraction(11, 10), 30), used=st.fractions(0, Fraction(99, 100)))
def test_a_budget_that_burns_is_gone_when_it_says(total: int, burned: Fraction, used: Fraction) -> None:
    # Simulates the rest of a calendar month second by second of its own clock. Catches forgetting what traffic earns.
    target = Fraction(97, 100)
    elapsed, left = 10 * DAY, 20 * DAY
    allowed = (1 - target) * total
    bad = int(used * allowed)
    present_total = 10**6
    present = Counts(present_total - int(burned * (1 - target) * present_total), present_total)
    rate = burning.burn_rate(present, target)
    assert rate is not None
    said = burning.budget(Counts(total - bad, total), present, target, elapsed, left).exhausted_in
    if said is None:
        said = float(left)
        after = allowed * (1 + Fraction(left, elapsed)) - bad - rate * allowed * Fraction(left, elapsed)
        assert after >= -1e-6 * float(allowed)
    elif said > 0:
        t = Fraction(said) / elapsed
        assert abs(float(allowed * (1 + t) - bad - rate * allowed * t)) < 1e-6 * float(allowed) + 1e-9


def test_the_budget_of_a_calendar_period_is_gone_before_its_end_or_lasts() -> None:
    # 10 days in, half the budget spent, burning at 6: (6 - 1) times the allowance of a day goes each day, 5 are left.
    spent, present = Counts(985, 1000), Counts(82, 100)
    day = 86400
    assert burning.budget(spent, present, Fraction(97, 100), 10 * day, 20 * day).exhausted_in == pytest.approx(day)
    assert burning.budget(spent, present, Fraction(97, 100), 10 * day, day / 2).exhausted_in is None


def test_without_requests_nothing_is_allowed_spent_or_left() -> None:
    nothing = burning.budget(Counts(0, 0), Counts(0, 0), Fraction(97, 100), DAY)
    assert nothing == Budget(0.0, 0, None, None)


def test_an_overspent_budget_is_gone_now_and_a_burning_one_to_the_second() -> None:
    # Catches a budget that is gone only when nothing is left of it exactly, and rounding of the time that it lasts.
    day, burning_at = DAY, Counts(90, 100)
    assert burning.budget(Counts(90, 100), burning_at, Fraction(97, 100), day).exhausted_in == 0
    assert burning.budget(Counts(97, 100), burning_at, Fraction(97, 100), day).exhausted_in == 0
    lasts = burning.budget(Counts(990, 1000), burning_at, Fraction(97, 100), 10).exhausted_in
    assert lasts == float(Fraction(2, 3) * 10 / Fraction(10, 3))
    assert lasts == 2
    assert burning.budget(Counts(991, 1000), burning_at, Fraction(97, 100), 10).exhausted_in == float(Fraction(21, 10))
