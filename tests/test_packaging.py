"""The wheel, run from an empty folder: everything it needs is inside."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import duckdb
import pytest

from tests.conftest import ROOT
from tiermix import sql


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    wheel = next(folder.glob("*.whl"))
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder / "site")
    return folder / "site"


def run(installed: Path, cwd: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tiermix", *args], cwd=cwd, capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": str(installed), "COLUMNS": "80"},
    )  # fmt: skip


def test_the_wheel_carries_queries_samples_schemas_and_assets(installed: Path) -> None:
    package = installed / "tiermix"
    for name in ("queries/schema/001_store.sql", "checks/slo.py",
                 "sample_logs/2026-11.parquet", "schemas/request.json", "py.typed",
                 "sources/litellm/projection.sql", "render/html/assets/plotly-basic.min.js"):  # fmt: skip
        assert (package / name).is_file(), name
    assert not list(installed.glob("tests*"))


def test_the_demo_runs_from_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    where = run(installed, tmp_path, "sql", "mix/by_minute")
    assert where.returncode == 0
    probe = subprocess.run(
        [sys.executable, "-c", "import tiermix.sql as s; print(s.shipped('queries'))"], cwd=tmp_path, text=True,
        capture_output=True, check=True, env={**os.environ, "PYTHONPATH": str(installed)},
    )  # fmt: skip
    assert Path(probe.stdout.strip()) == installed / "tiermix" / "queries"
    ran = run(installed, tmp_path, "demo")
    assert ran.returncode == 0, ran.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["reports", "tiermix-demo.duckdb"]
    assert run(installed, tmp_path, "burn", "--target", "0.97", "--db", "tiermix-demo.duckdb").returncode == 0


def test_every_question_returns_the_columns_that_its_header_promises() -> None:
    db = duckdb.connect()
    for schema in (n for n in sql.names() if n.startswith("schema/")):
        db.execute(sql.load(schema).text)
    for name in sql.names():
        query = sql.load(name)
        if "returns" not in query.header or name.startswith(("ingest/", "spark/")):  # these read views of one batch
            continue
        text = sql.pasteable(query, dict.fromkeys(p for p, _ in query.params))
        body = "\n".join(x for x in text.splitlines() if not x.startswith(("--", "SET VARIABLE")))
        described = db.execute(f"DESCRIBE {body}").fetchall()
        assert [row[0] for row in described] == [c.strip() for c in query.header["returns"].split(",")], name
        assert set(re.findall(r"\$(\w+)", query.text)) == {p for p, _ in query.params}, name
