"""The parameters that a plain question binds to a named query, for `tiermix sql`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from tiermix import answers, counters, explain, review
from tiermix.answers import Desk
from tiermix.errors import NoData
from tiermix.timewin import DAY


def params(desk: Desk, name: str) -> Mapping[str, Any] | None:
    """The parameters of a named query as a plain question over the last 30 days binds them; None if none asks it."""
    window = desk.window(30, None, None)
    plain, filtered = answers.slos_of(desk.config)[0], {"tier": (desk.tiering.primary,)}
    answers.mix(desk, window, by="reason" if name == "mix/by_minute" else None)
    answers.mix(desk, window, by="intent")
    answers.mix(desk, window, where=filtered)
    for slo in (replace(plain, where={"tier": desk.tiering.order}), replace(plain, where={})):
        answers.burn_even_if_empty(desk, [slo])
        review.replay(desk, [slo], 30 * DAY)
        review.by_group(desk, [slo], "reason")
    for where in ({}, filtered):
        counters.by_tier(desk, where, *counters.minutes_in(window))
    answers.trust(desk, window)
    with suppress(NoData):  # a store of less than two whole days has nothing to compare
        explain.explain(desk, replace(plain, where={}), explain.Question(by=(("intent",), ("intent", "tenant"))))
    return desk.store.asked.get(name)
