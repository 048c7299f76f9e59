"""DuckDB: opening databases with our settings, its faults in our words, and reading log files as relations."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tiermix.errors import RowRefused, StoreBusy, StoreCorrupt, StoreError, StoreFull, StoreStrained, TiermixError
from tiermix.sources.catalog import column_name
from tiermix.sources.detect import Container
from tiermix.sources.packing import Packing
from tiermix.sources.parquet import BYTES, MILLISECONDS
from tiermix.sql import identifier, literal

if TYPE_CHECKING:
    import duckdb

Rows = list[tuple[Any, ...]]

# DuckDB gets most of our 1 GiB; the rest is the interpreter and what DuckDB does not count.
_MEMORY = "640MB"
# DuckDB reads every record up to this size and refuses every one of twice the size; the careful way takes those.
_RECORD_BYTES = 16 << 20
_RETRY_EVERY = 0.2
# DuckDB's folder beside a database for what does not fit into memory. It leaves it behind when it is killed.
_SPILL = ".tmp"
# In the name of the folder where a new database is made.
_UNBORN = ".new-"
# The column for the path of a record; no log has one of that name.
_FILE = "tiermix: path"
# Strict, so that a row with a field too few or too many is an error and not a guess; the careful way finds it.
_CSV = (
    "header = true, all_varchar = true, strict_mode = true, null_padding = false, skip = 0, comment = '', "
    "quote = '\"', escape = '\"', union_by_name = true"
)


def connect(
    path: Path | None, *, read_only: bool = False, wait: float = 0.0, spill: Path | None = None
) -> duckdb.DuckDBPyConnection:
    """Opens a database file, or one in memory for None.

    Args:
        path: the file; it is created when it does not exist and `read_only` is false.
        read_only: readers share a file among themselves, not with a writer.
        wait: seconds to wait for another process to let go of the file.
        spill: the folder for what does not fit into memory; None for the one that DuckDB makes beside the file.

    Raises:
        StoreBusy: somebody holds the file for longer than that.
        StoreCorrupt: the file is no database.
        StoreFull: there is no room to create it.
    """
    import duckdb

    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": _MEMORY,
        "threads": os.cpu_count() or 1,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
    }
    if spill is not None:
        settings["temp_directory"] = str(spill)
    deadline = time.monotonic() + wait
    while True:
        try:
            connection = duckdb.connect(str(path) if path else ":memory:", read_only=read_only, config=settings)
            break
        except duckdb.Error as error:
            fault = explain(error, str(path))
            if not isinstance(fault, StoreBusy) or time.monotonic() >= deadline:
                raise fault from error
            time.sleep(_RETRY_EVERY)
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def create(path: Path) -> None:
    """Makes an empty database, whole or not at all; none when there is a file already.

    DuckDB itself writes a new file in several steps, and refuses for ever one that a kill left between two of them.

    Raises:
        StoreFull, StoreError: it cannot be made there.
    """
    if path.exists():
        return
    # An error of the system means: no links here, another process was faster or cleared our folder away (`clear_left`),
    # or nobody may write here. Whoever opens the file next does without this, or says what stands in the way.
    with (
        suppress(OSError),
        TemporaryDirectory(prefix=f".{path.name}{_UNBORN}", dir=path.parent, ignore_cleanup_errors=True) as folder,
    ):
        made = Path(folder) / path.name
        try:
            connect(made).close()
        except StoreError as error:
            if not path.exists():
                error.where = str(path)
                raise
        else:
            os.link(made, path)


def clear_left(path: Path) -> None:
    """Removes what killed processes left beside a database that nobody else has open."""
    with suppress(OSError):  # there is nothing, or it holds files of somebody else
        for unborn in path.parent.glob(f".{glob_escape(path.name)}{_UNBORN}*"):
            shutil.rmtree(unborn)
    spill = path.with_name(path.name + _SPILL)
    with suppress(OSError):
        for left in spill.glob("duckdb_temp_*"):
            left.unlink()
        spill.rmdir()


def explain(error: Exception, where: str) -> TiermixError:
    """A DuckDB error as one of ours, with its cause and cure."""
    import duckdb

    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    if "Could not set lock" in str(error) or "Conflicting lock" in str(error):
        holder = re.search(r"\(PID (\d+)\)", str(error))
        who = f"process {holder[1]}" if holder else "another process"
        return StoreBusy(
            f"the store is in use by {who}",
            where=where,
            hint="wait for it to finish (--wait 60), or end it; a notebook or duckdb shell left open counts too",
        )
    if re.search(r"No space left|disk full|File too large|max_temp_directory_size|Could not write", str(error), re.I):
        return StoreFull(f"there is no room to write: {text}", where=where, hint="free disk space and run it again")
    if isinstance(error, duckdb.OutOfMemoryException):
        # Also what it says when it may spill no more.
        return StoreStrained(
            f"it takes more memory and temporary space than there is: {text}",
            where=where,
            hint="free disk space beside the store, or ingest fewer or smaller files at a time",
        )
    if re.search(r"Permission denied|Read-only file system", str(error), re.I):
        return StoreError(
            "may not be written there", where=where, hint="choose a folder of yours: --db PATH, or TIERMIX_DB"
        )
    if _is_broken_database(str(error), where):
        return StoreCorrupt(
            "the file is not a usable store", where=where, hint=f"move it away and ingest again ({text})"
        )
    if isinstance(error, duckdb.ConstraintException):
        return RowRefused(f"the database refused a row: {text}", where=where)
    if isinstance(error, duckdb.SerializationException):
        return StoreCorrupt("the file was written by another DuckDB", where=where, hint=text)
    if isinstance(error, duckdb.InternalException | duckdb.FatalException):
        first = re.search(r'^Original error: "(.*)"$', str(error), re.M)
        return StoreError(
            f"DuckDB failed: {first[1] if first else text}",
            where=where,
            hint="a damaged log can do that: tiermix ingest names it and goes on without it",
        )
    hint = "check its path and the disk it lies on" if isinstance(error, duckdb.IOException) else ""
    return StoreError(f"the database refused: {text}", where=where, hint=hint)


def _is_broken_database(text: str, where: str) -> bool:
    """Whether DuckDB speaks of its own file. That it speaks of another one, such as a log, shows in the name."""
    if re.search(r"not a valid DuckDB|Corrupt database file", text):
        return True
    return (
        os.path.basename(where) in text and re.search(r"checksum|corrupt|not read enough bytes", text, re.I) is not None
    )


@dataclass(frozen=True, slots=True)
class Scan:
    """A set of log files that are read alike.

    Attributes:
        paths, container, packing: which, and how their records stand in them. All Parquet files have one schema.
        delimiter: of CSV.
        longest: the size of the longest record in bytes, where it is known to be beyond the usual bound.
    """

    paths: tuple[Path, ...]
    container: Container
    packing: Packing
    delimiter: str = ","
    longest: int = 0

    @property
    def csv(self) -> str:
        """The options of DuckDB's CSV reader."""
        return f"{_CSV}, delim = {literal(self.delimiter)}, compression = {literal(self.packing)}"


def records_sql(
    scan: Scan,
    columns: Mapping[str, str],
    present: Mapping[str, str],
    *,
    numbered: bool = False,
    strict: bool = False,
) -> tuple[str, dict[str, object]]:
    """SQL of the relation of records in `scan`, with the path of each as column `file`, and its parameters.

    A record that is no valid JSON comes as a row of nulls, in place, so that lines can be counted; so does a row of
    Parquet with bytes for a text that are no UTF-8.

    Args:
        scan: the files.
        columns: the fields to read and their types; nothing else is parsed.
        present: for Parquet and CSV, the columns that the files really have.
        strict: raise at the first record that is no JSON or has a value of another type, instead of making nulls of it.
        numbered: give every record its number, over all files, as column `line`.
    """
    text, params = _records(scan, columns, present, strict)
    return (f"SELECT *, row_number() OVER () AS line FROM ({text}) AS r" if numbered else text), params


def _records(
    scan: Scan, columns: Mapping[str, str], present: Mapping[str, str], strict: bool
) -> tuple[str, dict[str, object]]:
    paths: dict[str, object] = {"paths": [glob_escape(str(p)) for p in scan.paths]}
    file, named_file = f"{identifier(_FILE)} AS file", f", filename = {literal(_FILE)}"
    if len(scan.paths) == 1:  # a name that DuckDB repeats for every row costs as much as a field
        file, named_file, paths["path"] = "CAST($path AS VARCHAR) AS file", "", str(scan.paths[0])
    if scan.container in ("parquet", "csv"):
        cells = {c: _cast(c, present.get(c), t) for c, t in columns.items()}
        if whole := " AND ".join(_is_text(c) for c in columns if present.get(c) == BYTES):
            cells = {c: f"CASE WHEN {whole} THEN {cell} END" for c, cell in cells.items()}
        listed = ", ".join(f"{cell} AS {identifier(column_name(c))}" for c, cell in cells.items())
        reader = f"read_csv($paths, {scan.csv}, hive_partitioning = false{named_file})"
        if scan.container == "parquet":
            reader = f"read_parquet($paths, hive_partitioning = false{named_file})"
        return f"SELECT {file}, {listed} FROM {reader}", paths
    struct = ", ".join(f"{identifier(c)} {t}" for c, t in columns.items())
    options = (
        f"compression = {literal(scan.packing)}, maximum_object_size = {max(_RECORD_BYTES, scan.longest + 1)}, "
        f"hive_partitioning = false{named_file}"
    )
    if scan.container == "arrays":
        # A broken line is kept as one null record, so that it is counted and found.
        named = ", ".join(f"r.{identifier(c)} AS {identifier(column_name(c))}" for c in columns)
        return (
            f"SELECT file, {named} FROM "
            f"(SELECT {file}, unnest(CASE WHEN json IS NULL THEN [NULL] ELSE json END) AS r FROM "
            f"read_json($paths, format = 'newline_delimited', records = false, ignore_errors = true, {options}, "
            f"columns = {{'json': {literal(f'STRUCT({struct})[]')}}})) AS lines",
            paths,
        )
    named = ", ".join(f"{identifier(c)} AS {identifier(column_name(c))}" for c in columns)
    listed = ", ".join(f"{literal(c)}: {literal(t)}" for c, t in columns.items())
    # Without `records` one line that is no object makes DuckDB take every line for the value of a single column.
    return (
        f"SELECT {file}, {named} FROM read_json($paths, format = 'newline_delimited', records = true, "
        f"ignore_errors = {'false' if strict else 'true'}, {options}, columns = {{{listed}}})",
        paths,
    )


def _cast(column: str, is_now: str | None, wanted: str) -> str:
    """A column of Parquet or CSV as another type; what cannot be one is null.

    Between lists, structs and texts the way goes over JSON, never over DuckDB's own notation.
    """
    if is_now is None:
        return f"CAST(NULL AS {wanted})"
    name = identifier(column)
    if is_now == BYTES:
        name, is_now = f"TRY(decode({name}))", "VARCHAR"
    elif is_now == MILLISECONDS:
        name, is_now = f"coalesce(CAST(TRY(epoch_ms({name})) AS VARCHAR), {name} || ' ms')", "VARCHAR"
    if is_now == "VARCHAR" and wanted == "JSON":
        return f"CASE WHEN json_valid({name}) THEN CAST({name} AS JSON) ELSE to_json({name}) END"
    if wanted == "JSON" or (_nested(is_now) and not _nested(wanted)):
        return f"CAST(to_json({name}) AS {wanted})"
    if _nested(wanted) and is_now == "VARCHAR":
        return f"TRY_CAST(TRY_CAST({name} AS JSON) AS {wanted})"
    if _nested(wanted) and is_now.startswith("MAP"):
        return f"TRY_CAST(to_json({name}) AS {wanted})"
    return f"TRY_CAST({name} AS {wanted})"


def _is_text(column: str) -> str:
    name = identifier(column)
    return f"({name} IS NULL OR TRY(decode({name})) IS NOT NULL)"


def _nested(kind: str) -> bool:
    return kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION"))


def glob_escape(path: str) -> str:
    """A path that DuckDB reads as that very file, though it takes patterns."""
    return re.sub(r"([*?\[])", r"[\1]", path)


def columns_of(connection: duckdb.DuckDBPyConnection, scan: Scan) -> dict[str, str]:
    """Names and types of the columns of a Parquet file, or of CSV files together."""
    reader = f"read_csv($paths, {scan.csv}, hive_partitioning = false)"
    if scan.container == "parquet":
        reader = "read_parquet($paths, hive_partitioning = false)"
    described = connection.execute(
        f"DESCRIBE SELECT * FROM {reader}", {"paths": [glob_escape(str(p)) for p in scan.paths]}
    )
    return {row[0]: row[1] for row in described.fetchall()}
