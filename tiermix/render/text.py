"""Answers for a terminal of 80 columns; the same characters on a pipe, without the colour."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tiermix.render import change_tables, change_words, drift_tables, drift_words, tables, words
from tiermix.render.safe import printable, visible
from tiermix.render.tables import Column, Table

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from tiermix.analysis.compliance import Calendar, GroupedBurn
    from tiermix.analysis.drift.verdict import DriftReplay, Drifts, SelfCheck
    from tiermix.analysis.replay import Replay
    from tiermix.explain import EachWeek, Explained
    from tiermix.model import Burn, Frame, Mix, Preview, Receipt, SloStatus, Trust
    from tiermix.verdicts import CheckResult, Gate, Outcome

_LISTED_GROUPS, _SHOWN_GROUPS, _SHOWN_EPISODES = 30, 5, 10
_BARS = "▁▂▃▄▅▆▇█"
_TRAILING = re.compile(r"(?: |\x1b\[[0-9;]*m)+$")  # blanks at the end of a line, with the colour codes among them
_DRIFTS = 5  # series up to which each has a paragraph; more make a table
_VERDICT = {"steady": "bold green", "drifting_up": "bold green", "learning": "bold", "insufficient": "bold"}
_STATE = {"kept": "bold green", "burning": "bold yellow", "missed": "bold red", "no data": "bold"}


@dataclass(frozen=True, slots=True)
class Style:
    """How wide to write, and whether in colour."""

    width: int = 80
    color: bool = False


def _draw(style: Style, parts: Iterable[RenderableType]) -> str:
    from rich.console import Console

    out = io.StringIO()
    console: Console = Console(
        file=out, width=style.width, force_terminal=style.color, no_color=not style.color, highlight=False, emoji=False,
        color_system="standard" if style.color else None, legacy_windows=False, markup=False,
    )  # fmt: skip
    for part in parts:
        console.print(part)
    return "".join(f"{_TRAILING.sub(_codes, line)}\n" for line in out.getvalue().splitlines())


def _codes(blanks: re.Match[str]) -> str:
    return blanks[0].replace(" ", "")


def _sentence(text: str, style: str = "") -> RenderableType:
    from rich.text import Text

    return Text(printable(text, 600), style=style)


def sparkline(shares: Sequence[float | None], low: float = 0.0, high: float = 1.0) -> str:
    """One bar a value, a space where there is none. On the scale 0 to 1 a small slide looks small."""
    return "".join(" " if s is None else _BARS[min(7, int((s - low) / (high - low) * 8))] for s in shares)


def _table(t: Table, skip: Sequence[str] = ()) -> RenderableType:
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_footer=t.total is not None)
    kept = [(i, c) for i, c in enumerate(t.columns) if c.name not in skip]
    for i, c in kept:
        footer = Text(printable(tables.shown(t.total[i], c.kind), 40)) if t.total else ""
        right = c.kind in tables.RIGHT
        drawn.add_column(
            Text(visible(c.label)[:60]), footer=footer, justify="right" if right else "left", overflow="fold"
        )
    for row in t.rows:
        drawn.add_row(*(_cell(row[i], c) for i, c in kept))
    return drawn


def _cell(value: tables.Value, column: Column) -> RenderableType:
    from rich.text import Text

    shown = printable(tables.shown(value, column.kind), 40)
    if column.name == "firing":
        return Text("FIRING" if value else "-", style="bold red" if value else "")
    return Text(shown)


def _notes(frame: Frame) -> list[RenderableType]:
    return [_sentence(f"! {n.message}", "yellow") for n in frame.warnings]


def mix(answer: Mix, style: Style) -> str:
    """The two numbers side by side, the course of the primary share, and the table."""
    days = answer.covered
    shares = [d.counts.share(answer.primary) for d in days]
    whole = [s for s, d in zip(shares, days, strict=True) if not d.partial] or shares
    parts: list[RenderableType] = [
        _sentence(words.fallback_metric(answer)),
        _sentence(words.users_got(answer), "bold"),
        *_notes(answer.frame),
        "",
        _sentence(f"{days[0].day} to {days[-1].day}, days in {answer.frame.zone}"),
        _sentence(f"{answer.primary} {sparkline(shares[-60:])}  {words.share(whole[0])} → {words.share(whole[-1])}"),
    ]
    table = tables.mix_groups(answer) if answer.by else tables.mix_days(answer)
    parts.append(_table(table))
    if table.footnote:
        parts.append(_sentence(table.footnote))
    return _draw(style, parts)


def burn(answer: Burn, style: Style) -> str:
    """Each SLO in a sentence, its budget, and its alert rows."""
    parts: list[RenderableType] = [*_notes(answer.frame)]
    for s in answer.slos:
        parts += _slo(s)
    return _draw(style, parts)


def burn_explained(answer: Burn, style: Style) -> str:
    """`burn`, and why each alert row fires or not."""
    parts: list[RenderableType] = [*_notes(answer.frame)]
    for s in answer.slos:
        parts += [*_slo(s), *(_sentence(f"- {words.alert_line(s, a)}") for a in s.alerts), ""]
    return _draw(style, parts)


def by_group(answer: GroupedBurn, style: Style) -> str:
    """Each SLO by group, and the alert rows of the groups that are let down most."""
    parts: list[RenderableType] = [*_notes(answer.frame)]
    for s in answer.slos:
        table = tables.burn_groups(s, answer.by)
        parts += [_sentence(table.title, "bold"), _table(replace(table, rows=table.rows[:_LISTED_GROUPS]))]
        if (more := len(s.groups) - _LISTED_GROUPS) > 0:
            parts.append(_sentence(f"and {tables.many(more, 'group')} more: --format csv lists them all"))
        if table.footnote:
            parts.append(_sentence(table.footnote))
        for g in [g for g in s.groups if not g.status.ok and not g.status.small_sample][:_SHOWN_GROUPS]:
            parts += [_sentence(f"{answer.by} = {g.value}", "bold"), *_slo(g.status)]
    return _draw(style, parts)


def replay(answer: Replay, style: Style) -> str:
    """How often each row would have fired, then the latest episodes."""
    span = answer.frame.window
    parts: list[RenderableType] = [
        *_notes(answer.frame),
        _sentence(f"every minute from {tables.stamp(span.start)} to {tables.stamp(span.end)}"),
    ]
    for s in answer.slos:
        listed = tables.episodes(replace(answer, slos=(s,)))
        rows = listed.rows[-_SHOWN_EPISODES:]
        more = "" if len(rows) == len(listed.rows) else f", the last {len(rows)} of {len(listed.rows):,}"
        parts += [_sentence(words.replayed(s), "bold"), _table(tables.replay_rows(s))]
        if rows:
            parts += [_sentence(f"{listed.title}{more}")]
            parts += [_table(replace(listed, rows=rows), skip=("slo", "factor", "total"))]
    return _draw(style, parts)


def calendar(answer: Calendar, style: Style) -> str:
    """Every SLO by month and quarter."""
    table = tables.calendar(answer)
    skip = ("target", *(["slo"] if len(answer.slos) == 1 else ["bad"]))
    footnote = [_sentence(table.footnote)] if table.footnote else []
    return _draw(style, [*_notes(answer.frame), _table(table, skip=skip), *footnote])


def explain(answer: Explained, style: Style) -> str:
    """The change in a sentence, then by cause and by segment."""
    c = answer.change
    parts: list[RenderableType] = [
        *_notes(change_words.spoken(answer.frame)),
        _sentence(change_words.headline(c), "bold"),
        _sentence(change_words.compared(c, answer.frame.zone)),
        _sentence(change_words.sentence(c), "bold"),
    ]
    for made in change_tables.told(c, change_tables.divided(c)):
        parts += [_sentence(made.title, "bold")] if made.name != "causes" else []
        parts += [_table(made, skip=("margin",) if c.error is None else ())]
        parts += [_sentence(made.footnote)] if made.footnote else []
    told = list(change_words.evidence(c))
    parts += [_sentence("Some of these requests, the latest first", "bold")] if told else []
    parts += [_sentence(line) for line in told]
    parts += [_sentence(change_words.unusual(c))] if c.unusual else []
    return _draw(style, parts)


def drift(answer: Drifts, style: Style) -> str:
    """Each series with what is known of it, the falling ones first."""
    ordered = sorted(answer.series, key=lambda s: s.ok)
    parts: list[RenderableType] = [*_notes(answer.frame)]
    if len(ordered) > _DRIFTS:
        made = drift_tables.drift_shown(answer)
        parts += [_table(made), *([_sentence(made.footnote)] if made.footnote else []), ""]
    for s in [s for s in ordered if len(ordered) <= _DRIFTS or not s.ok][:_DRIFTS]:
        lines = (_sentence(f"  {line}") for line in drift_words.told(s, answer.again))
        parts += [_sentence(drift_words.verdict(s), _VERDICT.get(s.verdict, "bold red")), *lines, ""]
    return _draw(style, [*parts, _sentence(drift_words.promise(answer))])


def drift_replay(answer: DriftReplay, style: Style) -> str:
    """The alarms of the past."""
    parts: list[RenderableType] = [*(_notes(answer.frame) if answer.frame else ())]
    if answer.alarms:
        parts.append(_table(drift_tables.drift_replay_shown(answer)))
    return _draw(style, [*parts, _sentence(tables.many(len(answer.alarms), "alarm"))])


def drift_self_check(answer: SelfCheck, style: Style) -> str:
    """How often the meter cried wolf on made-up years."""
    made = drift_tables.drift_self_check(answer)
    return _draw(style, [*_notes(answer.frame), _table(made), _sentence(made.footnote)])


def history(answer: EachWeek, style: Style) -> str:
    """The slide in a sentence, by week, and since when who took how much."""
    told = answer.history
    table = change_tables.weeks(told)
    parts: list[RenderableType] = [
        *_notes(answer.frame),
        _sentence(change_words.story(told), "bold"),
        _sentence(_course([w.counts.share for w in told.weeks][-60:])),
        _table(table),
    ]
    parts += [_sentence(table.footnote)] if table.footnote else []
    if told.spells:
        made = change_tables.spells(told)
        parts += [_sentence(made.title, "bold"), _table(made, skip=("owner",))]
    return _draw(style, parts)


def _course(shares: Sequence[float | None]) -> str:
    low, high = change_words.scale(shares)
    drawn = f"good share {sparkline(shares, low, high)}"
    return (
        drawn if (low, high) == (0.0, 1.0) else f"{drawn}  the scale is {tables.percent(low)} to {tables.percent(high)}"
    )


def _slo(s: SloStatus) -> list[RenderableType]:
    state = tables.state(s)
    table = Table("burn", "", tables.ALERT_COLUMNS, tables.alert_rows(s))
    return [
        _sentence(f"{words.MARK[state]} {words.slo_line(s)}", _STATE[state]),
        _sentence(words.budget_line(s)),
        _table(table, skip=("slo",)),
    ]


def check(gate: Gate, style: Style, *, only_failing: bool = False) -> str:
    """A line a check, what to run next below what is not ok, and the summary as the last line.

    Args:
        gate: the results.
        style: how to write.
        only_failing: say nothing of what is ok, and nothing at all when everything is.
    """
    if only_failing and gate.ok:
        return ""
    shown = [r for r in gate.results if gate.fails(r) or not only_failing]
    judged = {r.kind for r in gate.results}
    notes = [n for n in gate.frame.warnings if n.code != "stale" or "freshness" not in judged]
    parts: list[RenderableType] = [*(_sentence(f"! {n.message}", "yellow") for n in notes), _check_lines(gate, shown)]
    return _draw(style, [*parts, _sentence(words.gate_summary(gate), "bold green" if gate.ok else "bold red")])


def _check_lines(gate: Gate, shown: Sequence[CheckResult]) -> RenderableType:
    from rich.table import Table as RichTable
    from rich.text import Text

    grid = RichTable.grid(padding=(0, 2, 0, 0))
    grid.add_column(min_width=max(map(len, words.STATE_WORDS.values())))
    grid.add_column()
    for i, r in enumerate(shown):
        style = "bold red" if gate.fails(r) else "yellow" if r.state != "ok" else "green"
        found = f"{printable(words.check_name(r), 80)}: {printable(r.sentence, 400)}"
        grid.add_row(Text(words.STATE_WORDS[r.state], style=style), Text(found))
        following = next((n.look for n in shown[i + 1 :] if n.state != "ok"), "")
        if r.state != "ok" and r.look and r.look != following:  # said once below the last that it explains
            grid.add_row("", Text(f"next: {printable(r.look, 200)}"))
    return grid


def notify(outcome: Outcome, style: Style) -> str:
    """What each channel was told, in a dry run with all its words; the last line counts."""
    parts: list[RenderableType] = []
    for d in outcome.deliveries:
        verb = "would send" if outcome.dry else "sent" if d.sent else "NOT SENT"
        why = f" ({d.fault})" if d.fault else ""
        parts.append(_sentence(f"{verb} to {d.channel}: {d.title}{why}", "bold red" if verb == "NOT SENT" else ""))
        parts += [_sentence(f"  {line}") for line in d.body.splitlines()] if outcome.dry else []
    counts = [(sum(d.sent for d in outcome.deliveries), "sent")]
    counts += [(sum(not d.sent for d in outcome.deliveries), "to send" if outcome.dry else "NOT SENT")]
    told = ", ".join(f"{tables.many(n, 'message')} {what}" for n, what in counts if n) or "nothing new to tell"
    return _draw(style, [*parts, _sentence(f"{told}; {tables.many(outcome.open, 'incident')} open")])


def receipt(answer: Receipt, style: Style) -> str:
    """What an ingest did, closing with the line that adds up."""
    parts: list[RenderableType] = []
    for f in answer.files if len(answer.files) <= 20 else ():
        source = "empty" if not f.source else f"{f.source}{', unchanged' * f.unchanged}"
        bad = f", {f.quarantined:,} quarantined" if f.quarantined else ""
        parts.append(_sentence(f"{f.path}: {source}, {tables.many(f.lines, 'line')}{bad}"))
    added = f"{tables.many(abs(answer.requests), 'request')} {'added' if answer.requests >= 0 else 'fewer'}"
    parts.append(
        _sentence(
            f"{answer.accepted:,} accepted + {answer.duplicate:,} duplicate + {answer.quarantined:,} quarantined = "
            f"{tables.many(answer.lines, 'line')}; {added} in {answer.seconds:.1f} s",
            "bold",
        )
    )
    if answer.requests < 0:
        parts.append(_sentence("these lines showed that earlier ones belong to the same requests"))
    return _draw(style, parts)


def preview(path: str, p: Preview, style: Style) -> str:
    """What ingest would make of a file."""
    keys = ", ".join((*p.keys, *([f"one of {', '.join(p.any_keys)}"] if p.any_keys else [])))
    why = f"{p.telling[0]} of the first {p.telling[1]} records have {keys}" if p.telling[1] else "its columns say so"
    parts: list[RenderableType] = [
        _sentence(f"{path}: {p.source}, {p.title} ({p.packing})", "bold"),
        _sentence(f"because {why}"),
        _sentence(f"a row of it is {'a request' if p.row == 'request' else 'an attempt; attempts are joined'}"),
        _sentence(f"{tables.many(p.lines, 'line')} read, {p.quarantined:,} of them could not be used"),
        *(_sentence(f"  {n:,} x {reason}", "yellow") for reason, n in p.reasons),
    ]
    names = ("time", "asked for", "served", "tier", "fallback", "reason")
    columns = tuple(Column(n, n, "text") for n in names)
    parts.append(_table(Table("preview", "", columns, tuple(p.requests))))
    for field, share in p.filled.items():
        if share == 0 or (share < 1 and field != "reason"):  # most requests have no reason to have one
            had = "no request has" if share == 0 else f"{tables.percent(share)} of requests have"
            parts.append(_sentence(f"{had} {field}, needed for: {p.needed_for[field]}"))
    return _draw(style, parts)


def status(frame: Frame, answer: Trust, quarantine: Table, style: Style) -> str:
    """The state of the store."""
    parts: list[RenderableType] = [*_notes(frame), _pairs(tables.trust(answer))]
    if quarantine.rows:
        parts += [_sentence(quarantine.title, "bold"), _table(quarantine)]
    return _draw(style, parts)


def _pairs(t: Table) -> RenderableType:
    from rich.table import Table as RichTable
    from rich.text import Text

    grid = RichTable.grid(padding=(0, 2))
    for what, value in t.rows:
        grid.add_row(Text(str(what)), Text(printable(str(value), 200)))
    return grid
