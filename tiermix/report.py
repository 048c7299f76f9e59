"""The report: asks every question once and puts the answers into one frozen document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tiermix import answers, drift, explain
from tiermix.analysis.drift.verdict import Drifts
from tiermix.answers import Desk
from tiermix.changes import Change
from tiermix.config.settings import Slo
from tiermix.errors import NoData
from tiermix.model import Burn, Frame, Mix, Trust
from tiermix.timewin import Window, split_days


@dataclass(frozen=True, slots=True)
class Report:
    """Everything one report says; HTML, JSON and Markdown are renderings of it."""

    frame: Frame
    title: str
    owner: str
    mix: Mix
    intents: Mix
    reasons: Mix
    burn: Burn
    budget_days: Mapping[str, tuple[float | None, ...]]
    trust: Trust
    drift: Drifts
    change: Change | None = None

    @property
    def ok(self) -> bool:
        """No SLO is breached, no alert fires, and no share falls."""
        return self.burn.ok and self.drift.ok


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
        drift=drift.drift_even_if_empty(_at(desk, window), slos),
        change=_change(desk, window, slos),
    )


def _change(desk: Desk, window: Window, slos: Sequence[Slo]) -> Change | None:
    """Why the share of the first SLO changed, as of the end of the window; None where too few days are known."""
    try:
        return explain.explain(_at(desk, window), slos[0]).change
    except NoData:
        return None


def _at(desk: Desk, window: Window) -> Desk:
    """The desk as of the end of the window."""
    return desk if window.end == desk.as_of else replace(desk, asked_as_of=window.end)
