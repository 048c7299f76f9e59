"""The first configuration: what the logs show, written down for the team to correct."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from fractions import Fraction

from tiermix.answers import Desk
from tiermix.config.settings import Config
from tiermix.model import BUILT_IN_TIERS, Outcome, Placement
from tiermix.tiers import spellings
from tiermix.timewin import format_duration

_KIND_WORDS = (
    ("complexity_router", ("complex", "router", "score", "auto")),
    ("circuit_breaker", ("breaker", "circuit", "open")),
    ("cost_guard", ("cost", "budget", "spend", "guard")),
    ("cache_promotion", ("cache",)),
    ("rate_limiter", ("rate", "limit", "429", "quota")),
    ("model_selector", ("model", "select")),
)


def proposal(desk: Desk) -> str:
    """A commented `tiermix.toml` from what the store has seen."""
    counts: dict[int, int] = dict(
        desk.store.execute("SELECT outcome_id, sum(requests) FROM mix_minute GROUP BY outcome_id")
    )
    outcomes = {o.outcome_id: o for o in desk.store.outcomes()}
    seen = [(outcomes[p.outcome_id], p, int(counts.get(p.outcome_id, 0))) for p in desk.tiering.placements]
    order = [t for t in desk.tiering.order if t not in BUILT_IN_TIERS]
    return _document(_tiers(order, seen), _switches(seen))


def example() -> str:
    """A commented `tiermix.toml` for a team that has shown no logs."""
    tiers = (
        _tier("primary", {"models": ["gpt-5", "claude-opus-*"]}),
        _tier("secondary", {"models": ["gpt-5-mini*", "gpt-4o-mini*"]}),
        _tier("cache", {"cached": True}),
        _tier("canned", {"providers": ["canned"]}),
    )
    return _document("\n".join(tiers), _switch("complexity_router", 0))


def _document(tiers: str, switches: str) -> str:
    return f"""\
# tiermix.toml: what your tiers are, what you promise, and who answers for each switch.
# Check it with: tiermix config check

# owner = "llm-platform"        # the owner of the mix, named in every report
timezone = "UTC"                # groups days
freshness = "26h"               # older data is said loudly

# Tiers, best first; the first is the primary. A request belongs to the tier whose models (globs on the served model),
# providers, routes or reasons match it; cached = true claims all cached answers.

{tiers}
# What you promise: the share of requests served by the good tiers over a rolling window.

[[slo]]
name = "primary-share"
# good = ["primary"]            # the best tier when left out
target = 0.97
window = "7d"
# where = {{ intent = ["refund-policy"] }}

# Degradation switches: whatever can cause demotions. A reason in the log belongs to one switch.
{switches}
# Who is told when a promise breaks (tiermix notify). The address is a secret and stays in the environment:
# [[notify.channel]]
# name = "chat"
# url_env = "TIERMIX_NOTIFY_CHAT"

# Maintenance is not counted:
# [[exclude]]
# start = 2026-09-01T00:00:00Z
# end = 2026-09-01T04:00:00Z
# reason = "migration"
"""


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=True)


def _texts(values: Iterable[str]) -> str:
    return "[" + ", ".join(_text(v) for v in values) + "]"


def _tier(name: str, selectors: Mapping[str, list[str] | bool]) -> str:
    lines = [f"[[tier]]\nname = {_text(name)}"]
    for key, value in selectors.items():
        lines.append(f"{key} = {'true' if value is True else _texts(value if isinstance(value, list) else [])}")
    return "\n".join(lines) + "\n"


def _literal_glob(model: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in model)


def _tiers(order: list[str], seen: list[tuple[Outcome, Placement, int]]) -> str:
    """A table a tier. A model seen in several tiers goes to the one where it served most."""
    votes: dict[str, Counter[str]] = {}
    cached: Counter[str] = Counter()
    providers: dict[str, Counter[str]] = {}
    for outcome, placement, count in seen:
        if placement.tier in BUILT_IN_TIERS:
            continue
        if outcome.cached:
            cached[placement.tier] += count
        elif outcome.served_model is not None:
            votes.setdefault(_literal_glob(spellings(outcome.served_model)[-1]), Counter())[placement.tier] += count
        elif outcome.provider is not None:
            providers.setdefault(_literal_glob(outcome.provider), Counter())[placement.tier] += count
    of_tier = {model: tally.most_common(1)[0][0] for model, tally in votes.items()}
    provider_of = {name: tally.most_common(1)[0][0] for name, tally in providers.items()}
    out = []
    for tier in order:
        selectors: dict[str, list[str] | bool] = {}
        if models := sorted(m for m, t in of_tier.items() if t == tier):
            selectors["models"] = models
        if cached and cached.most_common(1)[0][0] == tier:
            selectors["cached"] = True
        if names := sorted(p for p, t in provider_of.items() if t == tier):
            selectors["providers"] = names
        out.append(_tier(tier, selectors))
    return "\n".join(out)


def _switches(seen: list[tuple[Outcome, Placement, int]]) -> str:
    reasons: Counter[str] = Counter()
    for _, placement, count in seen:
        if placement.reason is not None:
            reasons[placement.reason] += count
    return (
        "".join(_switch(reason, count) for reason, count in reasons.most_common(20)) or "# (no reasons in the logs)\n"
    )


def _switch(reason: str, count: int) -> str:
    kind = next((k for k, words in _KIND_WORDS if any(w in reason.lower() for w in words)), "manual")
    seen = f"                # {count:,} requests in the logs" if count else ""
    return f"""
[[switch]]
id = {_text(reason.lower().replace("_", "-"))}{seen}
kind = {_text(kind)}
reasons = [{_text(reason)}]
# owner = "who answers for it?"
# trip_condition = "when does it trip?"
# alert_share = 0.05
"""


def settings_rows(settings: Config, db: str, environment: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Every setting in force as (key, value, origin), where the origin is the file, a variable or the default."""
    defaults = Config()
    rows = [("db", db, "TIERMIX_DB" if environment.get("TIERMIX_DB") == db else "option or default")]
    for field in fields(Config):
        if field.name in ("path", "sha256"):
            continue
        value = getattr(settings, field.name)
        origin = "default" if value == getattr(defaults, field.name) else settings.path
        if isinstance(value, tuple):
            rows += [(f"{field.name}[{i}]", _plain(item), origin) for i, item in enumerate(value)]
            rows += [] if value else [(field.name, "none", origin)]
        elif is_dataclass(value):
            rows.append((field.name, _plain(value, full=True), origin))
        else:
            shown = format_duration(value) if field.name == "freshness" else str(value)
            rows.append((field.name, shown or "none", origin))
    return rows


_DURATIONS = ("window", "long", "short", "review_every", "remind_every", "timeout", "hold")


def _plain(item: object, *, full: bool = False) -> str:
    """A dataclass on one line, without the fields that were left at their default unless `full`."""
    if not is_dataclass(item):
        return str(item)
    parts = []
    for f in fields(item):
        value = getattr(item, f.name)
        if not full and value in (f.default, None, "", (), {}):
            continue
        if isinstance(value, Fraction):
            value = f"{float(value):g}"
        elif f.name in _DURATIONS and isinstance(value, int):
            value = format_duration(value)
        elif isinstance(value, tuple):
            value = ", ".join(_plain(v) for v in value)
        parts.append(f"{f.name}={_plain(value)}")
    return " ".join(parts)
