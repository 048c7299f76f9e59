"""A log read as if parts of it were blank is read like one in which they are blank."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import ROOT, small_records
from tiermix.engine.blanked import BlankedFile
from tiermix.store import Store


@given(
    content=st.binary(max_size=300),
    cuts=st.lists(st.integers(0, 300), max_size=12, unique=True),
    reads=st.lists(st.tuples(st.integers(0, 320), st.integers(-1, 100)), max_size=10),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_read_is_blank_where_it_should_be(
    tmp_path: Path, content: bytes, cuts: list[int], reads: list[tuple[int, int]]
) -> None:
    # Catches: a part forgotten that begins before what is read, or ends behind it; bytes moved.
    path = tmp_path / "log"
    path.write_bytes(content + b"what was written since")
    cuts.sort()
    places = [(a, b - a) for a, b in zip(cuts[::2], cuts[1::2], strict=False)]
    blank = bytearray(content)
    for offset, size in places:
        end = min(offset + size, len(blank))
        blank[offset:end] = b" " * max(end - offset, 0)
    reader = BlankedFile(path, len(content), places).open("blanked://log")
    for at, size in reads:
        reader.seek(at)
        assert reader.read(size) == bytes(blank[at:] if size < 0 else blank[at : at + size])
        assert reader.tell() == at + len(blank[at:] if size < 0 else blank[at : at + size])
    reader.close()


def test_threads_do_not_read_at_each_others_places(tmp_path: Path) -> None:
    # Catches one position for all: DuckDB's threads go to a place and read there in two calls.
    path = tmp_path / "log"
    path.write_bytes(bytes(range(256)) * 400)
    reader = BlankedFile(path, 256 * 400, [(0, 1)]).open("blanked://log")
    together = threading.Barrier(4, timeout=30)
    wrong: list[int] = []

    def read(seed: int) -> None:
        rng = Random(seed)
        for _ in range(300):
            at = rng.randrange(1, 256 * 399)
            reader.seek(at)
            together.wait()
            if reader.read(5) != bytes((at + k) % 256 for k in range(5)):
                wrong.append(at)

    threads = [threading.Thread(target=read, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    reader.close()
    assert not wrong


@pytest.mark.parametrize("threads", [1, 4])
def test_the_database_reads_a_large_log_alike(tmp_path: Path, threads: int) -> None:
    # The log has many of the database's buffers (16 MB), so that lines and blank parts lie across their ends.
    path, blanked = tmp_path / "log.jsonl", tmp_path / "blanked.jsonl"
    rng = Random(5)
    places, at = [], 0
    with path.open("wb") as log, blanked.open("wb") as other:
        for n in range(60_000):
            line = json.dumps({"n": n, "text": "x" * rng.randrange(2000)}).encode()
            if n % 7 == 3:
                line = line[: len(line) // 2]
                places.append((at, len(line)))
            log.write(line + b"\n")
            other.write((b" " * len(line) if n % 7 == 3 else line) + b"\n")
            at += len(line) + 1
    columns = "{n: 'BIGINT', text: 'VARCHAR'}"
    question = f"SELECT count(*), sum(n), sum(strlen(text)) FROM read_json($path, columns = {columns})"
    with Store.in_memory() as store:
        store.execute(f"SET threads = {threads}")
        with store.blanked(path, at, places) as name:
            found = store.execute(question, {"path": name})
            assert store.execute(question, {"path": name}) == found  # catches what is kept from one reading to the next
        assert found == store.execute(question, {"path": str(blanked)})


def test_nothing_is_said_at_the_end_of_a_process(tmp_path: Path) -> None:
    # Catches a file system that stays with the database: the binding then complains of leaks on standard error.
    path = tmp_path / "app.jsonl"
    lines = [json.dumps(r) for r in small_records()]
    path.write_text("\n".join([*lines[:300], lines[300][:40], *lines[301:]]) + "\n")
    command = [sys.executable, "-m", "tiermix", "ingest", str(path), "--db", str(tmp_path / "s.duckdb")]
    done = subprocess.run([*command, "--max-bad", "1"], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0
    assert "1 quarantined" in done.stdout + done.stderr
    assert "leak" not in done.stderr
