"""However the lines of a log are split, shuffled, repeated or brought in, the answers are the same."""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import small_records
from tiermix import answers
from tiermix.answers import Desk
from tiermix.config import Config
from tiermix.config.settings import Slo
from tiermix.ingest import ingest
from tiermix.inputs import find
from tiermix.model import Burn
from tiermix.store import Store

NOW = datetime(2026, 11, 21, tzinfo=UTC)
LINES = [json.dumps(r) for r in small_records(count=150)]
SLOS = (Slo("all"), Slo("refunds", Fraction(99, 100), where={"intent": ("refund",)}))


def burns(parts: list[list[str]], zones: tuple[str, ...] = ("UTC",)) -> list[Burn]:
    """The burn, once per zone, of a store into which the parts are brought one night after the other."""
    with tempfile.TemporaryDirectory() as folder, Store.in_memory() as store:
        for night, lines in enumerate(parts):
            path = Path(folder) / f"part{night}.jsonl"
            path.write_text("".join(f"{x}\n" for x in lines))
            ingest(store, find([str(path)]), Config(), now=NOW + timedelta(days=night))
        as_of = datetime(2026, 11, 19, 11, 0, tzinfo=UTC)
        return [answers.burn(Desk(store, Config(), NOW, as_of, zone), SLOS) for zone in zones]


WHOLE = burns([LINES])[0]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10**6), cuts=st.lists(st.integers(0, len(LINES)), max_size=3), again=st.integers(0, 40))
def test_splitting_order_and_repetition_change_no_burn(seed: int, cuts: list[int], again: int) -> None:
    # Catches a duplicate that is counted in the rollup, a batch that replaces minutes instead of adding to them, and
    # requests that are told apart by the file they came in.
    rng = Random(seed)
    lines = rng.sample(LINES, len(LINES)) + rng.sample(LINES, again)
    edges = sorted({0, *cuts, len(lines)})
    parts = [lines[a:b] for a, b in pairwise(edges)]
    assert burns(parts)[0].slos == WHOLE.slos


def test_the_zone_that_groups_days_changes_no_burn() -> None:
    for made in burns([LINES], ("Asia/Kolkata", "America/Los_Angeles", "Pacific/Chatham")):
        assert made.slos == WHOLE.slos
