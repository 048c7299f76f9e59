"""What every test may use: the real logs, a small deterministic log, and the program run as users run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.warm import WARM

pytest_plugins = ["tests.nights"]

ROOT = Path(__file__).parent.parent
HERE = Path(__file__).parent
SHARED = ROOT.parent / "shared" / "data"
IN_CI = os.environ.get("CI") == "true"
NOW = "2026-11-20T08:00:00Z"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write what is printed now into tests/golden")


def pytest_unconfigure() -> None:
    WARM.stop()


def missing(what: str) -> None:
    """Skips on a laptop and fails in CI, where everything must be there."""
    if IN_CI:
        pytest.fail(f"{what} is missing, and CI must have it")
    pytest.skip(f"{what} is not here")


@pytest.fixture
def shared() -> Path:
    """The folder of real logs, beside the repository."""
    if not SHARED.is_dir():
        missing("the folder of real logs")
    return SHARED


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def tiers(self) -> dict[str, int]:
        """Requests by served tier of a mix, without tiers that served nothing."""
        return {t: n for t, n in self.json["totals"]["tiers"].items() if n}


class Program:
    """tiermix as a process, in a folder of its own."""

    def __init__(self, folder: Path, now: str = NOW) -> None:
        self.folder = folder
        self.now = now

    def __call__(
        self, *args: str | Path, stdin: bytes | None = None, env: dict[str, str] | None = None, timeout: float = 120
    ) -> Ran:
        words, given = list(map(str, args)), {"TIERMIX_NOW": self.now, "COLUMNS": "80", **(env or {})}
        if "PYTHONPATH" in given:  # which a process reads when it starts
            command = [sys.executable, "-m", "tiermix", *words]
            done = subprocess.run(
                command, cwd=self.folder, input=stdin or b"", capture_output=True, timeout=timeout,
                env=os.environ | given,
            )  # fmt: skip
            return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())
        code, out, err = WARM.run(words, self.folder, stdin or b"", os.environ | given, timeout)
        return Ran(code, out.decode(), err.decode())


@pytest.fixture
def tiermix(tmp_path: Path) -> Program:
    return Program(tmp_path)


def small_records(seed: int = 7, count: int = 600, days: float = 9.5) -> list[dict[str, Any]]:
    """Native records of a small product with a slide, drills, an unknown model and requests that nothing served."""
    rng = Random(seed)
    start = datetime(2026, 11, 10, 3, 0, tzinfo=UTC)
    out = []
    for i in range(count):
        age = days * i / count
        ts = start + timedelta(days=age, seconds=rng.random() * 30)
        lost = 0.02 + 0.4 * max(0.0, age - 5) / 5
        draw = rng.random()
        record: dict[str, Any] = {
            "ts": ts.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "request_id": f"r{i:05d}",
            "tenant": rng.choice(["acme", "globex"]),
            "user": f"u{rng.randrange(30)}",
            "intent": rng.choice(["refund", "search", "code", None]),
            "traffic_class": rng.choice(["critical", "batch"]),
            "feature": rng.choice(["chat", "agent"]),
            "tier": "primary",
            "intended_tier": "primary",
            "served_model": "gpt-5",
            "requested_model": "gpt-5",
            "fallback": False,
            "status": "ok",
            "latency_ms": round(rng.random() * 2000, 1),
            "cost_usd": 0.002,
        }
        if draw < lost * 0.7:
            record |= {"tier": "secondary", "served_model": "gpt-5-mini", "reason": "complexity_router"}
        elif draw < lost * 0.8:
            record |= {"tier": "canned", "served_model": None, "provider": "canned", "reason": "cost_guard"}
        elif draw < lost * 0.9:
            record |= {"tier": "secondary", "served_model": "gpt-5-mini", "reason": "provider_error", "fallback": True}
        elif draw < lost:
            record |= {"tier": "unserved", "served_model": None, "status": "error", "fallback": None}
        if i % 97 == 5:
            record |= {"drill": True}
        if i % 211 == 3:
            record |= {
                "tier": None,
                "served_model": "mystery-1",
                "intended_tier": None,
                "status": "ok",
                "provider": None,
            }
        out.append({k: v for k, v in record.items() if v is not None})
    return out


def write_lines(path: Path, records: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(r) + "\n" for r in records))
    return path


@pytest.fixture
def small_log(tmp_path: Path) -> Path:
    return write_lines(tmp_path / "small.jsonl", small_records())


SMALL_CONFIG = """\
owner = "platform"
[[tier]]
name = "primary"
models = ["gpt-5"]
[[tier]]
name = "secondary"
models = ["gpt-5-mini*"]
[[tier]]
name = "canned"
providers = ["canned"]
"""


@pytest.fixture
def small_store(tiermix: Program, small_log: Path) -> Program:
    """The program in a folder with a store of the small log and a configuration of its tiers."""
    (tiermix.folder / "tiermix.toml").write_text(SMALL_CONFIG)
    ran = tiermix("ingest", small_log)
    assert ran.code == 0, ran.err
    return tiermix
