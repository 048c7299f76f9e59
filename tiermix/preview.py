"""`ingest --explain`: what tiermix makes of a log file, before anything is stored."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from tiermix.config.settings import Config
from tiermix.errors import UnreadableFile
from tiermix.files import scratch
from tiermix.ingest import ingest
from tiermix.inputs import Found
from tiermix.model import Preview
from tiermix.sources import Sample, recognise, sample
from tiermix.sources.packing import Packing, blocks
from tiermix.store import Store

# So much of a file, and on to the end of the line.
_HEAD_BYTES = 4 << 20
_SHOWN = 10
_REASONS = 5

# What cannot be answered without a field.
NEEDED_FOR = {
    "requested_model": "whether an answer was a demotion (unless tiers are declared or logged)",
    "fallback": "the fallback metric",
    "reason": "why requests were demoted",
    "intent": "the mix by intent",
    "traffic_class": "the mix by traffic class",
    "tenant": "the mix by tenant",
    "feature": "the mix by feature",
    "user": "what single users went through",
    "cost_usd": "cost",
    "latency_ms": "latency",
    "attempts": "retries",
    "tool_ok": "tool success by tier",
    "agent_override": "overrides by tier",
    "schema_valid": "valid answers by tier",
}


def preview(path: Path, config: Config, source: str, now: datetime, hash_key: str | None) -> Preview:
    """Reads the beginning of a file into a store in memory and looks at what came out.

    Raises:
        UnknownSource, UnreadableFile: as `ingest`.
    """
    seen = sample(path)
    with Store.in_memory() as store, scratch() as folder:
        part = path
        if seen.container == "lines" and seen.plain:
            part = folder / path.name.removesuffix(".gz").removesuffix(".zst")
            _copy_head(path, seen.packing, part)
        done = ingest(store, Found((part,), frozenset((part,))), config, now=now, source=source, hash_key=hash_key)
        dialect, seen = recognise(path, seen, config.sources, done.files[0].source)
        rows = store.execute(
            "SELECT strftime(ts AT TIME ZONE 'UTC', '%m-%d %H:%M:%S'), requested_model, served_model, tier, "
            f"CAST(fallback AS VARCHAR), reason FROM requests ORDER BY ts LIMIT {_SHOWN}"
        )
        shares = ", ".join(f'count("{f}") / greatest(count(*), 1)' for f in NEEDED_FOR)
        filled = store.execute(f"SELECT {shares} FROM requests")[0]
        reasons = store.ask("trust/quarantine")[:_REASONS]
    return Preview(
        source=dialect.name,
        title=dialect.title,
        row=dialect.row,
        packing=" ".join(_packing(seen)),
        keys=dialect.keys,
        any_keys=dialect.any_keys,
        telling=(sum(bool(dialect.claims(k)) for k in seen.keys), len(seen.keys)),
        lines=done.lines,
        quarantined=done.quarantined,
        requests=tuple(tuple(r) for r in rows),
        filled=dict(zip(NEEDED_FOR, filled, strict=True)),
        reasons=tuple((str(r), int(n)) for r, n, *_ in reasons),
        needed_for=NEEDED_FOR,
    )


def _packing(seen: Sample) -> Iterator[str]:
    yield seen.container
    if seen.packing != "none":
        yield seen.packing
    if seen.text is not None:
        yield f"as text in {seen.text}" if seen.text else "behind other text"


def _copy_head(path: Path, packing: Packing, part: Path) -> None:
    size = 0
    with part.open("wb") as out:
        try:
            for block in blocks(path, packing):
                if size >= _HEAD_BYTES and (end := block.find(b"\n") + 1):
                    out.write(block[:end])
                    return
                size += out.write(block)
        except UnreadableFile:
            return  # what stands before the damage is enough to look at
