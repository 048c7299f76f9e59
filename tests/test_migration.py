"""Stores of an older tiermix: read as they are, and brought to the present schema by the first writer or not at all."""

from __future__ import annotations

import gzip
import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import HERE, NOW, ROOT, SMALL_CONFIG, Program, small_records, write_lines
from tests.nights import CHAT
from tests.receivers import Receiver
from tiermix import sql
from tiermix.errors import StoreError
from tiermix.store import SCHEMA_VERSION, Store


@pytest.fixture
def old(tiermix: Program) -> Program:
    """The program beside a store that tiermix wrote when its schema was 1: the small log, read by commit f5995eb."""
    (tiermix.folder / "tiermix.toml").write_text(SMALL_CONFIG)
    packed = (HERE / "data" / "store_v1.duckdb.gz").read_bytes()
    (tiermix.folder / "tiermix.duckdb").write_bytes(gzip.decompress(packed))
    return tiermix


def inside(path: Path, question: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(path), read_only=True) as db:
        return db.execute(question).fetchall()


def version(program: Program) -> str:
    return str(inside(program.folder / "tiermix.duckdb", "SELECT value FROM meta WHERE key = 'schema'")[0][0])


def digest(program: Program) -> str:
    return hashlib.sha256((program.folder / "tiermix.duckdb").read_bytes()).hexdigest()


COLUMNS = """
SELECT table_name, column_name, data_type, is_nullable FROM duckdb_columns() WHERE NOT internal ORDER BY ALL
"""


def test_the_version_is_the_number_of_schema_files() -> None:
    files = [n for n in sql.names() if n.startswith("schema/")]
    assert [int(n.split("/")[1][:3]) for n in files] == list(range(1, SCHEMA_VERSION + 1))


def test_readers_answer_from_an_old_store_and_leave_it_as_it_is(old: Program, small_log: Path) -> None:
    (old.folder / "tiermix.toml").write_text(SMALL_CONFIG + CHAT)
    assert version(old) == "1"
    before = digest(old)
    answers = {
        name: old(*args) for name, args in {"mix": ("mix", "--json"), "check": ("check", "--json")}.items()
    }  # fmt: skip
    for args in (("burn",), ("status",), ("notify", "--dry-run"), ("report", "-o", "r.html"), ("sql", "notify/open")):
        ran = old(*args)
        assert ran.code == 0, ran.err
    assert digest(old) == before
    fresh = Program(old.folder / "fresh")
    fresh.folder.mkdir()
    (fresh.folder / "tiermix.toml").write_text(SMALL_CONFIG)
    assert fresh("ingest", small_log).code == 0
    assert answers["mix"].json == fresh("mix", "--json").json
    assert answers["check"].json["checks"] == fresh("check", "--json").json["checks"]


def test_the_first_writer_brings_it_to_the_present_schema_with_all_it_held(old: Program, small_log: Path) -> None:
    before = old("mix", "--json").json
    again = old("ingest", small_log, "--json").json
    assert (again["accepted"], again["duplicate"]) == (0, 600)  # every request of the old store is still known
    assert version(old) == str(SCHEMA_VERSION)
    assert old("mix", "--json").json == before
    with Store.write(old.folder / "new.duckdb"):
        pass
    assert inside(old.folder / "tiermix.duckdb", COLUMNS) == inside(old.folder / "new.duckdb", COLUMNS)
    write_lines(old.folder / "more.jsonl", [r | {"request_id": f"more-{i}"} for i, r in enumerate(small_records())])
    assert old("ingest", "more.jsonl", "--json").json["accepted"] == 600


def test_notify_on_an_old_store_remembers_from_then_on(old: Program, chat: Receiver) -> None:
    (old.folder / "tiermix.toml").write_text(SMALL_CONFIG + CHAT)
    env = {"TIERMIX_NOTIFY_CHAT": f"json://127.0.0.1:{chat.port}/", "NO_PROXY": "127.0.0.1"}
    assert old("notify", env=env).code == 0
    assert len(chat.titles()) == 1
    assert version(old) == str(SCHEMA_VERSION)
    assert old("notify", env=env).code == 0
    assert chat.titles() == []


def test_a_step_that_fails_leaves_the_old_store_whole(old: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    # Catches steps outside one transaction: half of a schema under the old number.
    path = old.folder / "tiermix.duckdb"
    real = sql.load
    broken = sql.parse("schema/002_incidents", real("schema/002_incidents").text + "\nSELECT nonsense;")
    monkeypatch.setattr(sql, "load", lambda name: broken if name == broken.name else real(name))
    before = inside(path, COLUMNS)
    with pytest.raises(StoreError), Store.write(path):
        pass
    assert inside(path, COLUMNS) == before
    assert version(old) == "1"
    monkeypatch.undo()
    with Store.write(path) as store:
        assert store.version == SCHEMA_VERSION


KILLER = """
import os, signal, sys
from pathlib import Path
from tiermix.store import Store
real = Store.execute
def execute(self, text, params=None):
    if sys.argv[2] in text and sys.argv[1] == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    done = real(self, text, params)
    if sys.argv[2] in text:
        os.kill(os.getpid(), signal.SIGKILL)
    return done
Store.execute = execute
Store.write(Path("tiermix.duckdb"))
"""


@pytest.mark.parametrize(
    ("when", "statement", "left"),
    [
        ("before", "CREATE TABLE incident", "1"),
        ("after", "CREATE TABLE incident", "1"),
        ("after", "UPDATE meta", "1"),
        ("after", "COMMIT", str(SCHEMA_VERSION)),
    ],
)
def test_killed_during_the_step_the_store_is_old_or_new(old: Program, when: str, statement: str, left: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLER, when, statement], cwd=old.folder, timeout=60, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TIERMIX_NOW": NOW},
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL
    assert version(old) == left
    assert old("mix").code == 0
    with Store.write(old.folder / "tiermix.duckdb") as store:
        assert store.execute("SELECT count(*) FROM incident") == [(0,)]
    assert version(old) == str(SCHEMA_VERSION)


def test_a_newer_store_is_4_for_readers_and_writers_and_stays_untouched(old: Program, small_log: Path) -> None:
    with duckdb.connect(str(old.folder / "tiermix.duckdb")) as db:
        db.execute(f"UPDATE meta SET value = '{SCHEMA_VERSION + 1}' WHERE key = 'schema'")
    before = digest(old)
    for args in (("check",), ("mix",), ("ingest", str(small_log))):
        ran = old(*args)
        assert ran.code == 4
        assert f"schema {SCHEMA_VERSION + 1}, this tiermix knows up to {SCHEMA_VERSION}" in ran.err
    assert digest(old) == before
