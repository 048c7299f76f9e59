"""The arithmetic of explain: laws of the decomposition, errors that are as large as they say, days of onsets."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiermix.analysis import spans
from tiermix.analysis.cells import Cell
from tiermix.analysis.change import Ask, change
from tiermix.analysis.decompose import Quad, effects, lost, nested
from tiermix.analysis.grids import Grid
from tiermix.analysis.onset import stretches
from tiermix.analysis.redraw import Redrawn
from tiermix.analysis.weeks import history
from tiermix.changes import Cause, Change, Owned

counts = st.integers(0, 10**9)


@st.composite
def segments(draw: Any, size: int = 12) -> list[tuple[int, int, int, int]]:
    """Good and total before and after of some segments; empty ones on either side are common."""
    out = []
    for _ in range(draw(st.integers(1, size))):
        n0, n1 = (draw(st.one_of(st.just(0), counts)) for _ in range(2))
        out.append((draw(st.integers(0, n0)), n0, draw(st.integers(0, n1)), n1))
    if not sum(x[1] for x in out) or not sum(x[3] for x in out):
        out.append((1, 2, 1, 3))
    return out


def quad(rows: list[tuple[int, int, int, int]]) -> Quad:
    return Quad(*(np.array(x, dtype=np.int64) for x in zip(*rows, strict=True)))


def merged(rows: list[tuple[int, int, int, int]]) -> tuple[int, int, int, int]:
    g0, n0, g1, n1 = (sum(x) for x in zip(*rows, strict=True))
    return g0, n0, g1, n1


def share_change(rows: list[tuple[int, int, int, int]]) -> Fraction:
    g0, n0, g1, n1 = (sum(x) for x in zip(*rows, strict=True))
    return Fraction(g1, n1) - Fraction(g0, n0)


@settings(max_examples=300)
@given(segments())
def test_rate_and_mix_effects_add_up_to_the_change_whatever_segments_are_empty(rows: Any) -> None:
    part = quad(rows)
    rate, mix = effects(part, part.whole)
    assert float(rate.sum() + mix.sum()) == pytest.approx(float(share_change(rows)), abs=1e-12)


@given(segments())
def test_swapping_the_windows_negates_every_effect(rows: Any) -> None:
    # Catches weights of one window instead of both (Laspeyres or Paasche), and a ref taken from one of them.
    there, back = quad(rows), quad([(c, d, a, b) for a, b, c, d in rows])
    for one, other in zip(effects(there, there.whole), effects(back, back.whole), strict=True):
        assert np.array_equal(one, -other)


@given(segments(), st.integers(1, 50), st.integers(1, 50))
def test_two_segments_of_one_share_add_up_to_what_they_are_together(rows: Any, k: int, m: int) -> None:
    twins = [tuple(k * x for x in rows[0]), tuple(m * x for x in rows[0])]
    together = [tuple((k + m) * x for x in rows[0]), *rows[1:], (1, 2, 1, 3)]
    apart = [*twins, *rows[1:], (1, 2, 1, 3)]
    one, two = quad(together), quad(apart)
    for whole, split in zip(effects(one, one.whole), effects(two, two.whole), strict=True):
        assert float(split[:2].sum()) == pytest.approx(float(whole[0]), abs=1e-12)


@given(segments())
def test_the_rate_effect_is_the_mean_of_both_orders_of_changing_rates_and_traffic(rows: Any) -> None:
    # Shapley, in fractions and by its definition: rates first at the old traffic, or last at the new.
    n0, n1 = sum(x[1] for x in rows), sum(x[3] for x in rows)
    want = Fraction(0)
    for a, b, c, d in rows:
        if b and d:
            want += (Fraction(b, n0) + Fraction(d, n1)) / 2 * (Fraction(c, d) - Fraction(a, b))
    part = quad(rows)
    assert float(effects(part, part.whole)[0].sum()) == pytest.approx(float(want), abs=1e-12)


@given(segments(6), segments(6))
def test_what_is_inside_a_segment_adds_up_to_its_rate_effect(inside: Any, beside: Any) -> None:
    part = quad(inside)
    both = quad([merged(inside), merged(beside)])
    rate, mix = nested(part, part.whole, both.whole)
    outer = float(effects(both, both.whole)[0][0])
    assert float(rate.sum() + mix.sum()) == pytest.approx(outer, abs=1e-12)


@given(segments())
def test_a_segment_that_one_window_lacks_is_mix_alone(rows: Any) -> None:
    part = quad(rows)
    rate, _ = effects(part, part.whole)
    assert not rate[(part.total0 == 0) | (part.total1 == 0)].any()


def test_the_example_of_simpson() -> None:
    # chat 99.0 -> 99.4%, code 90.0 -> 91.0%, code goes from 10 to 40% of the traffic: both better, the whole worse.
    part = quad([(8910, 9000, 5964, 6000), (900, 1000, 3640, 4000)])
    rate, mix = effects(part, part.whole)
    assert (100 * rate.sum(), 100 * mix.sum()) == (pytest.approx(0.55, abs=0.005), pytest.approx(-2.61, abs=0.005))


def test_the_mix_effect_of_a_segment_says_whether_its_traffic_moved_the_share_up_or_down() -> None:
    # Catches leaving out ref, which cancels in the sum: then every growing segment would seem to help.
    part = quad([(900, 1000, 450, 500), (100, 1000, 150, 1500)])
    _, mix = effects(part, part.whole)
    assert mix.tolist() == [pytest.approx(-0.125), pytest.approx(-0.075)]


@given(st.lists(st.tuples(counts, counts), min_size=1, max_size=9), counts, counts)
def test_causes_add_up_to_what_was_lost(bad: Any, good0: int, good1: int) -> None:
    bad0, bad1 = (np.array(x, dtype=np.int64) for x in zip(*bad, strict=True))
    n0, n1 = np.array([bad0.sum() + good0 + 1]), np.array([bad1.sum() + good1 + 1])
    want = Fraction(good1 + 1, int(n1[0])) - Fraction(good0 + 1, int(n0[0]))
    assert float(lost(bad0, n0, bad1, n1).sum()) == pytest.approx(float(want), abs=1e-12)


DAY = date(2026, 3, 2)
ROUTER, GUARD, SILENT = Cause("router"), Cause("guard"), Cause(None, "unserved")


def cells_of(rows: list[tuple[int, str | None, Cause | None, int]]) -> list[Cell]:
    return [Cell(day, (value,), cause, n) for day, value, cause, n in rows if n]


def compare(cells: list[Cell], days: int = 14, split: int = 7, *, fold: bool = True, dims: Any = ("intent",)) -> Change:
    ask = Ask([DAY + timedelta(days=i) for i in range(days)], split, fold)
    return change("s", ("primary",), ask, {dims: cells}, lambda c: Owned("sw", "me") if c == ROUTER else Owned())


@st.composite
def logs(draw: Any) -> list[Cell]:
    values = st.sampled_from(["a", "b", None])
    causes = st.sampled_from([None, ROUTER, GUARD, SILENT])
    rows = draw(st.lists(st.tuples(st.integers(0, 13), values, causes, st.integers(1, 500)), min_size=1, max_size=40))
    return cells_of([*rows, (0, "a", None, 1), (13, "a", None, 1)])


@given(logs(), st.booleans())
def test_rows_add_up_to_the_change_folded_or_not(cells: list[Cell], fold: bool) -> None:
    made = compare(cells, fold=fold)
    assert sum(c.points for c in made.causes) == pytest.approx(made.points, abs=1e-12)
    for one in made.dimensions:
        assert sum(p.total for p in one.parts) == pytest.approx(made.points, abs=1e-12)
        assert one.rate + one.mix == pytest.approx(made.points, abs=1e-12)
        for part in one.parts:
            if not part.folded and part.before.total and part.after.total:
                assert sum(x for _, x in part.causes) == pytest.approx(part.rate, abs=1e-12)
    told = history("s", ("primary",), [DAY + timedelta(days=i) for i in range(14)], cells, lambda c: Owned())
    for week in told.weeks:
        assert sum(week.causes.values()) == pytest.approx(week.change or 0.0, abs=1e-12)


def two_windows(before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]]) -> Change:
    """A change between two windows of 28 equal days each, from (requests, bad requests) a day by intent."""
    rows: list[tuple[int, str | None, Cause | None, int]] = []
    for day in range(56):
        for name, (n, bad) in (before if day < 28 else after).items():
            wiggle = day % 3
            rows += [(day, name, None, n - bad - wiggle), (day, name, ROUTER, bad + wiggle)]
    return compare(cells_of(rows), 56, 28)


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        ({"chat": (9000, 90), "code": (1000, 100)}, {"chat": (6000, 36), "code": (4000, 360)}, "composition"),
        ({"chat": (9000, 90), "code": (1000, 100)}, {"chat": (9000, 290), "code": (1000, 120)}, "routing"),
        ({"chat": (9000, 90), "code": (1000, 100)}, {"chat": (6000, 160), "code": (4000, 480)}, "both"),
        ({"chat": (9000, 90), "code": (1000, 100)}, {"chat": (9000, 91), "code": (1000, 100)}, "steady"),
        # every intent falls, but the hard one shrinks: the headline hides it
        ({"chat": (6000, 60), "code": (4000, 400)}, {"chat": (9000, 230), "code": (1000, 150)}, "masked"),
    ],
)
def test_the_verdict_tells_routing_from_composition(before: Any, after: Any, verdict: str) -> None:
    made = two_windows(before, after)
    assert made.verdict == verdict
    assert made.mover == ("intent" if verdict in ("composition", "both", "masked") else "")


def test_a_dimension_whose_values_were_all_renamed_accuses_no_composition() -> None:
    made = two_windows({"v1": (9000, 90)}, {"v2": (9000, 900)})
    assert not made.dimensions[0].comparable
    assert made.verdict == "routing"


def test_segments_beyond_chance_are_shown_and_the_rest_is_one_row() -> None:
    rng = np.random.default_rng(3)
    rows: list[tuple[int, str | None, Cause | None, int]] = []
    for day in range(35):
        for i in range(30):
            bad = int(rng.binomial(400, 0.2 if i == 7 and day >= 28 else 0.02))
            rows += [(day, f"t{i}", None, 400 - bad), (day, f"t{i}", ROUTER, bad)]
    parts = compare(cells_of(rows), 35, 28).dimensions[0].parts
    assert parts[0].value == "t7"
    assert parts[-1].folded >= 26  # by chance one row in twenty may pass
    assert abs(parts[-1].total) < 0.15


def assert_errors_are_as_large_as_changes_vary(seed: int, noise: float, days: int) -> None:
    """Of 500 changes that are none, from 28 noisy days to so many after them, with 5,000 requests a day."""
    rng = np.random.default_rng(seed)
    total = np.full(28 + days, 5000)
    seen, said = [], []
    for _ in range(500):
        bad = rng.binomial(5000, np.clip(0.1 + noise * rng.normal(size=28 + days), 0.01, 0.9))
        made: Grid[None] = Grid((None,), (total - bad)[:, None], total[:, None], 28)
        drawn = Redrawn(total, 28)
        errors = drawn.errors(1, lambda s, made=made, drawn=drawn: moved(drawn.sums(made, s))[..., None])  # type: ignore[misc]
        assert errors is not None
        seen.append(float(moved(made.quad)[0]))
        said.append(float(errors[0][0, 0]))
    assert np.sqrt(np.mean(np.square(said))) == pytest.approx(np.std(seen), rel=0.08)


def test_a_standard_error_is_as_large_as_the_change_really_varies() -> None:
    # Catches drawing all blocks instead of all but one: with four weeks on either side, that is 13% too small.
    assert_errors_are_as_large_as_changes_vary(seed=11, noise=0.01, days=28)


@pytest.mark.parametrize("days", [1, 4, 13])
def test_the_error_of_a_short_window_is_as_large_as_such_windows_really_vary(days: int) -> None:
    # Catches redrawing the short window itself (none for one day), and drawing as many days as it has from the other.
    assert_errors_are_as_large_as_changes_vary(seed=12, noise=0.02, days=days)


def test_a_slide_inside_the_window_after_is_no_noise_of_it() -> None:
    rows: list[tuple[int, str | None, Cause | None, int]] = []
    for i in range(32):
        guard, router = 5 + i % 3, max(0, 30 * (i - 27))  # 3, 6, 9 and 12 points on four days
        rows += [(i, "a", None, 1000 - guard - router), (i, "a", GUARD, guard), (i, "a", ROUTER, router)]
    made = compare(cells_of(rows), 32, 28)
    assert made.verdict == "routing"
    assert made.causes[0].cause == ROUTER
    assert made.error is not None
    # Not less than what the counts of its own requests make.
    p = made.causes[0].after / 4000
    assert made.causes[0].error is not None
    assert made.causes[0].error >= 100 * (p * (1 - p) / 4000) ** 0.5
    assert made.error < 1


def test_days_of_noise_alone_make_no_verdict_more_often_than_chance_does() -> None:
    # Catches an error from the counts alone: these days differ four times as much.
    rng, told = np.random.default_rng(8), 0
    for _ in range(60):
        rows: list[tuple[int, str | None, Cause | None, int]] = []
        for i, share in enumerate(np.clip(0.05 + 0.012 * rng.normal(size=29), 0.005, 1)):
            bad = int(rng.binomial(5000, share))
            rows += [(i, "a", None, 5000 - bad), (i, "a", ROUTER, bad)]
        told += compare(cells_of(rows), 29, 28).verdict != "steady"
    assert told <= 8


def test_a_window_of_few_requests_is_never_certain() -> None:
    # Catches the plain binomial error, which is nothing when all of them end alike.
    rows: list[tuple[int, str | None, Cause | None, int]] = [(i, "a", None, 300) for i in range(28)]
    made = compare(cells_of([*rows, (28, "a", ROUTER, 1)]), 29, 28)
    assert made.points == pytest.approx(-100)
    assert made.error is not None
    assert made.error > 30


def test_all_rows_folded_into_one_have_the_error_of_the_total() -> None:
    # Catches adding up the errors of rows that rise and fall together as if they were independent.
    rng = np.random.default_rng(2)
    rows: list[tuple[int, str | None, Cause | None, int]] = []
    for i, share in enumerate(0.1 + 0.02 * rng.normal(size=56)):
        for name in "abc":
            for cause in (ROUTER, GUARD, SILENT):
                rows += [(i, name, cause, int(1000 * share) // 3)]
            rows += [(i, name, None, 1000 - 3 * (int(1000 * share) // 3))]
    made = compare(cells_of(rows), 56, 28)
    assert made.verdict == "steady"
    assert [c.folded for c in made.causes] == [3]
    assert made.causes[0].error == pytest.approx(made.error, rel=1e-9)
    assert [p.folded for p in made.dimensions[0].parts] == [3]
    assert made.dimensions[0].parts[0].error == pytest.approx(made.error, rel=0.05)


def moved(q: Quad) -> Any:
    return q.good1 / q.total1 - q.good0 / q.total0


def test_no_error_is_given_where_both_windows_have_one_day() -> None:
    made = compare(cells_of([(0, "a", None, 50), (1, "a", None, 40), (1, "a", ROUTER, 10)]), 2, 1)
    assert made.error is None
    assert [c.error for c in made.causes] == [None]
    assert made.points == pytest.approx(-20)


def test_a_day_far_off_is_named_and_counted() -> None:
    rows: list[tuple[int, str | None, Cause | None, int]] = []
    for day in range(14):
        bad = 600 if day == 3 else 10 + day % 3
        rows += [(day, "a", None, 1000 - bad), (day, "a", ROUTER, bad)]
    made = compare(cells_of(rows))
    assert made.unusual == (DAY + timedelta(days=3),)
    assert made.before.counts.total == 7000


# Onsets.

N = np.full(180, 1000)


def noisy(share: Any, seed: int = 0, n: Any = N, sigma: float = 0.1) -> tuple[Any, Any]:
    """Counts of a share by day with noise beyond chance, in logits, and a weekly rhythm."""
    rng = np.random.default_rng(seed)
    share = np.broadcast_to(share, n.shape)
    odds = (
        np.log(np.maximum(share, 1e-9) / (1 - share))
        + sigma * rng.normal(size=len(n))
        + 0.1 * (np.arange(len(n)) % 7 > 4)
    )
    return np.where(share > 0, rng.binomial(n, 1 / (1 + np.exp(-odds))), 0), n


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("base", "level"), [(0.0, 0.01), (0.0, 0.25), (0.01, 0.05), (0.1, 0.3)])
def test_a_step_is_dated_to_the_day(base: float, level: float, seed: int) -> None:
    day = 60 + 7 * seed
    found = stretches(*noisy(np.where(np.arange(180) >= day, level, base), seed))
    assert [s.end for s in found] == [None]
    assert abs(found[0].start - day) <= 1
    assert found[0].level - found[0].base == pytest.approx(level - base, rel=0.15, abs=0.004)


@pytest.mark.parametrize("length", [1, 2])
def test_an_outage_of_a_day_or_two_leaves_no_trace_and_a_longer_spell_has_an_end(length: int) -> None:
    # Catches cutting the raw shares: without the running median a day of 50% makes two cuts.
    k, n = noisy(0.01, 1)
    k[90 : 90 + length] = 500
    assert stretches(k, n) == ()
    k[90:100] = 500
    (found,) = stretches(k, n)
    assert (found.start, found.end) == (90, 100)
    assert found.level == pytest.approx(0.5, abs=0.02)


def test_a_step_stays_dated_beside_an_outage_before_it() -> None:
    k, n = noisy(np.where(np.arange(180) >= 100, 0.05, 0.005), 4)
    k[70] = 700
    (found,) = stretches(k, n)
    assert abs(found.start - 100) <= 1


@pytest.mark.parametrize("weekly", [0.01, 0.0025])
def test_a_ramp_is_dated_near_its_beginning(weekly: float) -> None:
    # Catches leaving the date at the first stair: 5 and 9 days late in the median at these slopes.
    late = []
    for seed in range(12):
        day = 60 + 5 * seed
        share = weekly * np.clip(np.arange(180) - day, 0, None) / 7
        (found,) = stretches(*noisy(share, seed))
        late.append(found.start - day)
    assert np.median(np.abs(late)) <= 4, late


def test_steady_shares_make_hardly_any_spells() -> None:
    found = sum(
        bool(stretches(*noisy(level, 100 + seed, np.full(180, size), 0.2)))
        for seed in range(20)
        for level in (0.0, 0.005, 0.05, 0.3)
        for size in (300, 100_000)
    )
    assert found <= 6  # of 160


def test_days_without_requests_are_skipped() -> None:
    k, n = noisy(np.where(np.arange(180) >= 100, 0.2, 0.01), 2, N.copy())
    k[[20, 21, 22, 103]], n[[20, 21, 22, 103]] = 0, 0
    (found,) = stretches(k, n)
    assert found.start == 100


def test_a_spell_that_was_over_before_the_weeks_shown_is_left_out() -> None:
    rows: list[tuple[int, str | None, Cause | None, int]] = []
    for i in range(90):
        guard, router = 300 if 7 <= i < 49 else 0, 200 if i >= 30 else 0
        rows += [(i, "a", None, 1000 - guard - router), (i, "a", GUARD, guard), (i, "a", ROUTER, router)]
    days = [DAY + timedelta(days=i) for i in range(90)]
    for shown, causes in ((0, [GUARD, ROUTER]), (48, [GUARD, ROUTER]), (49, [ROUTER]), (63, [ROUTER])):
        told = history("s", ("primary",), days, cells_of(rows), lambda c: Owned(), shown=shown)
        assert [s.cause for s in told.spells] == causes
        assert [s.since for s in told.lasting] == [day(30)]
        assert sum(w.counts.total for w in told.weeks) == 1000 * (90 - shown)


# Which days are compared.


def day(n: int) -> date:
    return DAY + timedelta(days=n)


@pytest.mark.parametrize(
    ("begin", "end", "before", "after"),
    [
        (60, 80, (32, 59), (74, 80)),
        (60, 63, (32, 59), (60, 63)),  # fewer than seven days: not a day before begin
        (25, 60, (4, 24), (54, 60)),  # three whole weeks of 25 days
        (5, 60, (0, 4), (54, 60)),
    ],
)
def test_between_two_days(begin: int, end: int, before: tuple[int, int], after: tuple[int, int]) -> None:
    made = spans.between(day(begin), day(end), DAY)
    assert made is not None
    assert (made.before, made.after) == (tuple(map(day, before)), tuple(map(day, after)))


def test_there_is_nothing_to_compare_before_the_first_day() -> None:
    assert spans.between(DAY, day(9), DAY) is None
    assert spans.default_windows(None, DAY, DAY) is None


@pytest.mark.parametrize(
    ("onset", "last", "before", "after"),
    [
        (None, 100, (66, 93), (94, 100)),
        (40, 100, (12, 39), (94, 100)),
        (98, 100, (70, 97), (98, 100)),
        (0, 100, (66, 93), (94, 100)),  # nothing before it
        (None, 8, (0, 4), (5, 8)),
        (None, 1, (0, 0), (1, 1)),
    ],
)
def test_default_windows(onset: int | None, last: int, before: tuple[int, int], after: tuple[int, int]) -> None:
    made = spans.default_windows(None if onset is None else day(onset), DAY, day(last))
    assert made is not None
    assert (made.before, made.after) == (tuple(map(day, before)), tuple(map(day, after)))
    assert made.onset == (day(onset) if onset else None)
