"""Drift verdicts for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiermix.analysis.drift.verdict import DriftReplay, Drifts, SelfCheck, SeriesDrift
from tiermix.render import tables as common
from tiermix.render.drift import tables, words
from tiermix.render.text import Style, _draw, _notes, _sentence, _table

if TYPE_CHECKING:
    from rich.console import RenderableType

_STYLE = {"steady": "bold green", "drifting_up": "bold green", "learning": "bold", "insufficient": "bold"}
_PARAGRAPHS = 5  # series up to which each has a paragraph; more make a table


def drift(answer: Drifts, style: Style) -> str:
    """Each series with what is known of it, the falling ones first."""
    ordered = sorted(answer.series, key=lambda s: s.ok)
    parts: list[RenderableType] = [*_notes(answer.frame)]
    if len(ordered) > _PARAGRAPHS:
        parts.append(_table(tables.drift_shown(answer)))
    for s in [s for s in ordered if len(ordered) <= _PARAGRAPHS or not s.ok][: 2 * _PARAGRAPHS]:
        parts += [*_series(s), ""]
    return _draw(style, [*parts, _sentence(words.promise(answer))])


def _series(s: SeriesDrift) -> list[RenderableType]:
    lines = [words.levels(s), words.pace(s), words.meaning(s), words.evidence(s), *_accepted(s)]
    out = [_sentence(words.verdict(s), _STYLE.get(s.verdict, "bold red"))]
    return [*out, *(_sentence(f"  {line}") for line in lines if line)]


def _accepted(s: SeriesDrift) -> list[str]:
    out = []
    if s.accepted is not None:
        out.append(f"the level since {s.accepted} is accepted")
    if s.recovered_on is not None:
        out.append(f"an earlier drift was over on {s.recovered_on}")
    if not s.ok and s.onset is not None:
        day = s.onset.day
        out.append(f"meant to be so? tiermix drift --ack {day} --reason WHY; who did it: tiermix explain --from {day}")
    return out


def drift_self_check(answer: SelfCheck, style: Style) -> str:
    """How often the meter cried wolf on made-up years."""
    table = tables.drift_self_check(answer)
    return _draw(style, [*_notes(answer.frame), _table(table), _sentence(table.footnote)])


def drift_replay(answer: DriftReplay, style: Style) -> str:
    """The alarms of the past."""
    parts: list[RenderableType] = [*(_notes(answer.frame) if answer.frame else ())]
    if answer.alarms:
        parts.append(_table(tables.drift_replay_shown(answer)))
    parts.append(_sentence(f"{common.many(len(answer.alarms), 'alarm')}"))
    return _draw(style, parts)
