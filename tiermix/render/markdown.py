"""Answers as Markdown, for chat, tickets and pull requests."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tiermix.analysis.compliance import Calendar, GroupedBurn
from tiermix.analysis.drift.verdict import DriftReplay, Drifts, SelfCheck
from tiermix.analysis.replay import Replay
from tiermix.changes import Change
from tiermix.explain import EachWeek, Explained
from tiermix.model import Burn, Frame, Mix
from tiermix.render import change_tables, change_words, drift_tables, drift_words, tables, words
from tiermix.render.safe import printable
from tiermix.render.tables import Table
from tiermix.report import Report
from tiermix.verdicts import Gate

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])")


def escape(text: str) -> str:
    """`text` as it stands, whatever Markdown would make of it."""
    return _SPECIAL.sub(r"\\\1", printable(text))


def table(t: Table) -> str:
    """A pipe table."""
    lines = [
        "| " + " | ".join(escape(c.label.replace("\n", " ")) for c in t.columns) + " |",
        "|" + "|".join(" ---: " if c.kind in tables.RIGHT else " --- " for c in t.columns) + "|",
    ]
    for row in (*t.rows, *([t.total] if t.total else [])):
        cells = (tables.shown(v, c.kind) for v, c in zip(row, t.columns, strict=True))
        lines.append("| " + " | ".join(escape(x) for x in cells) + " |")
    return "\n".join(lines) + "\n"


def _page(parts: Iterable[str]) -> str:
    return "\n".join(p.rstrip("\n") + "\n" for p in parts if p)


def _warnings(frame: Frame) -> str:
    return "\n".join(f"> **{n.code}**: {escape_long(n.message)}" for n in frame.warnings)


def escape_long(text: str) -> str:
    """`escape` for a sentence of ours that may carry a name from a log."""
    return _SPECIAL.sub(r"\\\1", printable(text, 400))


def mix(answer: Mix) -> str:
    """The mix with its two numbers in front."""
    body = table(tables.mix_groups(answer)) if answer.by else table(tables.mix_days(answer))
    return _page(
        [
            escape_long(words.fallback_metric(answer)),
            escape_long(words.users_got(answer)),
            _warnings(answer.frame),
            body,
        ]
    )


def burn(answer: Burn) -> str:
    """Each SLO with its budget, then all alert rows."""
    slos = "\n".join(f"- **{escape_long(words.slo_line(s))}**; {words.budget_line(s)}" for s in answer.slos)
    return _page([slos, _warnings(answer.frame), table(tables.burn(answer))])


def burn_explained(answer: Burn) -> str:
    """`burn`, and why each alert row fires or not."""
    lines = (f"- {escape_long(f'{s.name}: {words.alert_line(s, a)}')}" for s in answer.slos for a in s.alerts)
    return _page([burn(answer), "\n".join(lines)])


def by_group(answer: GroupedBurn) -> str:
    """Each SLO by group."""
    parts = [_warnings(answer.frame)]
    for t in (tables.burn_groups(s, answer.by) for s in answer.slos):
        parts += [f"## {escape(t.title)}", table(t), escape_long(t.footnote)]
    return _page(parts)


def replay(answer: Replay) -> str:
    """Every time a row would have fired."""
    slos = "\n".join(f"- {escape_long(words.replayed(s))}" for s in answer.slos)
    return _page([slos, _warnings(answer.frame), table(tables.episodes(answer))])


def calendar(answer: Calendar) -> str:
    """Every SLO by month and quarter."""
    made = tables.calendar(answer)
    return _page([_warnings(answer.frame), table(made), escape_long(made.footnote)])


def explain(answer: Explained) -> str:
    """The change in a sentence, then by cause and by segment."""
    c = answer.change
    parts = [*_changed(c, answer.frame.zone), _warnings(change_words.spoken(answer.frame))]
    for made in change_tables.told(c, change_tables.divided(c)):
        parts += [f"## {escape_long(made.title)}"] if made.name != "causes" else []
        parts += [table(made), escape_long(made.footnote)]
    told = [f"- {escape_long(line)}" for line in change_words.evidence(c)]
    return _page([*parts, *(["## Some of these requests", "\n".join(told)] if told else []), change_words.unusual(c)])


def _changed(c: Change, zone: str) -> list[str]:
    return [
        f"**{escape_long(change_words.headline(c))}**",
        escape_long(change_words.sentence(c)),
        escape_long(change_words.compared(c, zone)),
    ]


def drift(answer: Drifts) -> str:
    """A sentence a series, and the table."""
    return _page([_drifting(answer), _warnings(answer.frame), table(drift_tables.drift_shown(answer))])


def _drifting(answer: Drifts) -> str:
    sentences = "\n".join(f"- {escape_long(f'{s.name}: {drift_words.sentence(s)}')}" for s in answer.series)
    return f"{sentences}\n\n{escape_long(drift_words.promise(answer))}"


def drift_replay(answer: DriftReplay) -> str:
    """The alarms of the past."""
    made = table(drift_tables.drift_replay_shown(answer))
    return _page([_warnings(answer.frame) if answer.frame else "", made])


def drift_self_check(answer: SelfCheck) -> str:
    """How often the meter cried wolf on made-up years."""
    made = drift_tables.drift_self_check(answer)
    return _page([_warnings(answer.frame), table(made), escape_long(made.footnote)])


def history(answer: EachWeek) -> str:
    """The slide in a sentence, by week, and since when who took how much."""
    told, made = answer.history, change_tables.weeks(answer.history)
    parts = [
        f"**{escape_long(change_words.story(told))}**",
        _warnings(answer.frame),
        table(made),
        escape_long(made.footnote),
    ]
    if told.spells:
        listed = change_tables.spells(told)
        parts += [f"## {listed.title}", table(listed)]
    return _page(parts)


def check(gate: Gate) -> str:
    """The summary, then a row a check."""
    rows = [
        f"| {words.STATE_WORDS[r.state]} | {escape_long(words.check_name(r))} | {escape_long(r.sentence)} |"
        for r in gate.results
    ]
    head = ["| state | check | finding |", "| --- | --- | --- |"]
    return _page([f"**{escape_long(words.gate_summary(gate))}**", _warnings(gate.frame), "\n".join([*head, *rows])])


def report(answer: Report) -> str:
    """The whole report."""
    return _page(
        [
            f"# {escape_long(answer.title)}",
            f"**{escape_long(words.verdict(answer.mix, answer.burn))}**",
            _warnings(answer.frame),
            "## Promises",
            "\n".join(f"- {escape_long(words.slo_line(s))}; {words.budget_line(s)}" for s in answer.burn.slos),
            "## Burn rates",
            table(tables.burn(answer.burn)),
            "## Served tier by day",
            table(tables.mix_days(answer.mix)),
            "## Served tier by intent",
            table(tables.mix_groups(answer.intents)),
            "## Why requests were demoted",
            table(tables.reasons(answer.reasons)),
            "## Drift",
            _drifting(answer.drift),
            *_change_section(answer),
            "## How far to trust this",
            table(tables.trust(answer.trust)),
        ]
    )


def _change_section(answer: Report) -> list[str]:
    if answer.change is None:
        return []
    made = change_tables.told(answer.change, change_tables.telling(answer.change))
    return ["## What changed and why", *_changed(answer.change, answer.frame.zone), *map(table, made)]
