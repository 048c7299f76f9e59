"""Requests and rollups of records on a cluster."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tiermix.engine.spark.read import ask
from tiermix.engine.spark.statements import receipt_sql, requests_sql, rollup_sql
from tiermix.errors import UsageError
from tiermix.model import Outcome
from tiermix.sources import Dialect

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, Row

# What a rollup reads of a request; nothing else is kept between the two.
_ROLLED_UP = ("ts", "outcome_id", "intent", "traffic_class", "tenant", "feature", "drill", "batch_id")
_BATCH = 0  # the store numbers its batches; here all is one


@dataclass(frozen=True, slots=True)
class MinuteCount:
    """Requests of one outcome in one minute, counted from 1970 in UTC."""

    minute: int
    outcome_id: int
    requests: int


@dataclass(frozen=True, slots=True)
class HourCount:
    """Requests of one outcome and one value of a dimension in one hour, counted from 1970 in UTC."""

    hour: int
    dim: str
    value: str | None
    outcome_id: int
    requests: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of the rows of the logs: requests or attempts, as the dialect has them.

    Attributes:
        rows: all of them.
        skipped: those that are no requests, such as spans of other kinds.
        bad: those that could not be used, by reason, most frequent first.
    """

    rows: int
    skipped: int
    bad: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Rollups:
    """What a store would hold of the same logs in `outcomes`, `mix_minute` and `mix_hour`; drills are not in it.

    Attributes:
        outcomes: the kinds of outcomes; their ids are valid only here, and not those of any store.
        minutes, hours: the rollups, in order.
        reading: what could be read.
    """

    outcomes: tuple[Outcome, ...]
    minutes: tuple[MinuteCount, ...]
    hours: tuple[HourCount, ...]
    reading: Reading


def requests(records: DataFrame, dialect: Dialect, *, hash_key: str | None = None) -> DataFrame:
    """The requests in the records of a dialect, each once, as rows of the store's `request_log`; not computed yet.

    Args:
        records: from `read` or `from_frame`.
        dialect: that of the records.
        hash_key: a key under which tenants and users are hashed.

    Raises:
        UsageError: logs of this dialect cannot be used.
        Untranslatable: the dialect's projection says what Spark cannot.
    """
    if dialect.refuse:
        raise UsageError(f"{dialect.title} cannot be used: {dialect.refuse}")
    params = {"hash_key": hash_key, "batch_id": _BATCH}
    return ask(records.sparkSession, requests_sql(dialect), params, records=records)


def rollups(records: DataFrame, dialect: Dialect, *, hash_key: str | None = None) -> Rollups:
    """Folds the records of a dialect on the cluster and brings back the rollups. The logs are read twice.

    Args:
        records: from `read` or `from_frame`.
        dialect: that of the records.
        hash_key: as for `requests`.

    Raises:
        UsageError, Untranslatable: as `requests`.
    """
    spark = records.sparkSession
    kept = requests(records, dialect, hash_key=hash_key).select(*_ROLLED_UP).persist()
    try:
        minutes, hours = (
            ask(spark, rollup_sql(name), {"batch_id": _BATCH}, request_log=kept).collect()
            for name in ("ingest/roll_up_minutes", "ingest/roll_up_hours")
        )
    finally:
        kept.unpersist()
    ids = {o: i for i, o in enumerate(sorted({tuple(row.outcome_id) for row in minutes}, key=repr))}
    return Rollups(
        outcomes=tuple(Outcome(i, *o) for o, i in ids.items()),
        minutes=tuple(
            sorted((MinuteCount(r.minute, ids[tuple(r.outcome_id)], r.requests) for r in minutes), key=_minute)
        ),
        hours=tuple(
            sorted((HourCount(r.hour, r.dim, r.value, ids[tuple(r.outcome_id)], r.requests) for r in hours), key=_hour)
        ),
        reading=_reading(ask(spark, receipt_sql(dialect), {"hash_key": hash_key}, records=records).collect()),
    )


def _minute(count: MinuteCount) -> tuple[Any, ...]:
    return count.minute, count.outcome_id


def _hour(count: HourCount) -> tuple[Any, ...]:
    return count.hour, count.dim, count.value is None, count.value or "", count.outcome_id


def _reading(counted: Iterable[Row]) -> Reading:
    rows = list(counted)
    return Reading(
        rows=sum(r.rows for r in rows),
        skipped=sum(r.rows for r in rows if r.skip),
        bad=tuple((r.reason, r.rows) for r in rows if r.reason is not None),
    )
