"""Memory and temporary space are bounded whatever a file holds, and nothing stays, even of a process that was killed.

What is measured is the peak of the process itself, as the kernel keeps it, and the sizes of its folders while it runs.
"""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import zstandard

from tests.conftest import NOW, ROOT
from tests.corpus import good, jsonl
from tests.test_crash import consistent
from tiermix import files

BOUND = 1 << 30
MIB = 1 << 20
DEADLINE = 180.0
# Ingest with so little memory for DuckDB that a small log already spills.
TIGHT = "from tiermix.engine import duck; duck._MEMORY = '100MB'; from tiermix.main import run; run()"
# The same with a small disk for what is spilled.
NARROW = (
    """
from tiermix.engine import duck
connect = duck.connect
def narrow(*args, **more):
    made = connect(*args, **more)
    made.execute("SET max_temp_directory_size = '40MB'")
    return made
duck.connect = narrow
"""
    + TIGHT
)
# Between the tests and what they measure: the kernel counts the memory of whoever starts a process as its own.
LAUNCHER = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
sys.stderr.write(f"\\npeak {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss}")
sys.exit(code)
"""


@dataclass(frozen=True)
class Measured:
    """How a process ended, its answer, and the most memory and temporary space that it took, in bytes."""

    code: int
    out: str
    memory: int
    space: int


def held(folder: Path) -> int:
    """Bytes of the files below a folder, which may go away meanwhile."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(root, name)).st_blocks * 512
            except FileNotFoundError:
                continue
    return total


def begin(folder: Path, *args: str, how: Sequence[str] = ("-m", "tiermix")) -> subprocess.Popen[bytes]:
    (folder / "temp").mkdir(exist_ok=True)
    with (folder / "out").open("wb") as out:
        return subprocess.Popen(
            [sys.executable, *how, *args], cwd=folder, stdout=out, stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "TIERMIX_NOW": NOW, "TMPDIR": str(folder / "temp")},
        )  # fmt: skip


def spill_of(folder: Path) -> list[Path]:
    """What a process has in its temporary folders."""
    return [p for below in ("temp", "tiermix.duckdb.tmp") for p in (folder / below).glob("**/*")]


def measured(folder: Path, *args: str) -> Measured:
    """Runs a command to its end.

    Raises:
        TimeoutError: it does not end.
    """
    launched = ["-c", LAUNCHER, sys.executable, "-m", "tiermix", *args]
    process, space, deadline = begin(folder, how=launched), 0, time.monotonic() + DEADLINE
    while process.poll() is None:
        if time.monotonic() > deadline:
            process.kill()
            raise TimeoutError(args)
        space = max(space, held(folder / "temp") + held(folder / "tiermix.duckdb.tmp"))
        time.sleep(0.1)
    out, _, peak = (folder / "out").read_text().rpartition("\npeak ")
    return Measured(process.returncode, out, int(peak) * 1024, space)


def ingested(folder: Path, name: str, accepted: int, duplicate: int, quarantined: int) -> Measured:
    """Ingests a file and checks its receipt, the bound on memory, and that no temporary file stays."""
    found = measured(folder, "-q", "ingest", name, "--json", "--max-bad", "1")
    assert found.code == 0, found.out
    receipt = json.loads(found.out)
    assert [receipt[k] for k in ("accepted", "duplicate", "quarantined")] == [accepted, duplicate, quarantined]
    assert receipt["lines"] == accepted + duplicate + quarantined
    assert found.memory < BOUND, f"{found.memory >> 20} MiB"
    assert not spill_of(folder)
    consistent(folder)
    return found


def write(path: Path, pieces: Iterable[bytes]) -> None:
    with path.open("wb") as out:
        out.writelines(pieces)


def test_lines_of_50_mb_are_read_in_bounded_memory(tmp_path: Path) -> None:
    # Catches reading a record into objects, and holding more than one of them.
    long = b"p" * (50 * MIB)
    record = jsonl([good(1, prompt="@")]).split(b"@")
    pieces = [
        jsonl([good(0)]), record[0] + long + record[1], record[0] + long + b"\n", b"[" * (50 * MIB) + b"\n",
        *[record[0].replace(b"g1", b"h%d" % n) + long + record[1] for n in range(2)],
        b'{"cut": "' + long + b"\n",
        record[0] + b"p" * (70 * MIB) + record[1], jsonl([good(2)]),
    ]  # fmt: skip
    write(tmp_path / "log.jsonl", pieces)
    size = (tmp_path / "log.jsonl").stat().st_size
    found = ingested(tmp_path, "log.jsonl", 5, 0, 4)
    assert found.space < size


SOME = b"".join(jsonl([good(n, prompt="p" * MIB)]) for n in range(16))
MANY = jsonl([good(n) for n in range(10_000)])


def packed(name: str, content: bytes) -> bytes:
    return gzip.compress(content, 1) if name.endswith("gz") else zstandard.compress(content)


@pytest.mark.parametrize("name", ["bomb.jsonl.gz", "bomb.jsonl.zst"])
def test_4_gib_of_zeros_in_one_packed_line_cost_only_that_line(tmp_path: Path, name: str) -> None:
    # Catches unpacking a line before its length is looked at.
    zeros = packed(name, bytes(64 * MIB))
    pieces = [packed(name, jsonl([good(0)])), *[zeros] * 64, packed(name, b"\n" + jsonl([good(1)]))]
    write(tmp_path / name, pieces)
    assert (tmp_path / name).stat().st_size < 32 * MIB
    found = ingested(tmp_path, name, 2, 0, 1)
    assert found.space < 8 * MIB


def test_4_gib_of_valid_lines_in_a_packed_file_are_read_in_bounded_memory(tmp_path: Path) -> None:
    # 2 MB on disk. Catches unpacking into memory or into a file, and a stop of the count at some size.
    write(tmp_path / "bomb.jsonl.zst", [packed("zst", SOME)] * 256)
    found = ingested(tmp_path, "bomb.jsonl.zst", 16, 4080, 0)
    assert found.space < 64 * MIB


def test_millions_of_packed_lines_spill_no_more_than_they_unpack_to(tmp_path: Path) -> None:
    # 2 MB on disk. Catches a table of the rows of a file that DuckDB must hold in memory.
    write(tmp_path / "bomb.jsonl.zst", [packed("zst", MANY)] * 150)
    found = ingested(tmp_path, "bomb.jsonl.zst", 10_000, 1_490_000, 0)
    assert found.space < 2 * 150 * len(MANY)


def test_a_million_broken_lines_are_kept_in_bounded_memory(tmp_path: Path) -> None:
    # Catches a list of all bad lines.
    write(tmp_path / "log.jsonl", [jsonl([good(0)]), b'{"ts": "2026-11\n' * 1_000_000])
    found = ingested(tmp_path, "log.jsonl", 1, 0, 1_000_000)
    assert found.memory < BOUND // 2


def test_nesting_10_000_deep_costs_neither_memory_nor_a_good_line(tmp_path: Path) -> None:
    # Catches parsing by recursion, also of a deep value in a field that nobody reads.
    deep = [b"[" * 10_000 + b"]" * 10_000, b'{"a":' * 10_000 + b"1" + b"}" * 10_000, b"[" * 10_000, b'{"a":' * 10_000]
    unread = [jsonl([good(n)]).rstrip(b"}\n") + b', "x": ' + deep[n % 2] + b"}" for n in range(100)]
    lines = [x for n, line in enumerate(unread) for x in (line, deep[n % 4])]
    write(tmp_path / "log.jsonl", [b"\n".join(lines)])
    found = ingested(tmp_path, "log.jsonl", 100, 0, 100)
    assert found.memory < BOUND // 2


def until_it_spills(process: subprocess.Popen[bytes], folder: Path, where: Callable[[], Any]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not where():
        assert process.poll() is None, (folder / "out").read_text()
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("command", ["ingest", "mix"])
def test_what_a_killed_process_spilled_is_gone_after_the_next_ingest(tmp_path: Path, command: str) -> None:
    # An ingest spills beside its store, a question to logs into the folder for temporary files. Catches leaving it to
    # DuckDB, which removes neither, and folders without a lock by which the next run can tell that they are left over.
    write(tmp_path / "log.jsonl.zst", [packed("zst", MANY)] * 80)
    (tmp_path / "next.jsonl").write_bytes(jsonl([good(0)]))
    process = begin(tmp_path, "-q", command, "log.jsonl.zst", how=("-c", TIGHT))
    until_it_spills(process, tmp_path, lambda: [p for p in spill_of(tmp_path) if p.name.startswith("duckdb_temp_")])
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=30)
    assert spill_of(tmp_path)
    ingested(tmp_path, "next.jsonl", 1, 0, 0)
    assert not (tmp_path / "tiermix.duckdb.tmp").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "log.jsonl.zst",
        "next.jsonl",
        "out",
        "temp",
        "tiermix.duckdb",
    ]


def test_a_folder_of_somebody_else_beside_the_store_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "next.jsonl").write_bytes(jsonl([good(0)]))
    mine = tmp_path / "tiermix.duckdb.tmp" / "thesis.txt"
    mine.parent.mkdir()
    mine.write_text("mine")
    found = measured(tmp_path, "-q", "ingest", "next.jsonl")
    assert found.code == 0, found.out
    assert mine.read_text() == "mine"


def test_a_log_that_spills_beyond_the_disk_fails_cleanly(tmp_path: Path) -> None:
    # The limit on what DuckDB may spill stands for a small disk. Catches taking it for a damaged file, and temporary
    # files that stay.
    write(tmp_path / "log.jsonl.zst", [packed("zst", MANY)] * 80)
    process = begin(tmp_path, "-q", "ingest", "log.jsonl.zst", how=("-c", NARROW))
    assert process.wait(timeout=DEADLINE) == 4, (tmp_path / "out").read_text()
    assert "free disk space" in (tmp_path / "out").read_text()
    assert not spill_of(tmp_path)
    (tmp_path / "next.jsonl").write_bytes(jsonl([good(0)]))
    ingested(tmp_path, "next.jsonl", 1, 0, 0)


SIZES = {"17 MiB": 17 << 20, "33 MiB": 33 << 20, "over 64 MiB": 64 << 20}


@pytest.mark.parametrize("way", ["alone", "beside a duplicate", "beside a broken line", "packed", "in an array"])
@pytest.mark.parametrize("size", SIZES)
def test_one_rule_says_how_long_a_line_may_be(tmp_path: Path, size: str, way: str) -> None:
    # Whatever else the file holds, which decides how it is read. Catches a way with a bound of its own.
    line = jsonl([good(1, prompt="p" * SIZES[size])])
    text = jsonl([good(0)]) + line + jsonl([good(2)])
    content = {
        "beside a duplicate": text + jsonl([good(0)]), "beside a broken line": text + b"broken\n",
        "packed": gzip.compress(text, 1), "in an array": b"[" + text.strip().replace(b"\n", b",") + b"]",
    }.get(way, text)  # fmt: skip
    (tmp_path / "log.jsonl").write_bytes(content)
    refused = int(len(line) > 64 << 20)
    ingested(
        tmp_path, "log.jsonl", 3 - refused, int(way == "beside a duplicate"),
        refused + int(way == "beside a broken line"),
    )  # fmt: skip


def test_a_folder_just_being_made_is_not_taken_for_a_leftover(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Two processes at once. Catches a lock that can be seen before it is held.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    lock = files._lock

    def swept_before(handle: int) -> bool:
        monkeypatch.setattr(files, "_lock", lock)
        files.sweep()
        return lock(handle)

    monkeypatch.setattr(files, "_lock", swept_before)
    with files.scratch() as folder:
        assert folder.is_dir()
        files.sweep()
        assert folder.is_dir()
    assert not folder.exists()
