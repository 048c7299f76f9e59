"""Daily counts from CSV files: series that no store holds."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tiermix.analysis.drift.verdict import Alarm, DriftReplay
from tiermix.errors import UnreadableFile, UsageError

if TYPE_CHECKING:
    from tiermix.analysis.drift.series import Series

_NEEDED = ("day", "primary", "total")
_MOST_DAYS = 36600
_MOST_SEGMENTS = 1000


def replay(paths: Sequence[Path], *, every_nights: int) -> DriftReplay:
    """The first alarm of each file, as if the meter had run on each of its nights.

    A series of segments is judged at a standard composition.

    Args:
        paths: CSV files with the columns day (a number from 0 on, or a date), primary, total and perhaps segment; the
            name of a file names its series.
        every_nights: nights between false alarms of one series.

    Raises:
        UnreadableFile: a file cannot be read.
    """
    from tiermix.analysis.drift import dating, meter

    out = []
    for path in paths:
        series, first = read(path)
        alarm = meter.first_alarm(series, meter.threshold(every_nights))
        if alarm is not None:
            dated = dating.date(series, alarm, "down")
            onset = _named(dated.onset, first) if dated else None
            out.append(Alarm(path.stem, _named(alarm, first), onset))
    return DriftReplay(tuple(out))


def _named(day: int, first: date | None) -> date | int:
    """A day as its file names it."""
    return day if first is None else first + timedelta(days=day)


def found(words: Sequence[str]) -> tuple[Path, ...]:
    """The CSV files that are named, those of a folder in the order of their names.

    Raises:
        UsageError: there is none.
    """
    out: list[Path] = []
    for word in words:
        path = Path(word)
        out += sorted(path.glob("*.csv")) if path.is_dir() else [path]
    if not out:
        raise UsageError("there is no CSV file", where="--counts", hint="columns: day, primary, total")
    return tuple(out)


def read(path: Path) -> tuple[Series, date | None]:
    """The series of a file, and its first day when the file has dates.

    Raises:
        UnreadableFile: it cannot be read, lacks a column, or a line is no count.
    """
    import numpy as np

    from tiermix.analysis.drift.series import Plain, Standardised

    cells = list(_cells(path))
    if not cells:
        raise UnreadableFile("there is no line in it", where=str(path))
    dates = [day for day, *_ in cells if isinstance(day, date)]
    if dates and len(dates) < len(cells):
        raise UnreadableFile("some days are dates and some are numbers", where=str(path))
    first = min(dates) if dates else None
    numbers = [(day - first).days if first and isinstance(day, date) else int(str(day)) for day, *_ in cells]
    names = sorted({segment for _, segment, _, _ in cells})
    shape = (max(numbers) + 1, len(names))
    if len(names) > _MOST_SEGMENTS or shape[0] > _MOST_DAYS:
        raise UnreadableFile(
            f"{shape[0]:,} days of {len(names):,} segments are too many", where=str(path),
            hint=f"at most {_MOST_DAYS:,} days of {_MOST_SEGMENTS:,} segments",
        )  # fmt: skip
    good, total = np.zeros(shape), np.zeros(shape)
    column = {name: i for i, name in enumerate(names)}
    for n, (_, segment, primary, everything) in zip(numbers, cells, strict=True):
        good[n, column[segment]] += primary
        total[n, column[segment]] += everything
    return (Standardised(good, total) if len(names) > 1 else Plain(good[:, 0], total[:, 0])), first


def _cells(path: Path) -> Iterator[tuple[int | date, str, int, int]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as lines:
            rows = csv.DictReader(lines)
            missing = [c for c in _NEEDED if c not in (rows.fieldnames or ())]
            if missing:
                raise UnreadableFile(
                    f"the column {missing[0]} is missing", where=f"{path}:1", hint=f"needed: {', '.join(_NEEDED)}"
                )
            for row in rows:
                yield _cell(row, f"{path}:{rows.line_num}")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnreadableFile(f"it cannot be read: {error}", where=str(path)) from error


def _cell(row: dict[str, str | None], where: str) -> tuple[int | date, str, int, int]:
    try:
        primary, total = int(row["primary"] or ""), int(row["total"] or "")
        day = _day(row["day"] or "")
    except ValueError as error:
        raise UnreadableFile(
            "primary and total must be whole numbers, day a number or a date",
            where=where,
            hint="write 17 or 2026-11-20",
        ) from error
    if (isinstance(day, int) and not 0 <= day < _MOST_DAYS) or not 0 <= primary <= total:
        raise UnreadableFile(
            f"day {day} with {primary} of {total} cannot be", where=where,
            hint="days count from 0, and primary is at most total",
        )  # fmt: skip
    return day, row.get("segment") or "", primary, total


def _day(text: str) -> int | date:
    return date.fromisoformat(text) if "-" in text[1:] else int(text)
