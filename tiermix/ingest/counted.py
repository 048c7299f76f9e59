"""Log files that are only asked one question: their requests are counted by minute and outcome, and none is kept."""

from __future__ import annotations

from collections.abc import Sequence

from tiermix import sql
from tiermix.ingest.batch import Input, Job, Tally, enter, next_batch
from tiermix.ingest.cleaning import Relation
from tiermix.ingest.naming import OUTCOMES, TIERS, Way, name_outcomes, name_outcomes_of
from tiermix.ingest.onepass import LookAgain, sound
from tiermix.model import FileReceipt
from tiermix.tiers import settled

# So many rows show whether tiers are named as the configuration wants them; a kind that they lack is named later.
_LOOK_ROWS = 2048


def count_by_logged_tier(job: Job, batch: Sequence[Input]) -> list[FileReceipt]:
    """Counts the requests of files of which every line names its tier, without a look at anything else."""
    store, source = job.store, sound(job, batch)
    before = {o.outcome_id for o in store.outcomes()}

    def look() -> None:
        if not settled(job.config, (o for o in store.outcomes() if o.outcome_id not in before)):
            raise LookAgain

    name_outcomes_of(store, source, TIERS, f" LIMIT {_LOOK_ROWS}")
    look()  # before all of the file is read
    counted = _count(job, batch, source, TIERS)
    look()
    return counted


def count_outcomes(job: Job, batch: Sequence[Input]) -> list[FileReceipt]:
    """Counts the requests of sound files by what decides the served tier and by what is told of it."""
    return _count(job, batch, sound(job, batch), OUTCOMES)


def _count(job: Job, batch: Sequence[Input], source: Relation, way: Way) -> list[FileReceipt]:
    """Counts the requests of sound files by minute and outcome, for one question; no request is kept."""
    store = job.store
    store.ask("ingest/begin_count")
    incoming = f"SELECT * FROM ({source.text}) AS c WHERE NOT skip"
    files = {"files": [str(i.path) for i in batch]}
    store.execute(f"WITH incoming AS ({incoming}) {sql.load(way.count).text}", {**source.params, **files})
    if store.ask("ingest/counted_twice")[0][0]:
        raise LookAgain
    store.ask("ingest/sum_counts")
    placed = Relation("SELECT rowid AS place, request, outcome_id FROM counted", {})
    if not name_outcomes(job, batch, source, way, placed):
        raise LookAgain
    store.ask("ingest/end_count")
    lines: dict[int, int] = dict(store.execute("SELECT file, CAST(sum(requests) AS BIGINT) FROM counts GROUP BY file"))
    store.execute("DROP TABLE counted")
    batch_id = next_batch(store)
    return [enter(job, item, batch_id, Tally(lines.get(n, 0))) for n, item in enumerate(batch, start=1)]
