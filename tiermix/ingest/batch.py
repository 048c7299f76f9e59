"""What every way of ingesting shares: the job, the files of a batch, and the books."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

from tiermix.broken import BadLine
from tiermix.config.settings import Config
from tiermix.model import FileReceipt, Keep
from tiermix.sources import Dialect, Sample
from tiermix.store import Store
from tiermix.timewin import rfc3339

_QUARANTINE_CHUNK = 10_000
_BAD_ROWS = 50_000
# How many times its size a packed log is taken to be, before it is read.
_UNPACKED = 10


@dataclass(frozen=True, slots=True)
class Job:
    """One call of ingest.

    Attributes:
        store: where to; open for writing.
        config: tiers, mapped sources and privacy.
        hash_key: the key under which tenants and users are hashed; None when they are not.
        now: the time to put into the ledger.
        keep: what the store is for. Where it is faster, "outcomes" keeps the minute rollup alone and no request, and
            "tiers" of an outcome only what decides the served tier.
    """

    store: Store
    config: Config
    hash_key: str | None
    now: datetime
    keep: Keep = "requests"


@dataclass(frozen=True, slots=True)
class Input:
    """A log file that is not in the store yet, and what its head showed."""

    path: Path
    name: str
    size: int
    modified_ns: int
    fingerprint: str
    seen: Sample
    dialect: Dialect
    damage: list[str] = field(default_factory=list)  # why it could not be read to its end; filled while it is read

    @property
    def unpacked(self) -> int:
        """About how many bytes it unpacks to."""
        return self.size * (_UNPACKED if self.seen.packing != "none" else 1)


@dataclass(slots=True)
class Tally:
    """What became of the lines of a file."""

    lines: int = 0
    duplicate: int = 0
    quarantined: int = 0
    bad: Iterable[BadLine] = ()


def bad_rows(store: Store, rows: str, params: dict[str, object]) -> Iterator[tuple[int, str]]:
    """Record in its file and reason, of bad rows in their order, a bounded number at a time.

    Args:
        store: where they stand.
        rows: SELECT list and source of `nth`, ascending with the records, and `bad`.
        params: of it.
    """
    text = (
        f"SELECT nth, min(bad) FROM (SELECT {rows}) AS r WHERE bad IS NOT NULL AND nth > $after "
        f"GROUP BY nth ORDER BY nth LIMIT {_BAD_ROWS}"
    )
    after = -1
    while found := store.execute(text, {**params, "after": after}):
        yield from found
        after = found[-1][0]


def next_batch(store: Store) -> int:
    """The number of the batch at hand."""
    return int(store.execute("SELECT coalesce(max(batch_id), 0) + 1 FROM ledger")[0][0])


def roll_up(store: Store, batch_id: int) -> None:
    """Adds what the batch brought to the rollups."""
    store.ask("ingest/roll_up_minutes", {"batch_id": batch_id})
    store.ask("ingest/roll_up_hours", {"batch_id": batch_id})


def enter(job: Job, item: Input, batch_id: int, tally: Tally) -> FileReceipt:
    """Writes down what became of a file."""
    accepted = tally.lines - tally.duplicate - tally.quarantined
    quarantine(job.store, batch_id, item.name, tally.bad)
    job.store.ask(
        "ingest/enter_ledger",
        {
            "batch_id": batch_id, "path": item.name, "source": item.dialect.name, "bytes": item.size,
            "modified_ns": item.modified_ns, "fingerprint": item.fingerprint, "lines": tally.lines,
            "accepted": accepted, "duplicate": tally.duplicate, "quarantined": tally.quarantined,
            "now": rfc3339(job.now),
        },
    )  # fmt: skip
    return FileReceipt(item.name, item.dialect.name, tally.lines, accepted, tally.duplicate, tally.quarantined)


def quarantine(store: Store, batch_id: int, path: str, bad: Iterable[BadLine]) -> int:
    """Keeps bad lines, a bounded number at a time; how many they were."""
    rest, count = iter(bad), 0
    while chunk := list(islice(rest, _QUARANTINE_CHUNK)):
        store.ask(
            "ingest/keep_bad_lines",
            {
                "batch_id": batch_id, "path": path, "lines": [b.line for b in chunk],
                "offsets": [b.offset for b in chunk], "reasons": [b.reason for b in chunk],
                "excerpts": [b.excerpt for b in chunk], "digests": [b.digest for b in chunk],
            },
        )  # fmt: skip
        count += len(chunk)
    return count
