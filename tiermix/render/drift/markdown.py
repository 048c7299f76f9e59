"""Drift verdicts as Markdown."""

from __future__ import annotations

from tiermix.analysis.drift.verdict import DriftReplay, Drifts, SelfCheck
from tiermix.render.drift import tables, words
from tiermix.render.markdown import _page, _warnings, escape_long, table


def drift(answer: Drifts) -> str:
    """A sentence a series, and the table."""
    sentences = "\n".join(f"- {escape_long(f'{s.name}: {words.sentence(s)}')}" for s in answer.series)
    shown = table(tables.drift_shown(answer))
    return _page([sentences, _warnings(answer.frame), shown, escape_long(words.promise(answer))])


def drift_self_check(answer: SelfCheck) -> str:
    """How often the meter cried wolf on made-up years."""
    made = tables.drift_self_check(answer)
    return _page([_warnings(answer.frame), table(made), escape_long(made.footnote)])


def drift_replay(answer: DriftReplay) -> str:
    """The alarms of the past."""
    return _page([_warnings(answer.frame) if answer.frame else "", table(tables.drift_replay_shown(answer))])
