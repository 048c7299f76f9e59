"""The report: asks every question once and puts the answers into one frozen document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tiermix import answers, explain
from tiermix.answers import Desk
from tiermix.changes import Change
from tiermix.config.settings import Slo
from tiermix.errors import NoData
from tiermix.model import Report
from tiermix.timewin import Window, split_days


def build(desk: Desk, window: Window, slos: Sequence[Slo]) -> Report:
    """The report of a window.

    Raises:
        NoData: no request was counted in the window.
        InfeasibleAlert: an alert row can never fire at its target.
    """
    mix = answers.mix(desk, window)
    days = split_days(window, desk.zone)
    owner = desk.config.owner
    return Report(
        frame=mix.frame,
        title=f"Tier mix{f' of {owner}' if owner else ''}",
        owner=owner,
        mix=mix,
        intents=answers.mix(desk, window, by="intent"),
        reasons=answers.mix(desk, window, by="reason"),
        burn=answers.burn_even_if_empty(desk, slos),
        budget_days={s.name: answers.budget_days(desk, s, days) for s in slos},
        trust=answers.trust(desk, window),
        change=_change(desk, window, slos),
    )


def _change(desk: Desk, window: Window, slos: Sequence[Slo]) -> Change | None:
    """Why the share of the first SLO changed, as of the end of the window; None where too few days are known."""
    then = desk if window.end == desk.as_of else replace(desk, asked_as_of=window.end)
    try:
        return explain.explain(then, slos[0]).change
    except NoData:
        return None
