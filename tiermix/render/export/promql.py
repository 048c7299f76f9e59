"""PromQL over the exported counters, written so that Prometheus gets the numbers of `tiermix burn`.

`increase()` and `rate()` are of no use for that. They extrapolate to the edges of the window, and they take every fall
of a counter for a restart and add its whole value: one late attempt that turns a bad request into a good one would
read as an outage of everything. These counters never restart, since they are read from the store; so the requests of a
window are the plain difference of its two ends, which is exact whenever both ends were scraped on the minute.
"""

from __future__ import annotations

import json
from fractions import Fraction

from tiermix.model import AlertRow
from tiermix.render.export import names
from tiermix.render.export.names import Metric
from tiermix.snapshot import Definition
from tiermix.timewin import format_duration


def string(text: str) -> str:
    """A text as a PromQL string. PromQL reads escapes as Go does, and Go reads those of JSON."""
    return json.dumps(text, ensure_ascii=False)


def templated(text: str) -> str:
    """A text that stays itself where Go's templates are expanded: labels, annotations, sloth's queries."""
    return text.replace("{{", '{{ "{{" }}')


def selector(metric: Metric, definition: Definition) -> str:
    """A metric of an SLO."""
    return f"{metric.name}{{{names.SLO}={string(names.given_value(definition.slo.name))}}}"


def increase(counter: str, window: str) -> str:
    """How much a counter grew in the window up to now.

    Where the window began, the counter may not have been scraped yet: then its first reading inside the window counts
    as the start, and never 0, or the whole past of the store would look like the last hour. (A backfilled counter does
    begin with a reading of 0.)
    """
    return f"({counter} - ({counter} offset {window} or min_over_time({counter}[{window}])))"


def bad(definition: Definition, seconds: int) -> str:
    """Bad requests of a window."""
    return increase(selector(names.SLO_BAD, definition), format_duration(seconds))


def total(definition: Definition, seconds: int) -> str:
    """All requests of a window."""
    return increase(selector(names.SLO_REQUESTS, definition), format_duration(seconds))


def burn(definition: Definition, seconds: int) -> str:
    """The burn rate of a window: absent without requests, and when the counter fell because the store was pruned."""
    return f"{bad(definition, seconds)}\n/ ({total(definition, seconds)} > 0)\n/ {float(1 - definition.slo.target)!r}"


def budget(definition: Definition) -> str:
    """The error budget left over the window of the SLO.

    PromQL knows no months and no time zones, so the budget of a calendar period is the one that tiermix exports.
    """
    if definition.slo.calendar:
        return selector(names.SLO_BUDGET, definition)
    return f"1 -\n{burn(definition, definition.slo.window)}"


def firing(definition: Definition, row: AlertRow) -> str:
    """True exactly when `tiermix burn` says that the row fires; its value is the burn rate of the long window.

    Counters are used, and not the recorded burn rates, for two reasons: the rule can be evaluated at any past moment,
    which shows what it would have done, and the comparison is one of whole numbers. bad > factor x (1 - target) x total
    is multiplied out, because 0.4032 has no exact binary form.
    """
    limit = row.factor * (1 - definition.slo.target)
    parts = [
        burn(definition, row.long),
        _exceeds(definition, row.long, limit),
        _exceeds(definition, row.short, limit),
        f"{bad(definition, row.long)} >= {definition.slo.min_bad}",
    ]
    return "\nand\n".join(parts)


def _exceeds(definition: Definition, seconds: int, limit: Fraction) -> str:
    left, right = bad(definition, seconds), total(definition, seconds)
    return f"{left} * {limit.denominator}\n> {right} * {limit.numerator}"
