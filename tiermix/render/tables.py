"""Answers as tables of raw values: described once here, drawn by the terminal, the page, Markdown and CSV."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tiermix.model import NO_VALUE, Alert, AlertRow, Burn, Mix, MixGroup, SloStatus, Trust
from tiermix.timewin import format_duration, rfc3339

if TYPE_CHECKING:
    from tiermix.analysis.compliance import Calendar, GroupedBurn, SloGroups
    from tiermix.analysis.replay import Replay, SloReplay
    from tiermix.verdicts import Gate

Kind = Literal["text", "day", "moment", "count", "share", "rate", "points", "margin", "flag", "severity"]
RIGHT: tuple[Kind, ...] = ("count", "share", "rate", "points", "margin")  # numbers stand to the right
Value = str | int | float | bool | date | None

BLANK = "–"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: a name for machines, a label for people, and what its values are."""

    name: str
    label: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of raw values under columns; `total` is drawn apart from the rest."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    total: tuple[Value, ...] | None = None
    footnote: str = ""


def shown(value: Value, kind: Kind) -> str:
    """A value as people read it; a dash where there is none."""
    if value is None:
        return BLANK
    if kind == "share" and isinstance(value, (int, float)):
        return percent(value)
    if kind == "count" and isinstance(value, (int, float)):
        return f"{value:,.0f}"
    if kind == "rate" and isinstance(value, (int, float)):
        return f"{value:.2f}"
    if kind == "points" and isinstance(value, (int, float)):
        return "0.0" if abs(value) < 0.05 else f"{value:+.1f}"
    if kind == "margin" and isinstance(value, (int, float)):
        return f"{value:.1f}"
    if kind == "flag":
        return "yes" if value else "no"
    if kind == "moment":
        return str(value)[5:16].replace("T", " ")
    return value.isoformat() if isinstance(value, date) else str(value)


def percent(share: float) -> str:
    """A share in percent with one decimal, but never 0.0% for something or 100.0% for not everything."""
    if 0 < share < 0.0005:
        return "<0.1%"
    if 0.9995 <= share < 1:
        return ">99.9%"
    return f"{share * 100:.1f}%"


def many(count: int, word: str) -> str:
    """`1 line`, `2 lines`."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _tier_columns(order: Sequence[str]) -> tuple[Column, ...]:
    return tuple(Column(t, t, "share") for t in order)


def mix_days(mix: Mix) -> Table:
    """The mix a row a day, from the first day with data on, in shares."""
    days = mix.covered
    partial = any(d.partial for d in days)
    return Table(
        name="mix_days",
        title="Served tier by day",
        columns=(Column("day", "day", "text"), Column("total", "requests", "count"), *_tier_columns(mix.shown)),
        rows=tuple(
            (f"{d.day.isoformat()}{'*' * d.partial}", d.counts.total, *(d.counts.share(t) for t in mix.shown))
            for d in days
        ),
        total=("total", mix.totals.total, *(mix.totals.share(t) for t in mix.shown)),
        footnote="* not a whole day" if partial else "",
    )


def mix_day_counts(mix: Mix) -> Table:
    """The mix a row a day in requests: what programs read, and what the page's charts are drawn from."""
    return Table(
        name="mix_days",
        title="Requests by day and served tier",
        columns=(
            Column("day", "day", "day"),
            Column("total", "requests", "count"),
            *(Column(t, t, "count") for t in mix.order),
            Column("primary_share", f"{mix.primary} share", "share"),
            Column("partial", "part of a day", "flag"),
        ),
        rows=tuple(
            (d.day, d.counts.total, *(d.counts.tiers[t] for t in mix.order), d.counts.share(mix.primary), d.partial)
            for d in mix.days
        ),
    )


def group_name(group: MixGroup) -> str:
    """The value a group stands for; requests without one are `(none)`."""
    value = next(iter(group.key.values()))
    return NO_VALUE if value is None else value


def mix_groups(mix: Mix) -> Table:
    """The mix a row a group, largest first, in shares."""
    return Table(
        name="mix_groups",
        title=f"Served tier by {mix.by}",
        columns=(
            Column(mix.by or "", (mix.by or "").replace("_", " "), "text"),
            Column("total", "requests", "count"),
            *_tier_columns(mix.shown),
        ),
        rows=tuple((group_name(g), g.counts.total, *(g.counts.share(t) for t in mix.shown)) for g in mix.groups),
        total=("total", mix.totals.total, *(mix.totals.share(t) for t in mix.shown)),
    )


def mix_group_counts(mix: Mix) -> Table:
    """The mix a row a group in requests."""
    return Table(
        name="mix_groups",
        title=f"Requests by {mix.by} and served tier",
        columns=(
            Column(mix.by or "", (mix.by or "").replace("_", " "), "text"),
            Column("total", "requests", "count"),
            *(Column(t, t, "count") for t in mix.order),
            Column("primary_share", f"{mix.primary} share", "share"),
        ),
        rows=tuple(
            (group_name(g), g.counts.total, *(g.counts.tiers[t] for t in mix.order), g.counts.share(mix.primary))
            for g in mix.groups
        ),
    )


def reasons(mix: Mix) -> Table:
    """Why requests were not served by the primary: a row a reason, with its share of all requests."""
    rows: list[tuple[Value, ...]] = []
    for group in mix.groups:
        lost = {t: n for t, n in group.counts.tiers.items() if t != mix.primary and n}
        if lost:
            name = group.key["reason"] or "(no reason in the log)"
            count = sum(lost.values())
            rows.append((name, count, count / mix.totals.total, ", ".join(lost)))
    return Table(
        name="reasons",
        title=f"Why requests were not served by {mix.primary}",
        columns=(
            Column("reason", "reason", "text"),
            Column("requests", "requests", "count"),
            Column("share", "of all requests", "share"),
            Column("tiers", "served by", "text"),
        ),
        rows=tuple(sorted(rows, key=lambda r: (-int(str(r[1])), str(r[0])))),
    )


ALERT_COLUMNS = (
    Column("slo", "SLO", "text"),
    Column("severity", "alert", "severity"),
    Column("windows", "windows", "text"),
    Column("factor", "above", "rate"),
    Column("long_burn", "long\nburn", "rate"),
    Column("short_burn", "short\nburn", "rate"),
    Column("long", "long\nbad/all", "text"),
    Column("short", "short\nbad/all", "text"),
    Column("firing", "firing", "flag"),
)


def alert_rows(status: SloStatus) -> tuple[tuple[Value, ...], ...]:
    """The alert rows of one SLO under ALERT_COLUMNS."""
    return tuple(
        (
            status.name,
            a.row.severity,
            windows(a),
            float(a.row.factor),
            a.long_burn,
            a.short_burn,
            f"{a.long.bad:,}/{a.long.total:,}",
            f"{a.short.bad:,}/{a.short.total:,}",
            a.firing,
        )
        for a in status.alerts
    )


def windows(alert: Alert) -> str:
    """The two windows of an alert: `1h/5m`."""
    return pair(alert.row)


def burn(answer: Burn) -> Table:
    """All alert rows of all SLOs."""
    return Table(
        name="burn",
        title="Burn rates",
        columns=ALERT_COLUMNS,
        rows=tuple(row for s in answer.slos for row in alert_rows(s)),
    )


def burn_counts(answer: Burn) -> Table:
    """All alert rows with every count in a column of its own, for programs."""
    return _counted([("", s) for s in answer.slos], "")


def group_counts(answer: GroupedBurn) -> Table:
    """`burn_counts` of every group."""
    return _counted([(g.value, g.status) for s in answer.slos for g in s.groups], answer.by)


def _counted(statuses: Sequence[tuple[str, SloStatus]], by: str) -> Table:
    return Table(
        name="burn",
        title="Burn rates",
        columns=(
            *([Column(by, by, "text")] if by else []),
            Column("slo", "SLO", "text"),
            Column("target", "target", "rate"),
            Column("window", "window", "text"),
            Column("good", "good", "count"),
            Column("total", "total", "count"),
            Column("error_budget_remaining", "budget remaining", "rate"),
            Column("severity", "severity", "severity"),
            Column("factor", "factor", "rate"),
            Column("long", "long", "text"),
            Column("short", "short", "text"),
            Column("long_burn", "long burn", "rate"),
            Column("short_burn", "short burn", "rate"),
            Column("long_bad", "long bad", "count"),
            Column("long_total", "long total", "count"),
            Column("short_bad", "short bad", "count"),
            Column("short_total", "short total", "count"),
            Column("firing", "firing", "flag"),
        ),
        rows=tuple(
            (
                *([value] if by else []), s.name, s.target, s.period, s.counts.good, s.counts.total, s.budget.remaining,
                a.row.severity, float(a.row.factor), format_duration(a.row.long), format_duration(a.row.short),
                a.long_burn, a.short_burn, a.long.bad, a.long.total, a.short.bad, a.short.total, a.firing,
            )
            for value, s in statuses
            for a in s.alerts
        ),
    )  # fmt: skip


def episodes(answer: Replay) -> Table:
    """Every time a row would have fired, oldest first."""
    rows = [
        (
            s.name, r.row.severity, pair(r.row), float(r.row.factor), stamp(e.start),
            stamp(e.end) if e.end else None, format_duration(e.seconds), e.counts.bad, e.counts.total, e.spent_before,
            e.spent_during,
        )
        for s in answer.slos
        for r in s.rows
        for e in r.episodes
    ]  # fmt: skip
    return Table(
        name="replay",
        title="When alerts would have fired",
        columns=(
            Column("slo", "SLO", "text"),
            Column("severity", "alert", "severity"),
            Column("windows", "windows", "text"),
            Column("factor", "above", "rate"),
            Column("start", "from", "moment"),
            Column("end", "to", "moment"),
            Column("lasted", "for", "text"),
            Column("bad", "bad", "count"),
            Column("total", "all", "count"),
            Column("spent_before", "spent\nbefore", "share"),
            Column("spent_during", "spent\nduring", "share"),
        ),
        rows=tuple(sorted(rows, key=lambda r: (str(r[4]), str(r[0]), -float(str(r[3]))))),
    )


def stamp(moment: datetime) -> str:
    """A whole minute in UTC: `2026-11-20T14:05Z`; as a `moment` it is drawn without the year."""
    return f"{moment:%Y-%m-%dT%H:%MZ}"


def replay_rows(answer: SloReplay) -> Table:
    """How often and how long each row of an SLO would have fired."""
    return Table(
        name="replay_rows",
        title=answer.name,
        columns=(
            Column("severity", "alert", "severity"),
            Column("windows", "windows", "text"),
            Column("factor", "above", "rate"),
            Column("times", "fired", "count"),
            Column("lasted", "in all for", "text"),
            Column("longest", "longest", "text"),
            Column("last", "last time", "moment"),
        ),
        rows=tuple(
            (
                r.row.severity, pair(r.row), float(r.row.factor), len(r.episodes),
                format_duration(r.seconds) if r.episodes else None,
                format_duration(max(e.seconds for e in r.episodes)) if r.episodes else None,
                stamp(r.episodes[-1].start) if r.episodes else None,
            )
            for r in answer.rows
        ),
    )  # fmt: skip


def pair(row: AlertRow) -> str:
    """The two windows of a row: `1h/5m`."""
    return f"{format_duration(row.long)}/{format_duration(row.short)}"


def calendar(answer: Calendar) -> Table:
    """Every SLO by month and quarter."""
    partial = any(t.partial for s in answer.slos for t in s.terms)
    return Table(
        name="calendar",
        title="Promises by month and quarter",
        columns=(
            Column("slo", "SLO", "text"),
            Column("term", "term", "text"),
            Column("requests", "requests", "count"),
            Column("bad", "bad", "count"),
            Column("good_share", "good", "share"),
            Column("target", "target", "share"),
            Column("spent", "budget\nspent", "share"),
            Column("met", "kept", "flag"),
            Column("worst", "worst days", "text"),
        ),
        rows=tuple(
            (
                s.name, f"{t.name}{'*' * t.partial}", t.counts.total, t.counts.bad,
                t.counts.good / t.counts.total if t.counts.total else None, s.target, t.spent,
                t.met if t.counts.total else None,
                ", ".join(f"{day:%m-%d} {percent(c.good / c.total)}" for day, c in t.worst),
            )
            for s in answer.slos
            for t in s.terms
        ),
        footnote="* not the whole term" if partial else "",
    )  # fmt: skip


def burn_groups(answer: SloGroups, by: str) -> Table:
    """The state of an SLO in every group, worst first."""
    small = any(g.status.small_sample for g in answer.groups)
    return Table(
        name="burn_groups",
        title=answer.name,
        columns=(
            Column("group", by, "text"),
            Column("requests", "requests", "count"),
            Column("bad", "bad", "count"),
            Column("good_share", "good", "share"),
            Column("budget_left", "budget\nleft", "share"),
            Column("state", "state", "text"),
            Column("alerts", "fires", "text"),
        ),
        rows=tuple(
            (
                f"{g.value}{'*' * g.status.small_sample}", g.status.counts.total, g.status.counts.bad, g.status.sli,
                g.status.budget.remaining, state(g.status),
                ", ".join(f"{a.row.severity} {windows(a)}" for a in g.status.alerts if a.firing) or None,
            )
            for g in answer.groups
        ),
        footnote="* too few requests to tell: a single bad one spends the whole budget" if small else "",
    )  # fmt: skip


def state(status: SloStatus) -> str:
    """One word for an SLO: kept, burning or missed; no data when there is none."""
    if status.sli is None:
        return "no data"
    if not status.met:
        return "missed"
    return "kept" if status.ok else "burning"


def checks(gate: Gate) -> Table:
    """All results of the gate, a row each."""
    return Table(
        name="checks",
        title="Checks",
        columns=tuple(
            Column(n, n, "text")
            for n in ("kind", "subject", "name", "state", "severity", "owner", "finding", "evidence", "next")
        ),
        rows=tuple(
            (
                r.kind, r.subject, r.name, r.state, r.severity, r.owner, r.sentence,
                json.dumps(dict(r.evidence), allow_nan=False), r.look,
            )
            for r in gate.results
        ),
    )  # fmt: skip


def trust(answer: Trust) -> Table:
    """The trust box as pairs of what and how much."""
    covered = None if not answer.minutes else 1 - answer.silent_minutes / answer.minutes
    silent = f"{shown(covered, 'share')} ({answer.silent_minutes:,} of {answer.minutes:,} without a request)"
    sources = ", ".join(f"{k} {v:,}" for k, v in answer.sources.items())
    intended = {s.source: s.intended for s in answer.cannot_tell}
    fallback = {s.source: s.fallback for s in answer.cannot_tell}
    pairs = (
        ("data from", rfc3339(answer.first) if answer.first else BLANK),
        ("complete through", rfc3339(answer.last) if answer.last else BLANK),
        ("minutes with requests", silent),
        (
            "lines read",
            f"{answer.lines:,} from {many(answer.files, 'file')} ({sources or BLANK})",
        ),
        ("duplicates", f"{answer.duplicates:,} lines, not counted again"),
        ("quarantined", f"{answer.quarantined:,} lines"),
        ("unknown models", f"{answer.unknown:,} requests{_models(answer)}"),
        ("drills", f"{answer.drills:,} requests, not counted"),
        ("without a request id", f"{answer.no_id:,} requests, told apart by their content"),
        ("intended tier not recorded", _silent(intended, sum(intended.values()))),
        ("fallback not recorded", _silent(fallback, answer.fallback_unknown)),
        ("tiers", "assumed" if answer.tiers_assumed else "declared or logged"),
        ("configuration", f"{answer.config_path or 'none'} (sha256 {answer.config_sha256[:12]})"),
        ("queries", f"sha256 {answer.queries_sha256[:12]}"),
    )
    return Table(
        name="trust",
        title="How far to trust this",
        columns=(Column("what", "what", "text"), Column("value", "value", "text")),
        rows=pairs,
    )


def _silent(requests: Mapping[str, int], total: int) -> str:
    """How many requests the logs say nothing of, and whose logs."""
    whose = ", ".join(f"{source} {n:,}" for source, n in requests.items() if n)
    return f"{total:,} requests{f' ({whose})' if whose else ''}"


def _models(answer: Trust) -> str:
    if not answer.unknown_models:
        return ""
    top = list(answer.unknown_models)[:5]
    more = len(answer.unknown_models) - len(top)
    return f" ({', '.join(top)}{f' and {more} more' if more else ''})"


def quarantine(bad: Sequence[Mapping[str, Value]]) -> Table:
    """Why lines could not be used, a row a reason."""
    return Table(
        name="quarantine",
        title="Lines in quarantine, by reason",
        columns=(
            Column("reason", "reason", "text"),
            Column("lines", "lines", "count"),
            Column("example", "example", "text"),
        ),
        rows=tuple((b["reason"], b["lines"], f"{Path(str(b['path'])).name}:{b['line']}") for b in bad),
    )
