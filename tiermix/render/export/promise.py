"""An SLO as a sentence, for the people who read an alert or a specification."""

from __future__ import annotations

from tiermix.render.export import names
from tiermix.snapshot import Definition
from tiermix.timewin import format_duration


def promise(definition: Definition) -> str:
    """What is promised, such as: 97% of all requests over 7d are served by primary."""
    slo = definition.slo
    kept = "; ".join(f"{dim} = {' or '.join(values)}" for dim, values in slo.where.items())
    of = f"requests with {names.given_value(kept)}" if kept else "all requests"
    tiers = names.given_value(" or ".join(definition.good_tiers))
    over = f"in each calendar {slo.calendar}" if slo.calendar else f"over {format_duration(slo.window)}"
    return f"{float(slo.target * 100):.10g}% of {of} {over} are served by {tiers}."
