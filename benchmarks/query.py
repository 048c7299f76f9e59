"""Whether a question costs what its days are and not what the traffic was.

    python benchmarks/query.py [--requests 100000000] [--folder DIR --keep]

Makes a store of 90 days with that many requests and one with 1 million over the same days (or takes those that
benchmarks/scale.py --keep left in the folder), asks both the same questions in pairs, and prints the ratios of whole
processes. Never run as a test: a shared machine is no judge.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence
from pathlib import Path

from scale import SMALL, Ran, grown, workplace

QUESTIONS = (
    "burn", "burn --by reason", "burn --replay 60d", "burn --calendar", "mix --days 90", "mix --by intent --days 90",
    "drift", "explain", "explain --each-week", "check",
)  # fmt: skip


def pairs(name: str, words: Sequence[str], large: Path, small: Path, runs: int) -> None:
    times = [(Ran(*words, "--db", large).seconds, Ran(*words, "--db", small).seconds) for _ in range(runs + 1)][1:]
    a, b = (statistics.median(x) for x in zip(*times, strict=True))
    print(f"| {name} | {a:.2f} s | {b:.2f} s | **{statistics.median(x / y for x, y in times):.2f}** |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=100_000_000)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--keep", action="store_true")
    args = parser.parse_args()
    with workplace(args.folder, args.keep) as folder:
        large, small = grown(folder, "large", args.requests), grown(folder, "small", SMALL)
        print(f"\n| question | {args.requests:,} requests | {SMALL:,} | ratio |\n|---|---|---|---|")
        for question in QUESTIONS:
            pairs(question, question.split(), large, small, args.runs)


if __name__ == "__main__":
    main()
