"""Which tier an outcome belongs to: by the declared tiers, by what the log says, or assumed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tiermix.config.settings import Config, Tier
from tiermix.model import BUILT_IN_TIERS, UNKNOWN, UNSERVED, Outcome, Placement

PRIMARY, SECONDARY, CACHE = "primary", "secondary", "cache"

# Best first, for logs that name their own tiers while the configuration declares none; other names follow, sorted.
_USUAL_ORDER = (PRIMARY, SECONDARY, "tertiary", "fallback", "small", CACHE, "canned")

# Dates (2024-08-06, 20250929), short snapshots (0613, 001), versions (v2:0) and `latest` at the end of a model's name.
_DATED = re.compile(r"(?:-\d{4}-?\d{2}-?\d{2}|@\d{8}|-\d{3,4}|-latest|-v\d+(?::\d+)?)+$")
# A cloud's region and vendor in front: us.anthropic.claude-...
_VENDOR = re.compile(r"^(?:(?:us|eu|apac|global)\.)?(?:anthropic|amazon|meta|mistral|cohere|ai21|deepseek|openai)\.")


# Reasons of dialects: the model that was asked for answered, from a lower class of capacity than was asked for.
_LESS_CAPACITY = ("service_tier_", "azure_spillover")


@dataclass(frozen=True, slots=True)
class Tiering:
    """The tiers of a store under one configuration.

    Attributes:
        order: all tier names, best first, `unserved` and `unknown` last.
        primary: the best tier.
        placements: one per outcome.
        assumed: some tier was neither declared nor logged but follows from what was asked for.
    """

    order: tuple[str, ...]
    primary: str
    placements: tuple[Placement, ...]
    assumed: bool


def tiering(config: Config, outcomes: Sequence[Outcome]) -> Tiering:
    """Places every outcome in a tier; the same for all readers of one configuration."""
    if config.tiers:
        names = [t.name for t in config.tiers]
        served = {o.outcome_id: _declared(config.tiers, o) for o in outcomes}
        intended = {o.outcome_id: _declared_intended(config.tiers, o) for o in outcomes}
        assumed = False
    else:
        served = {o.outcome_id: o.logged_tier or _assumed(o) for o in outcomes}
        intended = {o.outcome_id: o.logged_intended or _assumed_intended(o) for o in outcomes}
        assumed = any(not o.logged_tier and served[o.outcome_id] not in BUILT_IN_TIERS for o in outcomes)
        seen = {*served.values(), *(t for t in intended.values() if t)}
        names = _usual_order(seen, outcomes)
        assumed = assumed or bool(seen - {*_USUAL_ORDER, *BUILT_IN_TIERS})  # the order of such names is ours
    order = (*(n for n in names if n not in BUILT_IN_TIERS), *BUILT_IN_TIERS)
    rank = {name: i for i, name in enumerate(order)}
    placements = tuple(
        _place(o, served[o.outcome_id], intended[o.outcome_id], rank) for o in sorted(outcomes, key=_outcome_id)
    )
    return Tiering(order, order[0] if order[0] not in BUILT_IN_TIERS else PRIMARY, placements, assumed)


def settled(config: Config, outcomes: Iterable[Outcome]) -> bool:
    """Whether the tier that the log names is the served tier of all of these, whatever else it says of them."""
    named = {*(t.name for t in config.tiers), *BUILT_IN_TIERS}
    return all(o.logged_tier and (not config.tiers or o.logged_tier in named) for o in outcomes)


def _outcome_id(outcome: Outcome) -> int:
    return outcome.outcome_id


def _place(o: Outcome, tier: str, intended: str | None, rank: dict[str, int]) -> Placement:
    # Where an unknown model stands among the tiers is not known, so neither is whether it was a demotion.
    comparable = intended is not None and UNKNOWN not in (tier, intended)
    demoted = rank[tier] > rank[intended] if comparable and intended is not None else None
    reason = None if demoted is False else o.reason
    return Placement(o.outcome_id, tier, rank[tier], intended, demoted, reason)


def _usual_order(names: set[str], outcomes: Sequence[Outcome]) -> list[str]:
    """Tiers that only the log names, best first: what was wanted stands above what was served instead of it."""
    if names <= {PRIMARY, SECONDARY, CACHE, *BUILT_IN_TIERS}:
        names = names | {PRIMARY}  # a window without a single primary answer still has a primary tier
    standing: Counter[str] = Counter()
    for o in outcomes:
        if o.logged_tier and o.logged_intended and o.logged_tier != o.logged_intended:
            standing[o.logged_intended] += 1
            standing[o.logged_tier] -= 1
    usual = {name: i for i, name in enumerate(_USUAL_ORDER)}
    known = names <= {*usual, *BUILT_IN_TIERS}
    return sorted(names, key=lambda n: (0 if known else -standing[n], usual.get(n, len(usual)), n))


def _nothing_served(o: Outcome) -> bool:
    return o.status == "error" or (o.served_model is None and not o.cached and o.status != "ok")


def _declared(tiers: Sequence[Tier], o: Outcome) -> str:
    if o.logged_tier is not None and (o.logged_tier in BUILT_IN_TIERS or any(t.name == o.logged_tier for t in tiers)):
        return o.logged_tier
    if o.logged_tier is None and _nothing_served(o):
        return UNSERVED
    if o.cached and (cache := next((t.name for t in tiers if t.cached), None)):
        return cache
    # From the most special evidence to the most general: the switch that acted, the route taken, then who answered.
    return (
        _claim(tiers, "reasons", (o.reason,))
        or _claim(tiers, "routes", (o.route,))
        or _claim(tiers, "providers", (o.provider,))
        or _claim(tiers, "models", spellings(o.served_model))
        or UNKNOWN
    )


def _declared_intended(tiers: Sequence[Tier], o: Outcome) -> str | None:
    if o.logged_intended is not None and any(t.name == o.logged_intended for t in tiers):
        return o.logged_intended
    return (
        _claim(tiers, "routes", (o.requested_model,))
        or _claim(tiers, "models", spellings(o.requested_model))
        or _claim(tiers, "models", spellings(o.intended_model))
    )


def _claim(tiers: Sequence[Tier], selector: str, values: Iterable[str | None]) -> str | None:
    for value in values:
        for tier in tiers:
            if value is not None and any(fnmatchcase(value, glob) for glob in getattr(tier, selector)):
                return tier.name
    return None


def _assumed(o: Outcome) -> str:
    if _nothing_served(o):
        return UNSERVED
    if o.cached:
        return CACHE
    if o.reason is not None and o.reason.startswith(_LESS_CAPACITY):
        return SECONDARY
    if o.requested_model is None or (o.route is None and o.served_model is None):
        return SECONDARY if o.fallback else UNKNOWN
    if o.requested_model == o.route or same_model(o.requested_model, o.served_model):
        return PRIMARY
    return SECONDARY


def _assumed_intended(o: Outcome) -> str | None:
    if o.logged_tier is not None:
        return None
    return PRIMARY if o.requested_model is not None or o.fallback else None


def spellings(model: str | None) -> tuple[str, ...]:
    """A model as logged, without its provider prefix, and without its snapshot date: what a glob may match."""
    if model is None:
        return ()
    bare = model.rsplit("/", 1)[-1]
    plain = _VENDOR.sub("", bare)
    return tuple(dict.fromkeys((model, bare, plain, _DATED.sub("", plain))))


def normal_model(model: str) -> str:
    """The model behind an alias or dated snapshot, for comparing: `openai/gpt-4o-2024-08-06` is `gpt-4o`.

    Dots and dashes in versions are one (`claude-opus-4.7` and `claude-opus-4-7`), as gateways restyle them.
    """
    bare = _VENDOR.sub("", model.lower().rsplit("/", 1)[-1])
    return _DATED.sub("", bare.replace(".", "-"))


def same_model(asked: str | None, served: str | None) -> bool:
    """Whether two names mean the same model after normalising."""
    return asked is not None and served is not None and normal_model(asked) == normal_model(served)
