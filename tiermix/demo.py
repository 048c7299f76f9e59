"""The demo: the sample logs, read into a store of their own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tiermix import config, ingest, inputs, sql
from tiermix.answers import Desk
from tiermix.store import Store

STORE = Path("tiermix-demo.duckdb")


def sample_folder() -> Path:
    """Where the sample logs and their configuration are."""
    return sql.shipped("sample_logs")


def open_demo(now: datetime, progress: ingest.Progress) -> Desk:
    """A desk over the sample logs, in a new demo store in the current folder; the caller closes its store."""
    folder = sample_folder()
    settings = config.load(folder / config.FILE_NAME)
    logs = [str(p) for p in sorted(folder.iterdir()) if p.name.endswith((".jsonl.gz", ".parquet"))]
    STORE.unlink(missing_ok=True)
    store = Store.write(STORE)
    ingest.ingest(store, inputs.find(logs), settings, now=now, progress=progress)
    # The samples are what they are, whatever this machine's clock says.
    extent = Desk(store, settings, datetime.max.replace(tzinfo=UTC) - timedelta(days=2)).extent
    return Desk(store, settings, now, extent[1] if extent else None, settings.timezone)
