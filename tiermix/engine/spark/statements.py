"""What Spark is asked about the records of a dialect: the SQL that a store is filled with, put together anew.

The store takes several steps, with tables between them. Here they are one statement from the records to the requests,
so that Spark can plan it as a whole and move nothing that a rollup does not need.
"""

from __future__ import annotations

from sqlglot import exp

from tiermix import sql
from tiermix.engine.spark.translate import parsed, store_tables, translated
from tiermix.sources import Dialect

# What the statements read: the records of the logs, and the requests that the first statement makes of them.
RECORDS = "records"
REQUESTS = "request_log"
# Where a record stands. In Spark `line` is no number but a value that puts the records of a file in their order.
PLACE = {"file": "VARCHAR", "line": "BIGINT"}


def requests_sql(dialect: Dialect) -> str:
    """Spark SQL from the records of a dialect to rows as the store's `request_log` has them, each request once.

    `outcome_id` is not a hash but the columns of an outcome as one value. Parameters: `hash_key`, `batch_id`.
    """
    steps = _staged(dialect)
    if dialect.row == "request":
        steps["first"] = _query("spark/first_requests")
        steps["incoming"] = parsed("SELECT *, CAST(NULL AS VARCHAR) AS group_key FROM first")
    else:
        steps["attempts"] = _query("spark/first_attempts")
        steps["incoming"] = _query("ingest/fold_attempts")
    return translated(_chained(steps, _query("ingest/insert_requests")), _records(dialect))


def receipt_sql(dialect: Dialect) -> str:
    """Spark SQL that counts the records of a dialect by what kept them from being used. Parameter: `hash_key`."""
    return translated(_chained(_staged(dialect), _query("spark/receipt")), _records(dialect))


def rollup_sql(name: str) -> str:
    """A rollup query of the store as Spark SQL over requests. Parameter: `batch_id`."""
    return translated(_query(name), {**store_tables(), "replaced": store_tables()["request_log"]})


def _query(name: str) -> exp.Query:
    return parsed(sql.load(name).text)


def _records(dialect: Dialect) -> dict[str, dict[str, str]]:
    return {RECORDS: {**PLACE, **dialect.columns}}


def _chained(steps: dict[str, exp.Query], last: exp.Query) -> exp.Query:
    """A query that reads the steps before it by their names."""
    last = last.copy()
    for name, step in steps.items():
        last = last.with_(name, as_=step, copy=False)
    return last


def _staged(dialect: Dialect) -> dict[str, exp.Query]:
    clean = f"ingest/clean_{dialect.row}s"
    alike = parsed(dialect.as_if_typed(RECORDS, dialect.columns))
    spans = {"spans": _read_alike(parsed(dialect.spans))} if dialect.spans else {}
    return {"read_alike": alike, **spans, "projected": _projected(dialect), "staged": _query(clean)}


def _read_alike(query: exp.Query) -> exp.Query:
    """The query with the records as if they were read as the types they should have."""
    for table in list(query.find_all(exp.Table)):
        if table.name == RECORDS:
            table.replace(exp.alias_(exp.to_table("read_alike"), RECORDS, table=True))
    return query


def _projected(dialect: Dialect) -> exp.Query:
    """What the dialect projects, and null for all other columns that cleaning expects."""
    projection = parsed(dialect.projection)
    if "line" not in projection.named_selects:  # only a dialect whose records hold several rows passes it on itself
        projection = projection.select(exp.column("line"), copy=False)
    projection = _read_alike(projection)
    contract = _query(f"ingest/contract_{dialect.row}s")
    missing = [column for column in contract.selects if column.alias not in projection.named_selects]
    return exp.select("p.*", *missing).from_(projection.subquery("p"))
