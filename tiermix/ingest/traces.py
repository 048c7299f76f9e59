"""Records that are judged together: what each says is gathered and judged with what the store has of its trace."""

from __future__ import annotations

import json

from tiermix.ingest.batch import Job
from tiermix.ingest.cleaning import Relation, judged
from tiermix.sources import Dialect
from tiermix.sql import identifier, literal
from tiermix.store import Store

# Where a span stands in the batch; everything else it says is kept.
_PLACE = ("file", "line")
# Ids and names that are longer are of no tracing system. A trace or span of such an id is not kept, names are cut.
_LONGEST_ID = 256
_LONGEST_TEXT = 1024


def judge(job: Job, dialect: Dialect) -> Relation:
    """The rows of `gathered` and of earlier spans of its traces, judged together; the latter have no `file`."""
    job.store.ask("ingest/earlier_spans")
    columns = _columns(job.store)
    structure = literal(json.dumps(columns))
    listed = ", ".join(map(identifier, columns))
    both = (
        f"SELECT file, line, {listed} FROM gathered UNION ALL "
        f"SELECT NULL, NULL, unnest(json_transform(span, {structure})) FROM earlier"
    )
    return judged(job, dialect, "spans", both, {}, hashed=True)


def keep(store: Store, batch_id: int) -> None:
    """Keeps the spans of `gathered` for later ones of their traces; to be called in the transaction of the batch."""
    said = ", ".join(
        f"{f'left({c}, {_LONGEST_TEXT})' if t == 'VARCHAR' else c} AS {c}"
        for c, t in ((identifier(c), t) for c, t in _columns(store).items())
    )
    store.execute(
        "CREATE OR REPLACE TEMP TABLE noted AS SELECT trace, telling, leaf, to_json(said) AS span FROM "
        f"(SELECT {said} FROM gathered WHERE strlen(trace) <= {_LONGEST_ID} AND strlen(id) <= {_LONGEST_ID}) AS said"
    )
    store.ask("ingest/keep_spans", {"batch_id": batch_id})


def _columns(store: Store) -> dict[str, str]:
    """What is said of a span, and the types of that."""
    described = store.execute("DESCRIBE gathered")
    return {name: kind for name, kind, *_ in described if name not in _PLACE}
