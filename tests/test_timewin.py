"""Windows, days and durations."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiermix import timewin as w
from tiermix.errors import UsageError


@pytest.mark.parametrize(
    ("text", "seconds"), [("5m", 300), ("6h", 21600), ("7d", 604800), ("1d12h", 129600), ("4W", 2419200), ("90s", 90)]
)
def test_durations(text: str, seconds: int) -> None:
    assert w.parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "7", "d", "-1d", "1.5h", "7 apples", "0d", "9999999d", "1d;x"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        w.parse_duration(text)


@given(st.integers(1, 10 * 366 * 86400))
def test_a_duration_survives_being_written_and_read(seconds: int) -> None:
    assert w.parse_duration(w.format_duration(seconds)) == seconds


def test_days_across_a_clock_change_have_23_and_25_hours() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    spring = w.Window(datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 30, 22, tzinfo=UTC))
    assert [(d.end - d.start) / timedelta(hours=1) for d in w.split_days(spring, berlin)] == [23, 24]
    autumn = w.Window(datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC))
    assert [(d.end - d.start) / timedelta(hours=1) for d in w.split_days(autumn, berlin)] == [25]


def test_n_days_end_with_the_day_of_the_last_moment() -> None:
    # At midnight the day just over is the last one, not the empty one that begins.
    midnight = datetime(2026, 11, 21, tzinfo=UTC)
    assert w.days_window(2, midnight, UTC).start == datetime(2026, 11, 19, tzinfo=UTC)
    assert w.days_window(2, midnight + timedelta(minutes=1), UTC).start == datetime(2026, 11, 20, tzinfo=UTC)


def test_a_cut_day_is_marked_partial() -> None:
    window = w.Window(datetime(2026, 11, 19, tzinfo=UTC), datetime(2026, 11, 20, 6, tzinfo=UTC))
    assert [(d.day, d.partial) for d in w.split_days(window, UTC)] == [
        (date(2026, 11, 19), False),
        (date(2026, 11, 20), True),
    ]


@given(
    st.datetimes(datetime(2001, 1, 1), datetime(2090, 1, 1)),
    st.integers(1, 400),
    st.sampled_from(
        ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "Australia/Lord_Howe"]
    ),
)
def test_days_tile_their_window(as_of: datetime, days: int, zone: str) -> None:
    tz = w.parse_zone(zone)
    window = w.days_window(days, as_of.replace(tzinfo=UTC), tz)
    cut = w.split_days(window, tz)
    assert cut[0].start == window.start
    assert cut[-1].end == window.end
    assert all(a.end == b.start for a, b in pairwise(cut))


def test_moments() -> None:
    now = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
    assert w.parse_moment("2026-11-20", UTC) == datetime(2026, 11, 20, tzinfo=UTC)
    assert w.parse_moment("2026-11-20", ZoneInfo("Europe/Berlin")) == datetime(2026, 11, 19, 23, tzinfo=UTC)
    assert w.parse_moment("2026-11-20T14:05+02:00", UTC) == datetime(2026, 11, 20, 12, 5, tzinfo=UTC)
    assert w.parse_moment("yesterday", UTC, now) == datetime(2026, 11, 20, tzinfo=UTC)
    assert w.parse_moment("2d", UTC, now) == now - timedelta(days=2)
    with pytest.raises(UsageError):
        w.parse_moment("next week", UTC, now)


@given(st.datetimes(datetime(1971, 1, 1), datetime(2090, 1, 1)))
def test_microseconds_since_1970_are_exact(moment: datetime) -> None:
    aware = moment.replace(tzinfo=UTC)
    assert w.from_epoch_us(w.epoch_us(aware)) == aware


def test_unknown_zone_is_refused() -> None:
    with pytest.raises(UsageError):
        w.parse_zone("Mars/Olympus")
