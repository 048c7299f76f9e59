"""Time as tiermix counts it: durations, half-open windows, and days in a time zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tiermix.errors import UsageError

MINUTE = 60
HOUR = 3600
DAY = 86400
# Calendar periods and the length that stands for them.
CALENDAR = {"week": 7 * DAY, "month": 30 * DAY, "quarter": 90 * DAY}
_UNITS = {"y": 365 * DAY, "w": 7 * DAY, "d": DAY, "h": HOUR, "m": MINUTE, "s": 1}


@dataclass(frozen=True, slots=True)
class Window:
    """The half-open span [start, end), both in UTC."""

    start: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return (self.end - self.start).total_seconds()


@dataclass(frozen=True, slots=True)
class Day:
    """One calendar day of a zone cut to a window: [start, end) in UTC.

    `partial` is true when the window or the end of the data cuts it short.
    """

    day: date
    start: datetime
    end: datetime
    partial: bool


def parse_duration(text: str) -> int:
    """Seconds in a duration such as `5m`, `6h`, `7d`, `4w`, `1d12h` or `2y` (of 365 days).

    Raises:
        UsageError: the text is no positive duration.
    """
    parts = re.findall(r"(\d+)\s*([ywdhms])", text.strip().lower())
    if not parts or "".join(n + u for n, u in parts) != re.sub(r"\s", "", text.strip().lower()):
        raise UsageError(f"{text!r} is not a duration", hint="write a number and a unit, such as 5m, 6h, 7d or 4w")
    seconds = sum(int(n) * _UNITS[u] for n, u in parts)
    if not 0 < seconds <= 3660 * DAY:
        raise UsageError(f"{text!r} is out of range", hint="a duration lies between 1s and ten years")
    return seconds


def format_duration(seconds: float) -> str:
    """The shortest exact spelling in whole units: 604800 is `7d`, 5400 is `1h30m`."""
    left = round(seconds)
    out = ""
    for unit in ("d", "h", "m", "s"):
        count, left = divmod(left, _UNITS[unit])
        if count:
            out += f"{count}{unit}"
    return out or "0s"


def format_age(seconds: float) -> str:
    """A length of time in whole hours, or exactly when it is shorter."""
    return format_duration(seconds // HOUR * HOUR) if seconds >= HOUR else format_duration(seconds)


def parse_zone(name: str) -> tzinfo:
    """The IANA time zone of that name.

    Raises:
        UsageError: there is no such zone.
    """
    if name.upper() in ("UTC", "Z"):
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(f"{name!r} is not a time zone", hint="write an IANA name such as Europe/Berlin") from error


def parse_moment(text: str, zone: tzinfo, now: datetime | None = None) -> datetime:
    """A moment in UTC from an ISO date or date-time (in `zone` when it has none), `today`, `yesterday` or `7d` (ago).

    Raises:
        UsageError: the text is none of these, or is relative and `now` is not known.
    """
    word = text.strip()
    if now is not None:
        today = now.astimezone(zone).date()
        if word.lower() in ("now", "today", "yesterday"):
            if word.lower() == "now":
                return now
            return start_of_day(today - timedelta(days=word.lower() == "yesterday"), zone)
        if re.fullmatch(r"\d+[ywdhms]", word.lower()):
            return now - timedelta(seconds=parse_duration(word))
    try:
        moment = datetime.fromisoformat(word)
    except ValueError as error:
        raise UsageError(
            f"{text!r} is not a moment in time", hint="write 2026-11-20, 2026-11-20T14:05Z, yesterday or 7d (ago)"
        ) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return moment.astimezone(UTC)


def start_of_day(day: date, zone: tzinfo) -> datetime:
    """Midnight of that day in `zone`, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def parse_slo_window(text: str) -> tuple[int, str]:
    """The window of an SLO: its length in seconds, and `week`, `month` or `quarter` when it is one of the calendar.

    Raises:
        UsageError: the text is neither a calendar period nor a duration of whole minutes.
    """
    if (word := text.strip().lower()) in CALENDAR:
        return CALENDAR[word], word
    seconds = parse_duration(text)
    if seconds % MINUTE:
        raise UsageError(f"{text!r} is not whole minutes", hint="counts are kept by the minute")
    return seconds, ""


def calendar_window(unit: str, moment: datetime, zone: tzinfo) -> Window:
    """The whole week (from Monday), month or quarter of `zone` that holds the last moment before `moment`."""
    day = last_day(moment, zone)
    if unit == "week":
        first = day - timedelta(days=day.weekday())
        return Window(start_of_day(first, zone), start_of_day(first + timedelta(days=7), zone))
    months = 3 if unit == "quarter" else 1
    first = day.replace(month=(day.month - 1) // months * months + 1, day=1)
    after = (first + timedelta(days=31 * months)).replace(day=1)
    return Window(start_of_day(first, zone), start_of_day(after, zone))


def last_day(end: datetime, zone: tzinfo) -> date:
    """The calendar day that holds the last moment before `end`."""
    return (end - timedelta(microseconds=1)).astimezone(zone).date()


def days_window(days: int, as_of: datetime, zone: tzinfo) -> Window:
    """`days` calendar days of `zone`, the last being the day of `as_of`, cut at `as_of`."""
    first = last_day(as_of, zone) - timedelta(days=days - 1)
    return Window(start_of_day(first, zone), as_of)


def split_days(window: Window, zone: tzinfo) -> tuple[Day, ...]:
    """The calendar days that `window` touches, in order. A day across a clock change has 23 or 25 hours."""
    out = []
    day = window.start.astimezone(zone).date()
    while (start := start_of_day(day, zone)) < window.end:
        end = start_of_day(day + timedelta(days=1), zone)
        cut = Day(day, max(start, window.start), min(end, window.end), start < window.start or end > window.end)
        out.append(cut)
        day += timedelta(days=1)
    return tuple(out)


def rfc3339(moment: datetime) -> str:
    """RFC 3339 in UTC, with a fraction only when there is one."""
    text = moment.astimezone(UTC).isoformat(timespec="microseconds" if moment.microsecond else "seconds")
    return text.replace("+00:00", "Z")


def epoch_us(moment: datetime) -> int:
    """Microseconds since 1970, exact."""
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * DAY + delta.seconds) * 1_000_000 + delta.microseconds


def from_epoch_us(value: int) -> datetime:
    """The moment of that many microseconds since 1970, in UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=value)


def floor_to(moment: datetime, seconds: int) -> datetime:
    """`moment` rounded down to a multiple of `seconds` since 1970."""
    step = seconds * 1_000_000
    return from_epoch_us(epoch_us(moment) // step * step)


def ceil_to(moment: datetime, seconds: int) -> datetime:
    """`moment` rounded up to a multiple of `seconds` since 1970."""
    step = seconds * 1_000_000
    return from_epoch_us(-(-epoch_us(moment) // step) * step)
