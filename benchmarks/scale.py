"""Whether ingest costs what its batch is and not what the store is, and questions their days and not their traffic.

    python benchmarks/scale.py [--requests 100000000] [--folder DIR]

Writes Parquet logs of 90 days with that many requests in all, and of 1 million over the same days, ingests both in nine
nights of ten days, and prints per night the processor time, the peak memory and the size of the store; then a batch of
1 million more against the same batch into an empty store; then `burn`, `mix` and `burn --replay` on both stores in
pairs. 100 million take about 20 GB of disk and half an hour. Never run as a test: a shared machine is no judge.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
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
        subprocess.run([sys.executable, "-m", "tiermix", *map(str, words)], check=True, stdout=subprocess.DEVNULL)
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


def pairs(name: str, words: Sequence[str], large: Path, small: Path, runs: int) -> None:
    times = [(Ran(*words, "--db", large).seconds, Ran(*words, "--db", small).seconds) for _ in range(runs + 1)][1:]
    a, b = (statistics.median(x) for x in zip(*times, strict=True))
    print(f"| {name} | {a:.2f} s | {b:.2f} s | **{statistics.median(x / y for x, y in times):.2f}** |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=100_000_000)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--folder", type=Path)
    args = parser.parse_args()
    os.environ["TIERMIX_NOW"] = "2026-04-02T00:00:00Z"
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        folder = Path(name)
        stores = {n: folder / f"{n}.duckdb" for n in ("large", "small", "empty")}
        for size, count in (("large", args.requests), ("small", SMALL)):
            paths = write_days(folder / size, range(DAYS), count // DAYS, size)
            print(f"\n{count:,} requests\n\n| days | processor | peak memory | store |\n|---|---|---|---|")
            nights(paths, stores[size])
        (batch,) = write_days(folder / "batch", [DAYS], SMALL, "batch")
        into = {n: Ran("ingest", batch, "--db", stores[n]) for n in ("empty", "large")}
        ratio = into["large"].cpu / into["empty"].cpu
        spent = f"{into['large'].cpu:.1f} s of processor, {into['empty'].cpu:.1f} s into an empty store"
        print(f"\n1 million more: {spent}: **{ratio:.2f}**\n")
        print(f"| question | {args.requests:,} requests | {SMALL:,} | ratio |\n|---|---|---|---|")
        questions = (
            ["burn"],
            ["mix", "--days", "90"],
            ["mix", "--by", "intent", "--days", "90"],
            ["burn", "--replay", "60d"],
        )
        for words in questions:
            pairs(" ".join(words), words, stores["large"], stores["small"], args.runs)


if __name__ == "__main__":
    main()
