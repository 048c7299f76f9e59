"""What happens to the store when things break: killed processes, full disks, two at once."""

from __future__ import annotations

import gzip
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest

from tests.conftest import HERE, NOW, ROOT, SMALL_CONFIG, Program, small_records, write_lines

KILLS = 100


def start(folder: Path, *args: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tiermix", *args], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TIERMIX_NOW": NOW},
    )  # fmt: skip


def consistent(folder: Path) -> int:
    """Requests in the store, after checking that nothing in it contradicts anything else."""
    with duckdb.connect(str(folder / "tiermix.duckdb"), read_only=True) as db:

        def one(question: str) -> Any:
            row = db.execute(question).fetchone()
            assert row is not None
            return row[0]

        if one("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'ledger'") == 0:
            return 0  # killed before the tables were made
        requests = int(one("SELECT count(*) FROM request_log"))
        assert requests == one("SELECT count(DISTINCT request_id) FROM request_log")
        counted = one("SELECT count(*) FROM request_log WHERE NOT drill")
        assert one("SELECT coalesce(sum(requests), 0) FROM mix_minute") == counted
        assert one("SELECT coalesce(sum(requests), 0) FROM mix_hour WHERE dim = 'intent'") == counted
        assert one("SELECT count(*) FROM request_log ANTI JOIN outcomes USING (outcome_id)") == 0
        lines = one("SELECT coalesce(sum(lines - accepted - duplicate - quarantined), 0) FROM ledger")
        assert lines == 0
        return requests


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day of files of several kinds: clean, with a broken line, packed, and attempts that straddle two files."""
    folder = tmp_path_factory.mktemp("logs")
    records = small_records(count=9_000)
    write_lines(folder / "a.jsonl", records[:4_000])
    broken = write_lines(folder / "b.jsonl", records[3_500:7_000])
    broken.write_text(broken.read_text() + "no json\n")
    write_lines(folder / "c.jsonl", records[7_000:])
    proxy = gzip.decompress((HERE / "data" / "litellm_proxy.jsonl.gz").read_bytes()).splitlines(keepends=True)
    (folder / "d.jsonl").write_bytes(b"".join(proxy[:30]))
    (folder / "e.jsonl.gz").write_bytes(gzip.compress(b"".join(proxy[30:])))
    return folder


WHOLE = 9_000 + 40


def test_killed_at_any_moment_the_store_is_whole_and_the_next_run_completes_it(tmp_path: Path, logs: Path) -> None:
    # A hundred kills, in the transaction and around it. Catches work outside the transaction, and a ledger entry
    # without its requests.
    rng = Random(5)
    program = Program(tmp_path)
    (tmp_path / "tiermix.toml").write_text(SMALL_CONFIG)
    program("--version")  # the first of all takes longer
    began = time.monotonic()
    assert program("ingest", logs).code == 0
    whole_time = time.monotonic() - began
    assert consistent(tmp_path) == WHOLE
    killed = 0
    while killed < KILLS:
        for path in tmp_path.glob("tiermix.duckdb*"):
            path.unlink()
        for _ in range(4):  # several kills on one store, each run going on from what the last one left
            try:
                program("ingest", logs, timeout=rng.random() * whole_time)
            except TimeoutError:
                killed += 1
            if (tmp_path / "tiermix.duckdb").exists():
                consistent(tmp_path)
    ran = program("ingest", logs)
    assert ran.code == 0, ran.err
    assert consistent(tmp_path) == WHOLE
    assert killed >= KILLS


def test_killed_while_the_store_is_made_there_is_none_or_a_whole_one(tmp_path: Path, logs: Path) -> None:
    # Catches a file that DuckDB makes in place: cut off after any of its first writes it can never be opened again.
    (tmp_path / "app.jsonl").write_bytes((logs / "d.jsonl").read_bytes())
    for _ in range(15):
        process = start(tmp_path, "ingest", "app.jsonl")
        deadline = time.monotonic() + 30
        while not any("duckdb" in name for name in os.listdir(tmp_path)) and time.monotonic() < deadline:
            pass
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)
        if (tmp_path / "tiermix.duckdb").exists():
            consistent(tmp_path)
            (tmp_path / "tiermix.duckdb").unlink()
    ran = Program(tmp_path)("ingest", "app.jsonl")
    assert ran.code == 0, ran.err
    assert consistent(tmp_path) == 23
    assert sorted(os.listdir(tmp_path)) == ["app.jsonl", "tiermix.duckdb"]  # nor does anything stay of the others


def test_a_disk_too_full_for_a_new_store_leaves_none(tmp_path: Path, logs: Path) -> None:
    def shrink() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, 5_000))

    done = subprocess.run(
        [sys.executable, "-m", "tiermix", "ingest", str(logs / "d.jsonl")], cwd=tmp_path, capture_output=True,
        preexec_fn=shrink, timeout=120, env={**os.environ, "PYTHONPATH": str(ROOT), "TIERMIX_NOW": NOW},
    )  # fmt: skip
    assert done.returncode == 4
    assert b"no room to write" in done.stderr
    assert b" tiermix.duckdb" in done.stderr  # the store, not what is made beside it
    assert os.listdir(tmp_path) == []
    assert Program(tmp_path)("ingest", logs / "d.jsonl").code == 0


@pytest.mark.parametrize("limit", [300_000, 600_000, 900_000])
def test_a_full_disk_leaves_the_store_as_it_was_and_says_so(tmp_path: Path, logs: Path, limit: int) -> None:
    # No file may grow beyond the limit, which is what a full disk looks like to a process.
    program = Program(tmp_path)
    (tmp_path / "first.jsonl").write_text((logs / "d.jsonl").read_text())
    assert program("ingest", "first.jsonl").code == 0
    before = consistent(tmp_path)

    def shrink() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(
        [sys.executable, "-m", "tiermix", "ingest", str(logs / "a.jsonl")], cwd=tmp_path, capture_output=True,
        preexec_fn=shrink, timeout=120, env={**os.environ, "PYTHONPATH": str(ROOT), "TIERMIX_NOW": NOW},
    )  # fmt: skip
    assert done.returncode in (0, 4), done.stderr.decode()
    if done.returncode == 4:
        assert b"no room to write" in done.stderr
        assert b"free disk space" in done.stderr
        assert consistent(tmp_path) == before
    assert program("ingest", logs).code == 0
    assert consistent(tmp_path) == WHOLE


def test_no_room_for_temporary_files_is_said(tmp_path: Path) -> None:
    # Without a store, so that only copies of some lines are written. Catches an error of the system taken for a bug.
    record = {"ts": "2026-11-12T00:00:00Z", "tier": "primary", "prompt": "x" * 20_000}
    lines = [json.dumps(record | {"request_id": str(n)}) for n in range(80)]
    (tmp_path / "app.jsonl").write_text("\n".join([*lines[:40], lines[0][:50], *lines[40:]]))

    def shrink() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    done = subprocess.run(
        [sys.executable, "-m", "tiermix", "mix", "app.jsonl"], cwd=tmp_path, capture_output=True, text=True,
        preexec_fn=shrink, timeout=120, env={**os.environ, "PYTHONPATH": str(ROOT), "TIERMIX_NOW": NOW},
    )  # fmt: skip
    assert done.returncode == 4, done.stderr
    assert "no room to write temporary files" in done.stderr
    assert "TMPDIR" in done.stderr


def test_two_ingests_at_once_count_everything_once(tmp_path: Path, logs: Path) -> None:
    both = [start(tmp_path, "ingest", str(logs), "--wait", "60") for _ in range(2)]
    assert [p.wait(timeout=120) for p in both] == [0, 0]
    assert consistent(tmp_path) == WHOLE


def test_a_reader_during_ingest_waits_and_sees_the_store_before_or_after(tmp_path: Path, logs: Path) -> None:
    program = Program(tmp_path)
    assert program("ingest", logs / "d.jsonl").code == 0
    writer = start(tmp_path, "ingest", str(logs), "--wait", "60")
    seen = set()
    while writer.poll() is None:
        ran = program("status", "--json", "--wait", "30")
        assert ran.code == 0, ran.err
        seen.add(ran.json["trust"]["requests"])
    assert writer.wait() == 0
    assert all(22 <= n <= WHOLE for n in seen)
    assert consistent(tmp_path) == WHOLE


def test_ctrl_c_is_130_and_leaves_the_store_whole(tmp_path: Path, logs: Path) -> None:
    codes = set()
    for delay in (0.0, 0.05, 0.15):
        (tmp_path / "tiermix.duckdb").unlink(missing_ok=True)
        process = start(tmp_path, "ingest", str(logs))
        deadline = time.monotonic() + 30
        while not (tmp_path / "tiermix.duckdb").exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        codes.add(process.wait(timeout=60))
        if (tmp_path / "tiermix.duckdb").exists():
            consistent(tmp_path)
    assert codes <= {0, 130}
