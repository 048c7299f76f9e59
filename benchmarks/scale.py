"""Whether ingest costs what its batch is and not what the store is.

    python benchmarks/scale.py [--requests 100000000] [--folder DIR]

Writes Parquet logs of 90 days with that many requests in all, ingests them in nine nights of ten days, and prints per
night the processor time, the peak memory and the size of the store; then a batch of 1 million more against the same
batch into an empty store. 100 million take about 15 GB of disk and half an hour. Never run as a test: a shared machine
is no judge. With --keep the stores stay in the folder, for benchmarks/query.py.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

DAYS, NIGHT = 90, 10
SMALL = 1_000_000

REQUESTS = """
COPY (
    SELECT
        TIMESTAMPTZ '2026-01-01 00:00:00+00' + to_days({day}) + to_microseconds(i * 86400000000 // {count}) AS ts,
        md5('{salt}' || ({day} * {count} + i)) AS request_id,
        't' || hash(i) % 50 AS tenant, 'u' || hash(i + 7) % 20000 AS "user", 'chat' AS feature,
        ['refund', 'search', 'code', 'faq'][CAST(1 + hash(i + 1) % 4 AS INTEGER)] AS intent,
        'critical' AS traffic_class,
        CASE WHEN lot < 80 THEN 'primary' WHEN lot < 92 THEN 'secondary' WHEN lot < 97 THEN 'cache'
             ELSE 'canned' END AS tier,
        'primary' AS intended_tier, 'gpt-5' AS requested_model,
        CASE WHEN lot < 80 THEN 'gpt-5' WHEN lot < 92 THEN 'gpt-5-mini' END AS served_model, 'openai' AS provider,
        CASE WHEN lot >= 80 THEN 'complexity_router' END AS reason, lot BETWEEN 88 AND 91 AS fallback,
        round((hash(i + 9) % 30000) / 10.0, 1) AS latency_ms, 285 AS input_tokens,
        CAST(hash(i + 11) % 900 AS INTEGER) AS output_tokens, 0.0044 AS cost_usd, 'ok' AS status,
        0 AS tool_calls, false AS drill
    FROM (SELECT i, hash(i + 3) % 100 AS lot FROM range({count}) AS t(i)) AS made
) TO '{path}' (FORMAT parquet)
"""


def write_days(folder: Path, days: Sequence[int], per_day: int, salt: str) -> list[Path]:
    import duckdb

    folder.mkdir()
    paths = []
    with duckdb.connect(config={"memory_limit": "1GB"}) as db:
        db.execute("SET TimeZone = 'UTC'")
        for day in days:
            paths.append(folder / f"day{day:03d}.parquet")
            db.execute(REQUESTS.format(day=day, count=per_day, salt=salt, path=paths[-1]))
    return paths


class Ran:
    """One run of tiermix: seconds by the clock, seconds of the processor, and the peak memory of all runs so far."""

    def __init__(self, *words: str | Path) -> None:
        before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run([sys.executable, "-m", "tiermix", *map(str, words)], stdout=subprocess.DEVNULL)
        if done.returncode > 1:  # 1 is an answer: something is breached
            raise SystemExit(f"{words} ended with {done.returncode}")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.seconds = time.perf_counter() - begun
        self.cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        self.peak_mb = after.ru_maxrss // 1024


def nights(paths: Sequence[Path], store: Path) -> None:
    for n in range(0, DAYS, NIGHT):
        ran = Ran("ingest", *paths[n : n + NIGHT], "--db", store)
        print(
            f"| {n + NIGHT} | {ran.cpu:.1f} s | {ran.peak_mb} MB | {store.stat().st_size / 1e6:,.0f} MB |", flush=True
        )


def grown(folder: Path, name: str, requests: int) -> Path:
    """A store of 90 days with that many requests, made night by night."""
    store = folder / f"{name}.duckdb"
    if store.exists():
        return store
    paths = write_days(folder / name, range(DAYS), requests // DAYS, name)
    print(f"\n{requests:,} requests\n\n| days | processor | peak memory | store |\n|---|---|---|---|")
    nights(paths, store)
    shutil.rmtree(folder / name)
    return store


@contextmanager
def workplace(folder: Path | None, keep: bool) -> Iterator[Path]:
    """The folder to work in; it and what was made in it goes away unless asked otherwise."""
    os.environ["TIERMIX_NOW"] = "2026-04-02T00:00:00Z"
    if keep and folder is not None:
        folder.mkdir(exist_ok=True)
        yield folder
        return
    with tempfile.TemporaryDirectory(dir=folder) as name:
        yield Path(name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=100_000_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--keep", action="store_true")
    args = parser.parse_args()
    with workplace(args.folder, args.keep) as folder:
        large = grown(folder, "large", args.requests)
        (batch,) = write_days(folder / "batch", [DAYS], SMALL, "batch")
        cpu = {store: Ran("ingest", batch, "--db", store).cpu for store in (folder / "empty.duckdb", large)}
        ratio = cpu[large] / cpu[folder / "empty.duckdb"]
        spent = f"{cpu[large]:.1f} s of processor, {cpu[folder / 'empty.duckdb']:.1f} s into an empty store"
        print(f"\n1 million more: {spent}: **{ratio:.2f}**\n")


if __name__ == "__main__":
    main()
