"""A seeded glance of `python -m tests.fuzz`, which looks for minutes."""

from __future__ import annotations

import pytest

from tests import fuzz
from tests.conftest import NOW


def test_a_glance_of_the_fuzzer_finds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    # Catches bad lines that cost others, receipts that do not add up, and anything that is new the second time.
    monkeypatch.setenv("TIERMIX_NOW", NOW)
    fuzz.fuzz(25, number=7)
