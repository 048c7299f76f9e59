"""Spark: logs on a cluster are read and folded there, by the SQL that fills a store, and only rollups come back.

    from tiermix.engine import spark
    records = spark.read(session, dialects()["litellm"], "s3a://logs/litellm/2026/11/*")
    found = spark.rollups(records, dialects()["litellm"])

The rollups are those of a store that has ingested the same files, to the last integer; docs/spark.md says what to mind.
Every question is plain Spark SQL: no Python runs on the executors, and no setting of the session is changed.
"""

from tiermix.engine.spark.folding import HourCount, MinuteCount, Reading, Rollups, requests, rollups
from tiermix.engine.spark.read import Container, from_frame, read
from tiermix.engine.spark.rules import Untranslatable

__all__ = [
    "Container",
    "HourCount",
    "MinuteCount",
    "Reading",
    "Rollups",
    "Untranslatable",
    "from_frame",
    "read",
    "requests",
    "rollups",
]
