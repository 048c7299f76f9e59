"""The whole days of a store, and the requests of an SLO in them by day, segment and cause.

From the hourly rollup, as long as at most one dimension of the request is named; single requests are read for two of
them, for users, for hours that a day or a maintenance window cuts, and for examples.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tiermix.analysis.cells import Cell
from tiermix.answers import Desk, filters, good_tiers, no_requests
from tiermix.changes import Cause, Owned
from tiermix.config.settings import Config, Slo
from tiermix.model import REQUEST_DIMENSIONS
from tiermix.timewin import HOUR, Day, Window, epoch_us, split_days, start_of_day

MODEL = "requested_model"
_HOUR_US = HOUR * 1_000_000
_QUIET = 2 * HOUR  # at either end of a day without any request


def whole_days(desk: Desk) -> tuple[Day, ...]:
    """The whole days of the store up to as_of; a day of which only a part was logged tells of an hour, not of a day.

    Raises:
        NoData: there is no request up to as_of.
    """
    if desk.extent is None or desk.extent[0] >= desk.as_of:
        raise no_requests(desk, f"before {desk.as_of:%Y-%m-%d %H:%M} UTC")
    first = desk.extent[0].astimezone(desk.zone).date()
    # A day that begins a little late was quiet; one that begins in the middle was not logged. So for its end.
    late = (desk.extent[0] - start_of_day(first, desk.zone)).total_seconds() > _QUIET
    window = Window(start_of_day(first + timedelta(days=late), desk.zone), _end(desk))
    return tuple(d for d in split_days(window, desk.zone) if not d.partial) if window.start < window.end else ()


def _end(desk: Desk) -> datetime:
    if desk.asked_as_of is not None:
        return desk.as_of
    midnight = start_of_day(desk.as_of.astimezone(desk.zone).date() + timedelta(days=1), desk.zone)
    over = midnight <= desk.now and (midnight - desk.as_of).total_seconds() <= _QUIET
    return midnight if over else desk.as_of


def register(config: Config) -> Callable[[Cause], Owned]:
    """The switch of each cause, as the configuration declares it."""
    owned = {r: Owned(s.id, s.owner) for s in config.switches for r in s.reasons}
    return lambda cause: owned.get(cause.reason or "", Owned())


def _of_request(slo: Slo, dims: Sequence[str]) -> list[str]:
    return sorted({d for d in (*dims, *slo.where) if d in REQUEST_DIMENSIONS})


def rolled(slo: Slo, dims: Sequence[str]) -> bool:
    """Whether the hourly rollup carries all that is asked: at most one dimension of the request, and no users."""
    needed = _of_request(slo, dims)
    return len(needed) <= 1 and "user" not in needed


def cells(desk: Desk, slo: Slo, days: Sequence[Day], dims: tuple[str, ...]) -> list[Cell]:
    """The requests of an SLO counted by day, up to two dimensions and cause."""
    good = good_tiers(slo, desk.tiering)
    place = {epoch_us(d.start): i for i, d in enumerate(days)}
    rows = _rolled_rows(desk, slo, days, dims) if rolled(slo, dims) else _single_rows(desk, slo, days, dims)
    return [
        Cell(
            day=place[start],
            values=values,
            cause=None if tier in good else Cause(reason) if reason is not None else Cause(None, tier),
            requests=n,
            latest=latest,
        )
        for start, values, tier, reason, n, latest in rows
    ]


def _rolled_rows(desk: Desk, slo: Slo, days: Sequence[Day], dims: tuple[str, ...]) -> list[tuple[Any, ...]]:
    needed = _of_request(slo, dims)
    dim = needed[0] if needed else "traffic_class"
    passed = filters(slo.where)
    skip_from, skip_to = desk.skip
    starts, ends = [epoch_us(d.start) for d in days], [epoch_us(d.end) for d in days]
    cut = sorted({t // _HOUR_US for t in (*starts, *ends, *skip_from, *skip_to) if t % _HOUR_US})
    cut = [h for h in cut if min(starts) // _HOUR_US <= h <= max(ends) // _HOUR_US]
    params = {
        "dim": dim, "by_value": dim in dims, "by_model": MODEL in dims,
        "day_starts": starts, "day_ends": ends,
        "first_hour": min(starts) // _HOUR_US, "last_hour": -(-max(ends) // _HOUR_US),
        "cut_hours": cut,
        "cut_start": cut[0] * _HOUR_US if cut else 0, "cut_end": (cut[-1] + 1) * _HOUR_US if cut else 0,
        "skip_from": skip_from, "skip_to": skip_to,
        "passing": passed[dim],
        **{d: v for d, v in passed.items() if d not in REQUEST_DIMENSIONS},
    }  # fmt: skip
    rows = desk.store.ask("explain/by_hour", params)
    return [
        (day, tuple(model if d == MODEL else value for d in dims), tier, reason, n, latest)
        for day, value, model, tier, reason, n, latest in rows
    ]


def _single_rows(desk: Desk, slo: Slo, days: Sequence[Day], dims: tuple[str, ...]) -> list[tuple[Any, ...]]:
    skip_from, skip_to = desk.skip
    by, then_by = (*dims, None, None)[:2]
    params: dict[str, object] = {
        "by": by, "then_by": then_by,
        "day_starts": [epoch_us(d.start) for d in days], "day_ends": [epoch_us(d.end) for d in days],
        "start": epoch_us(days[0].start), "end": epoch_us(days[-1].end),
        "skip_from": skip_from, "skip_to": skip_to,
    }  # fmt: skip
    rows = desk.store.ask("explain/by_request", params | filters(slo.where))
    return [(day, (one, two)[: len(dims)], tier, reason, n, latest) for day, one, two, tier, reason, n, latest in rows]


def examples(desk: Desk, slo: Slo, cause: Cause, hour: int) -> tuple[str, ...]:
    """Ids of up to three requests that a cause took in the hour that begins at `hour`, microseconds since 1970."""
    skip_from, skip_to = desk.skip
    params: Mapping[str, object] = {
        "good": list(good_tiers(slo, desk.tiering)), "cause_reason": cause.reason, "cause_tier": cause.tier or None,
        "start": hour, "end": hour + _HOUR_US, "skip_from": skip_from, "skip_to": skip_to, **filters(slo.where),
    }  # fmt: skip
    return tuple(row[0] for row in desk.store.ask("explain/examples", params))
