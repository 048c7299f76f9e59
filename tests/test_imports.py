"""What is loaded when: heavy packages only by the command that needs them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import ROOT

HEAVY = (
    "duckdb",
    "polars",
    "plotly",
    "rich.console",
    "rich.table",
    "numpy",
    "zstandard",
    "sqlglot",
    "pyspark",
    "yaml",
    "apprise",
    "requests",
)


def loaded(code: str) -> set[str]:
    probe = f"{code}\nimport sys\nprint(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_command_line_loads_nothing_heavy() -> None:
    assert not loaded("import tiermix.main").intersection(HEAVY)


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import contextlib, io, tiermix.main as c\n"
        "with contextlib.redirect_stdout(io.StringIO()): c.main(['--help']); c.main(['mix', '--help'])"
    )
    assert not loaded(code).intersection(HEAVY)


def test_a_command_loads_nothing_of_the_others() -> None:
    log = ROOT / "sample_logs" / "2026-06.jsonl.gz"
    code = f"import tiermix.main as c\nc.main(['mix', {str(log)!r}])"
    others = ("tiermix.cli.gate", "tiermix.cli.watching", "tiermix.changes", "tiermix.analysis.drift.verdict", "numpy")
    assert not loaded(code).intersection(others)


@pytest.mark.parametrize(
    "module",
    [
        "tiermix.analysis.burn",
        "tiermix.analysis.shares",
        "tiermix.report",
        "tiermix.explain",
        "tiermix.ingest",
        "tiermix.gate",
        "tiermix.notify.tell",
    ],
)
def test_the_core_imports_without_database_terminal_or_page(module: str) -> None:
    assert not loaded(f"import {module}").intersection((*HEAVY, "typer"))


def test_the_layers_hold() -> None:
    done = subprocess.run([sys.executable, "-c", "import importlinter.cli as c; raise SystemExit(c.lint_imports())"],
                          cwd=ROOT, capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stdout
