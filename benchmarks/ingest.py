"""How long ingest takes beside DuckDB itself, as ratios of whole processes in one run.

    python benchmarks/ingest.py [--lines 3000000] [--runs 3] [--folder DIR]

Writes a native log of that many lines (some 570 bytes each), the same as Parquet, with outcomes of rare kinds, and
with 0.1% bad lines, and times in pairs, one after the other, so that a machine whose speed drifts does not favour
either side: the processor time, and beside it the clock, which says little on a busy machine. Prints a table;
docs/benchmarks.md holds one with the machine named. Beside the one-shot mix stand other tools that count the same file
by day and tier, where they are installed: polars, chDB (pip install chdb) and goaccess. Never run as a test: a shared
machine is no judge.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

LIMITS = {"ingest JSON": 1.0, "ingest JSON, rare kinds": 1.0, "ingest Parquet": 1.3, "mix FILE": 1.3}
CUT_OFF = '{"ts": "2026-01-01T00:00:00Z", "tier": "prim\n'
UNUSABLE = '{"ts": "2026-01-01T00:00:00Z", "request_id": "x", "tier": "primary", "input_tokens": -5}\n'
MISTYPED = '{"ts": "2026-01-01T00:00:00Z", "request_id": "y", "tier": "primary", "input_tokens": "many"}\n'
MALFORMED = '{"ts": "2026-01-01T00:00:00Z", "request_id": "z", "tier": primary}\n'
BAD = {
    "cut off": [CUT_OFF],
    "unusable": [UNUSABLE],
    "mistyped": [MISTYPED],
    "of these kinds": [CUT_OFF, UNUSABLE, MISTYPED],
    "malformed inside": [MALFORMED],
}
LIMITS |= {f"ingest, 0.1% {how}": 1.5 for how in BAD}


def write_log(path: Path, lines: int, *, bad: Sequence[str] = (), rare: bool = False, seed: int = 1) -> None:
    """A native log; of its lines one in a thousand is one of the bad ones, or one in ten thousand of a rare kind."""
    rng = random.Random(seed)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    tiers, weights = ["primary", "secondary", "cache", "canned"], [80, 12, 5, 3]
    model = {"primary": "gpt-5", "secondary": "gpt-5-mini"}
    with path.open("w") as out:
        for i in range(lines):
            if bad and rng.random() < 0.001:
                out.write(rng.choice(bad))
                continue
            fallback = rng.random() < 0.03
            tier = "secondary" if fallback else rng.choices(tiers, weights)[0]
            record = {
                "ts": (start + timedelta(milliseconds=80 * i)).isoformat(timespec="milliseconds"),
                "request_id": f"{rng.getrandbits(128):032x}", "tenant": f"t{rng.randrange(50)}",
                "user": f"u{rng.randrange(20000)}", "feature": "chat",
                "intent": rng.choice(["refund", "search", "code", "faq"]), "traffic_class": "critical", "tier": tier,
                "intended_tier": "primary", "requested_model": "gpt-5", "served_model": model.get(tier),
                "provider": "openai", "reason": None if tier == "primary" else "complexity_router",
                "attempts": [{"provider": "openai", "model": "gpt-5", "tier": "primary", "status_code": 200,
                              "error": None, "latency_ms": 812.5}],
                "fallback": fallback, "latency_ms": round(rng.random() * 3000, 1), "input_tokens": 285,
                "output_tokens": rng.randrange(900), "cost_usd": 0.0044, "status": "ok", "tool_calls": 0,
                "drill": False,
            }  # fmt: skip
            if rare and rng.random() < 1e-4:
                record["reason"] = f"rare_{rng.randrange(500)}"
            out.write(json.dumps(record, separators=(",", ":")) + "\n")


def timed(command: list[str], remove: Path | None) -> tuple[float, float]:
    """Seconds of the clock and of the processors that a whole process takes."""
    if remove is not None:
        for path in remove.parent.glob(f"{remove.name}*"):
            path.unlink()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def pair(name: str, ours: list[str], theirs: list[str], store: Path | None, other: Path | None, runs: int) -> None:
    timed(ours, store), timed(theirs, other)  # warm the page cache
    times = [(timed(ours, store), timed(theirs, other)) for _ in range(runs)]
    wall, processor = (statistics.median(a[i] / b[i] for a, b in times) for i in (0, 1))
    a, b = (statistics.median(x[1] for x in side) for side in zip(*times, strict=True))
    print(f"| {name} | {a:.2f} s | {b:.2f} s | **{processor:.2f}** | {wall:.2f} | {LIMITS.get(name, '')} |", flush=True)


def beside(log: Path) -> dict[str, list[str]]:
    """Commands of other tools that count the same file by day and tier; only those that are here."""
    polars = (
        "import polars as pl; f = pl.scan_ndjson({0!r}, schema={{'ts': pl.String, 'tier': pl.String}}); "
        "print(f.group_by(pl.col('ts').str.slice(0, 10), 'tier').len().collect(engine='streaming'))"
    )
    chdb = (
        'import chdb; print(chdb.query("SELECT substring(ts, 1, 10) AS day, tier, count() '
        "FROM file('{0}', JSONEachRow, 'ts String, tier String') GROUP BY ALL\"))"
    )
    out = {"polars scan_ndjson": [sys.executable, "-c", polars.format(str(log))]}
    if find_spec("chdb"):
        out["chDB"] = [sys.executable, "-c", chdb.format(log)]
    if shutil.which("goaccess"):
        fields = '{"ts":"%dT%t.%^","tenant":"%h","tier":"%U"}'
        out["goaccess"] = [
            "goaccess", str(log), "--no-ip-validation", "--no-global-config", f"--log-format={fields}",
            "--date-format=%Y-%m-%d", "--time-format=%T", "-o", str(log.with_suffix(".goaccess.json")),
        ]  # fmt: skip
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=3_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        folder = Path(name)
        log, parquet = folder / "log.jsonl", folder / "log.parquet"
        store, other = folder / "tiermix.duckdb", folder / "other.duckdb"
        write_log(log, args.lines)
        python = [sys.executable, "-c"]
        subprocess.run(
            [*python, f"import duckdb; duckdb.sql(\"COPY (FROM read_json('{log}')) TO '{parquet}'\")"], check=True
        )

        def duck(question: str) -> list[str]:
            return [*python, f"import duckdb; c = duckdb.connect('{other}'); c.execute(\"{question}\"); c.close()"]

        def ingest(path: Path) -> list[str]:
            return [sys.executable, "-m", "tiermix", "ingest", str(path), "--db", str(store), "--max-bad", "1"]

        json_table = duck(f"CREATE TABLE t AS SELECT * FROM read_json('{log}')")
        group = f"SELECT date_trunc('day', ts), tier, count(*) FROM read_json('{log}') GROUP BY ALL"
        two = "{ts: 'VARCHAR', tier: 'VARCHAR'}"
        told = f"SELECT ts[1:10], tier, count(*) FROM read_json('{log}', columns = {two}) GROUP BY ALL"
        print(f"{platform.machine()}, {os.cpu_count()} cores, {args.lines:,} lines, "
              f"{log.stat().st_size / 1e9:.2f} GB as JSON\n")  # fmt: skip
        print("| what | tiermix, processor | the other | ratio (median of pairs) | by the clock | limit |")
        print("|---|---|---|---|---|---|")
        pair("ingest JSON", ingest(log), json_table, store, other, args.runs)
        write_log(folder / "rare.jsonl", args.lines, rare=True)
        rare_table = duck(f"CREATE TABLE t AS SELECT * FROM read_json('{folder / 'rare.jsonl'}')")
        pair("ingest JSON, rare kinds", ingest(folder / "rare.jsonl"), rare_table, store, other, args.runs)
        (folder / "rare.jsonl").unlink()
        for how, lines in BAD.items():
            write_log(folder / "bad.jsonl", args.lines, bad=lines)
            pair(f"ingest, 0.1% {how}", ingest(folder / "bad.jsonl"), ingest(log), store, store, args.runs)
        parquet_table = duck(f"CREATE TABLE t AS SELECT * FROM read_parquet('{parquet}')")
        pair("ingest Parquet", ingest(parquet), parquet_table, store, other, args.runs)
        mix = [sys.executable, "-m", "tiermix", "mix", str(log), "--days", "30"]
        pair("mix FILE", mix, duck(group), store, other, args.runs)
        pair("mix FILE, beside DuckDB told the columns", mix, duck(told), store, other, args.runs)
        for name, command in beside(log).items():
            pair(f"mix FILE, beside {name}", mix, command, store, other, args.runs)
        timed(ingest(log), store)
        size = store.stat().st_size / args.lines
        print(f"\nstore: {size:.0f} bytes a request; Parquet (snappy): {parquet.stat().st_size / args.lines:.0f}")


if __name__ == "__main__":
    main()
