"""Which tier an outcome belongs to."""

from __future__ import annotations

from typing import Any

import pytest

from tiermix.config.settings import Config, Tier
from tiermix.model import Outcome
from tiermix.tiers import normal_model, tiering


def outcome(**fields: Any) -> Outcome:
    base: dict[str, Any] = {
        "outcome_id": 1, "requested_model": None, "served_model": None, "provider": None, "route": None,
        "intended_model": None, "logged_tier": None, "logged_intended": None, "cached": False, "reason": None,
        "status": "ok", "fallback": None,
    }  # fmt: skip
    return Outcome(**(base | fields))


def placed(config: Config, **fields: Any) -> tuple[str, str | None, bool | None]:
    p = tiering(config, [outcome(**fields)]).placements[0]
    return p.tier, p.intended_tier, p.demoted


NONE = Config()
DECLARED = Config(
    tiers=(
        Tier("gold", models=("gpt-5", "claude-opus-*"), routes=("best",)),
        Tier("silver", models=("gpt-5-mini*",), reasons=("brownout",)),
        Tier("cache", cached=True),
        Tier("canned", providers=("canned",)),
    )
)


@pytest.mark.parametrize(
    ("fields", "want"),
    [
        ({"requested_model": "gpt-4o", "served_model": "gpt-4o-2024-08-06"}, ("primary", "primary", False)),
        (
            {"requested_model": "claude-opus-4-7", "served_model": "anthropic/claude-opus-4.7"},
            ("primary", "primary", False),
        ),
        ({"requested_model": "gpt-4o", "served_model": "gpt-4o-mini"}, ("secondary", "primary", True)),
        ({"requested_model": "best", "route": "best", "served_model": "gpt-5"}, ("primary", "primary", False)),
        ({"requested_model": "best", "route": "cheap", "served_model": "x"}, ("secondary", "primary", True)),
        ({"requested_model": "gpt-5", "cached": True}, ("cache", "primary", True)),
        ({"requested_model": "gpt-5", "status": "error"}, ("unserved", "primary", True)),
        ({"served_model": "gpt-5"}, ("unknown", None, None)),  # what was asked for is not known: no guess
        ({"served_model": "gpt-5", "fallback": True}, ("secondary", "primary", True)),
        ({"requested_model": "gpt-5"}, ("unknown", "primary", None)),  # an answer of a model that is not known
        ({"requested_model": "gpt-5", "fallback": True}, ("secondary", "primary", True)),
        (
            {"requested_model": "gpt-5", "served_model": "gpt-5", "reason": "service_tier_default"},
            ("secondary", "primary", True),
        ),
        (
            {"requested_model": "gpt-5", "served_model": "gpt-5", "reason": "azure_spillover"},
            ("secondary", "primary", True),
        ),
        ({"logged_tier": "canned", "logged_intended": "primary"}, ("canned", "primary", True)),
    ],
)
def test_without_declared_tiers(fields: dict[str, Any], want: tuple[str, str | None, bool | None]) -> None:
    assert placed(NONE, **fields) == want


@pytest.mark.parametrize(
    ("fields", "want"),
    [
        ({"served_model": "gpt-5"}, "gold"),
        ({"served_model": "openai/gpt-5-2026-05-01"}, "gold"),  # prefix and snapshot are taken off
        ({"served_model": "gpt-5-mini-2026-05-01"}, "silver"),
        ({"served_model": "gpt-5", "route": "best"}, "gold"),
        ({"served_model": "gpt-5", "reason": "brownout"}, "silver"),  # the switch that acted is stronger evidence
        ({"served_model": "gpt-5", "cached": True}, "cache"),
        ({"provider": "canned", "status": "ok"}, "canned"),
        ({"served_model": "llama-9"}, "unknown"),
        ({"served_model": "gpt-5", "status": "error"}, "unserved"),
        ({"logged_tier": "silver", "served_model": "gpt-5"}, "silver"),  # the log's own word, when it is declared
        ({"logged_tier": "bronze", "served_model": "gpt-5"}, "gold"),  # and not when it is not
        ({"logged_tier": "unserved"}, "unserved"),
    ],
)
def test_with_declared_tiers(fields: dict[str, Any], want: str) -> None:
    assert placed(DECLARED, **fields)[0] == want


def test_intended_comes_from_the_route_or_model_that_was_asked_for() -> None:
    assert placed(DECLARED, requested_model="best", served_model="gpt-5-mini")[1:] == ("gold", True)
    assert placed(DECLARED, requested_model="alias", intended_model="gpt-5", served_model="gpt-5-mini")[1:] == (
        "gold",
        True,
    )
    assert placed(DECLARED, requested_model="gpt-5-mini", served_model="gpt-5")[1:] == ("silver", False)


def test_a_reason_is_kept_only_where_it_may_have_demoted() -> None:
    kept = tiering(DECLARED, [outcome(requested_model="gpt-5", served_model="gpt-5", reason="x")]).placements[0]
    assert kept.reason is None
    lost = tiering(DECLARED, [outcome(requested_model="gpt-5", served_model="gpt-5-mini", reason="x")]).placements[0]
    assert lost.reason == "x"


def test_built_in_tiers_come_last_and_the_order_is_that_of_the_file() -> None:
    assert tiering(DECLARED, []).order == ("gold", "silver", "cache", "canned", "unserved", "unknown")
    assert tiering(DECLARED, []).primary == "gold"


@pytest.mark.parametrize(("best", "worse"), [("gold", "bronze"), ("premium", "cheap"), ("zebra", "ant")])
def test_tiers_that_only_the_log_names_stand_in_the_order_of_the_demotions(best: str, worse: str) -> None:
    # Catches alphabetical order, which would make bronze the primary.
    seen = [
        outcome(outcome_id=1, logged_tier=best, logged_intended=best),
        outcome(outcome_id=2, logged_tier=worse, logged_intended=best),
    ]
    made = tiering(NONE, seen)
    assert made.order[:2] == (best, worse)
    assert made.primary == best
    assert made.assumed  # the order is a guess, and every output says so


def test_only_tiers_that_were_not_logged_are_called_assumed() -> None:
    assert tiering(NONE, [outcome(requested_model="a", served_model="a")]).assumed
    assert not tiering(NONE, [outcome(logged_tier="primary")]).assumed
    assert not tiering(DECLARED, [outcome(requested_model="a", served_model="a")]).assumed


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("gpt-4o", "gpt-4o-2024-08-06"), ("openai/gpt-4o", "gpt-4o"), ("gpt-4", "gpt-4-0613"),
        ("gemini-2.0-flash", "gemini-2.0-flash-001"), ("mistral-large-latest", "mistral-large-2411"),
        ("claude-3-5-sonnet", "bedrock/us.anthropic.claude-3-5-sonnet-20241022-v2:0"),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4.5"),
        ("GPT-4o", "gpt-4o"), ("gemini-2.5-pro-latest", "google/gemini-2-5-pro"),
    ],
)  # fmt: skip
def test_aliases_and_snapshots_are_one_model(a: str, b: str) -> None:
    assert normal_model(a) == normal_model(b)


def test_a_smaller_sibling_is_another_model() -> None:
    assert normal_model("gpt-4o") != normal_model("gpt-4o-mini")
