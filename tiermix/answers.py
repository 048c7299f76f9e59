"""The questions a store answers: the mix, the burn, and how far to believe them. One function a question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

from tiermix import sql
from tiermix.analysis import burn as burning
from tiermix.analysis import shares
from tiermix.config.settings import Config, Exclusion, Slo
from tiermix.errors import InputError, NoData, UsageError
from tiermix.model import (
    DIMENSIONS,
    NO_VALUE,
    OUTCOME_DIMENSIONS,
    Burn,
    Counts,
    Frame,
    Mix,
    Note,
    Silence,
    SloStatus,
    Trust,
)
from tiermix.store import Store
from tiermix.tiers import Tiering, tiering
from tiermix.timewin import (
    HOUR,
    MINUTE,
    Day,
    Window,
    calendar_window,
    ceil_to,
    days_window,
    epoch_us,
    floor_to,
    format_age,
    from_epoch_us,
    parse_zone,
    split_days,
)

Where = Mapping[str, tuple[str, ...]]
_US = 1_000_000
# A request dated later than this after the clock is somebody's wrong clock, and must not become "now".
_BELIEVABLE = timedelta(hours=1)
# Answers grow with the square of the number of tiers. Nobody has as many.
_MOST_TIERS = 200


@dataclass(frozen=True)
class Desk:
    """A store, a configuration and a moment: what every question needs.

    Attributes:
        store: open for reading.
        config: tiers, SLOs, exclusions.
        now: the clock, for freshness alone.
        asked_as_of: the moment to answer for; None for the end of the last complete minute in the store.
        zone_name: the zone that groups days.
    """

    store: Store
    config: Config
    now: datetime
    asked_as_of: datetime | None = None
    zone_name: str = "UTC"

    @cached_property
    def zone(self) -> tzinfo:
        """The zone that groups days."""
        return parse_zone(self.zone_name)

    @cached_property
    def tiering(self) -> Tiering:
        """The tiers of all outcomes under this configuration, in force for every query of this store from here on.

        Raises:
            InputError: there are so many that what the logs call a tier is something else.
        """
        made = tiering(self.config, self.store.outcomes())
        if len(made.order) > _MOST_TIERS:
            raise InputError(
                f"the logs name {len(made.order):,} tiers, such as {made.order[0][:40]!r}",
                hint="a tier is what answers a share of the requests: map another field to it, or declare the tiers in "
                "tiermix.toml, and all else counts as unknown",
            )
        self.store.place(made.placements, keep=False)
        return made

    @cached_property
    def extent(self) -> tuple[datetime, datetime] | None:
        """The span from the first to the end of the last minute with a believable request; None in an empty store."""
        first, last, believable, _ = self._extent_row
        if first is None:
            return None
        last = last if believable is None else believable
        return from_epoch_us(first * MINUTE * _US), from_epoch_us((last + 1) * MINUTE * _US)

    @cached_property
    def _extent_row(self) -> tuple[Any, ...]:
        latest = epoch_us(self.now + _BELIEVABLE) // (MINUTE * _US)
        return self.store.ask("trust/extent", {"latest": latest})[0]

    @cached_property
    def as_of(self) -> datetime:
        """The moment to answer for.

        Raises:
            NoData: the store is empty.
        """
        if self.asked_as_of is not None:
            return self.asked_as_of
        if self.extent is None:
            raise nothing_stored(self)
        return self.extent[1]

    def frame(self, window: Window) -> Frame:
        """What an answer over that window says of itself."""
        excluded = (e for e in self.config.exclusions if e.window.start < window.end and e.window.end > window.start)
        return Frame(self.as_of, window, self.zone_name, (*self.notes, *map(_excluded, excluded)))

    @cached_property
    def notes(self) -> tuple[Note, ...]:
        """Warnings that concern every answer."""
        out = []
        if self.tiering.assumed:
            out.append(
                Note(
                    "tiers_assumed",
                    "tiers are assumed: answered by the model that was asked for = primary, from a cache = cache, any "
                    "other = secondary; tiers that the log names stand in an order guessed from it. Declare them: "
                    "tiermix init",
                )
            )
        _, _, believable, future = self._extent_row
        if self.asked_as_of is None and believable is not None and future:
            out.append(
                Note(
                    "future", f"{future:,} requests are dated after the clock of this machine and are left out for now"
                )
            )
        if self.asked_as_of is None and self.extent is not None:
            age = (self.now - self.extent[1]).total_seconds()
            if age > self.config.freshness:
                out.append(
                    Note(
                        "stale",
                        f"the newest request is {format_age(age)} old (freshness: {format_age(self.config.freshness)})",
                    )
                )
        return tuple(out)

    def window(self, days: int | None, since: datetime | None, until: datetime | None) -> Window:
        """The window of a question: whole days back from as_of, or from `since`, up to `until` or as_of.

        Raises:
            UsageError: the window is empty.
        """
        end = min(until, self.as_of) if until else self.as_of
        if since is None:
            return days_window(days or 30, end, self.zone)
        if since >= end:
            raise UsageError(
                f"the window ends ({end:%Y-%m-%d %H:%M} UTC) before it starts ({since:%Y-%m-%d %H:%M} UTC)",
                hint="" if until and until <= self.as_of else "the data ends there; --as-of answers for another moment",
            )
        return Window(since, end)

    @cached_property
    def skip(self) -> tuple[list[int], list[int]]:
        """Starts and ends of the maintenance windows, microseconds since 1970."""
        spans = [x.window for x in self.config.exclusions]
        return [epoch_us(w.start) for w in spans], [epoch_us(w.end) for w in spans]


def _excluded(e: Exclusion) -> Note:
    span = f"{e.window.start:%Y-%m-%d %H:%M} to {e.window.end:%Y-%m-%d %H:%M} UTC"
    return Note("excluded", f"requests from {span} are not counted{f' ({e.reason})' if e.reason else ''}")


def filters(where: Where) -> dict[str, list[str] | None]:
    """A parameter a dimension: the values that pass, or None for no filter.

    Raises:
        UsageError: there is no such dimension.
    """
    for dim in where:
        if dim not in DIMENSIONS:
            raise UsageError(f"{dim!r} is not a dimension", hint=f"known: {', '.join(DIMENSIONS)}")
    return {d: ["" if v == NO_VALUE else v for v in where[d]] if d in where else None for d in DIMENSIONS}


def mix(desk: Desk, window: Window, *, by: str | None = None, where: Where | None = None) -> Mix:
    """The served-tier mix of a window by day, and by one dimension if asked.

    Raises:
        NoData: no request was counted in the window.
        UsageError: there is no such dimension.
    """
    if by is not None and by not in DIMENSIONS:
        raise UsageError(f"cannot group by {by!r}", hint=f"known: {', '.join(DIMENSIONS)}")
    passed = filters(where or {})
    made = desk.tiering
    days = tuple(
        replace(d, partial=d.partial or desk.extent is None or d.start < desk.extent[0])
        for d in split_days(window, desk.zone)
    )
    rows = _mix_rows(desk, window, days, by, passed, bool(where))
    if not rows:
        span = f"between {window.start:%Y-%m-%d %H:%M} and {window.end:%Y-%m-%d %H:%M} UTC"
        raise no_requests(desk, span + (" match the filter" if where else ""))
    starts = {epoch_us(d.start): i for i, d in enumerate(days)}
    cells = [shares.Cell(starts[start], key, tier, n, fired, known) for start, key, tier, n, fired, known in rows]
    return shares.mix(desk.frame(window), made.order, made.primary, days, cells, by)


def _extent_hint(desk: Desk) -> str:
    if desk.extent is None:
        return "the store is empty: tiermix ingest LOGS"
    first, end = desk.extent
    return f"the store covers {first:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"


def _mix_rows(
    desk: Desk, window: Window, days: Sequence[Day], by: str | None, passed: dict[str, list[str] | None], filtered: bool
) -> list[tuple[Any, ...]]:
    """Rows of the cheapest query that can tell: a rollup where one carries the dimension, else single requests."""
    skip_from, skip_to = desk.skip
    base: dict[str, object] = {
        "by": by,
        "day_starts": [epoch_us(d.start) for d in days],
        "start": epoch_us(window.start),
        "end": epoch_us(window.end),
    }
    if not filtered and (by is None or by in OUTCOME_DIMENSIONS):
        inner = {
            "first_minute": epoch_us(ceil_to(window.start, MINUTE)) // (MINUTE * _US),
            "last_minute": epoch_us(floor_to(window.end, MINUTE)) // (MINUTE * _US),
        }
        return desk.store.ask("mix/by_minute", {**base, **inner, "skip_from": skip_from, "skip_to": skip_to})
    # A maintenance window or a zone with odd minutes can cut an hour, which the hourly rollup cannot follow.
    whole_hours = all(epoch_us(d.start) % (HOUR * _US) == 0 for d in days[1:]) and not skip_from
    if not filtered and whole_hours and by in ("intent", "traffic_class", "tenant", "feature"):
        inner = {
            "first_hour": epoch_us(ceil_to(window.start, HOUR)) // (HOUR * _US),
            "last_hour": epoch_us(floor_to(window.end, HOUR)) // (HOUR * _US),
        }
        return desk.store.ask("mix/by_hour", {**base, **inner})
    return desk.store.ask("mix/by_request", {**base, **passed, "skip_from": skip_from, "skip_to": skip_to})


def good_tiers(slo: Slo, made: Tiering) -> tuple[str, ...]:
    """The tiers that count as good: the SLO's, else the primary alone."""
    return slo.good or (made.primary,)


def slos_of(config: Config, names: Sequence[str] = ()) -> tuple[Slo, ...]:
    """The SLOs of the configuration (with none, the default one), or those of the given names.

    Raises:
        UsageError: there is no SLO of a name.
    """
    known = config.slos or (Slo("primary-share", owner=config.owner),)
    by_name = {s.name: s for s in known}
    for name in names:
        if name not in by_name:
            raise UsageError(f"there is no SLO {name!r}", hint=f"known: {', '.join(by_name)}")
    return tuple(by_name[n] for n in names) if names else known


def burn(desk: Desk, slos: Sequence[Slo]) -> Burn:
    """All alert rows and the error budget of every SLO at as_of.

    Raises:
        NoData: no request was counted in any SLO's window.
        InfeasibleAlert: a row can never fire at its target.
    """
    made = burn_even_if_empty(desk, slos)
    if not any(s.counts.total for s in made.slos):
        span = made.frame.window
        raise no_requests(desk, f"between {span.start:%Y-%m-%d %H:%M} and {span.end:%Y-%m-%d %H:%M} UTC")
    return made


def no_requests(desk: Desk, when: str) -> NoData:
    """The error of a question about a time without requests."""
    return NoData(f"no requests {when}", hint=_extent_hint(desk))


def burn_even_if_empty(desk: Desk, slos: Sequence[Slo]) -> Burn:
    """`burn`, for a report whose own window may hold data while those of the SLOs do not.

    Raises:
        InfeasibleAlert: a row can never fire at its target.
    """
    statuses = tuple(slo_status(desk, slo) for slo in slos)
    return Burn(desk.frame(Window(min(s.span.start for s in statuses), desk.as_of)), statuses)


def slo_span(desk: Desk, slo: Slo, end: datetime) -> tuple[Window, float | None]:
    """The time that the SLO's window covers up to `end`, and the seconds until a calendar period ends."""
    if not slo.calendar:
        return Window(end - timedelta(seconds=slo.window), end), None
    whole = calendar_window(slo.calendar, end, desk.zone)
    return Window(whole.start, end), (whole.end - end).total_seconds()


def slo_status(desk: Desk, slo: Slo) -> SloStatus:
    """The state of one SLO at as_of."""
    lengths = burning.windows_of(slo)
    span, left = slo_span(desk, slo, desk.as_of)
    spans = [span, *(Window(desk.as_of - timedelta(seconds=n), desk.as_of) for n in lengths)]
    total, *rest = window_counts(desk, slo, spans)
    return burning.status(slo, good_tiers(slo, desk.tiering), span, total, dict(zip(lengths, rest, strict=True)), left)


def window_counts(desk: Desk, slo: Slo, spans: Sequence[Window]) -> list[Counts]:
    """Good and total requests of an SLO in each span, from the minute rollup where the spans and filters allow it."""
    edges = [t for s in spans for t in (s.start, s.end)]
    skip_from, skip_to = desk.skip
    params: dict[str, object] = {"good": list(good_tiers(slo, desk.tiering))}
    by_minute = not slo.where and all(epoch_us(t) % (MINUTE * _US) == 0 for t in edges)
    unit = MINUTE * _US if by_minute else 1
    params |= {
        "starts": [epoch_us(s.start) // unit for s in spans],
        "ends": [epoch_us(s.end) // unit for s in spans],
        "skip_from": [t // unit for t in skip_from],
        "skip_to": [t // unit for t in skip_to],
    }
    if not by_minute:
        params |= filters(slo.where)
    rows = desk.store.ask("burn/by_minute" if by_minute else "burn/by_request", params)
    return [Counts(good, total) for _, good, total in rows]


def budget_days(desk: Desk, slo: Slo, days: Sequence[Day]) -> tuple[float | None, ...]:
    """The error budget left at the end of each day, a fraction of 1, over the SLO's window."""
    counts = window_counts(desk, slo, [slo_span(desk, slo, d.end)[0] for d in days])
    return tuple(burning.budget(c, c, slo.target, slo.window).remaining for c in counts)


def trust(desk: Desk, window: Window) -> Trust:
    """How complete the data of a window is, and from what it was computed."""
    made = desk.tiering
    first = epoch_us(window.start) // (MINUTE * _US)
    last = epoch_us(ceil_to(window.end, MINUTE)) // (MINUTE * _US)
    span = {"first_minute": first, "last_minute": last}
    seen, drills, without_id = desk.store.ask("trust/window", span)[0]
    ledger = desk.store.ask("trust/ledger")
    unknown: dict[str, int] = dict(desk.store.ask("trust/unknown_models", span))
    covered = 0
    if desk.extent is not None:
        covered = max(0, last - max(first, epoch_us(desk.extent[0]) // (MINUTE * _US)))
    whole = mix(desk, window)
    digests = "".join(sql.load(n).sha256 for n in sql.names())
    return Trust(
        first=desk.extent[0] if desk.extent else None,
        last=desk.extent[1] if desk.extent else None,
        minutes=covered,
        silent_minutes=max(0, covered - seen),
        files=sum(r[1] for r in ledger),
        lines=sum(r[2] for r in ledger),
        duplicates=sum(r[4] for r in ledger),
        quarantined=sum(r[5] for r in ledger),
        requests=int(desk.store.execute("SELECT count(*) FROM request_log")[0][0]),
        drills=drills,
        unknown=sum(unknown.values()),
        no_id=without_id,
        fallback_unknown=whole.totals.total - whole.fallback.known,
        cannot_tell=tuple(Silence(*row) for row in desk.store.ask("trust/cannot_tell", span)),
        sources={r[0]: r[3] for r in ledger},
        unknown_models=unknown,
        tiers_assumed=made.assumed,
        config_path=desk.config.path,
        config_sha256=desk.config.sha256,
        queries_sha256=shares.digest(digests),
    )


def narrowed(
    slos: Sequence[Slo], target: Fraction | None, window: tuple[int, str] | None, where: Where
) -> tuple[Slo, ...]:
    """The SLOs as the command line bends them: another target, another window, a further filter.

    Another window comes with its own standard alert rows.
    """
    filters(where)
    out = []
    for slo in slos:
        changed = slo if target is None else replace(slo, target=target)
        if window is not None and window != (slo.window, slo.calendar):
            changed = replace(changed, window=window[0], calendar=window[1], alerts=())
        if where:
            both = {d: tuple(v for v in where[d] if v in slo.where[d]) for d in where if d in slo.where}
            changed = replace(changed, where={**slo.where, **where, **both})
        out.append(changed)
    return tuple(out)


def nothing_stored(desk: Desk) -> NoData:
    """What to say when no request is there: that nothing was ingested yet, or why nothing of it could be used."""
    where, bad = str(desk.store.path or ""), desk.store.ask("trust/quarantine")
    holder = "the store holds" if desk.store.path else "the log holds"
    if not bad:
        hint = "tiermix ingest LOGS" if desk.store.path else "drills are not counted; tiermix ingest --explain FILE"
        return NoData(f"{holder} no requests", where=where, hint=hint)
    reason, lines, path, line, _ = bad[0]
    total = sum(row[1] for row in bad)
    return NoData(
        f"{holder} no requests: {total:,} lines could not be used, {lines:,} of them like "
        f"{Path(path).name}:{line} ({reason})",
        where=where,
        hint="tiermix ingest --explain FILE shows how a log is read; correct what writes it, and ingest it again",
    )


def status(desk: Desk) -> tuple[Frame, Trust, list[dict[str, Any]]]:
    """How far to believe the whole store, and why lines are in the quarantine.

    Raises:
        NoData: the store holds no requests.
    """
    if desk.extent is None:
        raise nothing_stored(desk)
    window = Window(*desk.extent)
    bad = [
        {"reason": reason, "lines": lines, "path": path, "line": line, "excerpt": excerpt}
        for reason, lines, path, line, excerpt in desk.store.ask("trust/quarantine")
    ]
    return desk.frame(window), trust(desk, window), bad
