"""The store: one DuckDB file, opened for reading or for one writer, and the named queries run on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from tiermix import sql
from tiermix.engine import duck
from tiermix.engine.duck import Rows, Scan
from tiermix.errors import StoreCorrupt, StoreError, StoreMissing, StoreTooNew
from tiermix.files import scratch
from tiermix.model import Outcome, Placement

if TYPE_CHECKING:
    import duckdb

SCHEMA_VERSION = 7
# Another process may be quicker to open a store that has to be opened again.
_OPEN_AGAIN_S = 60.0


class Store:
    """An open store. Use it as a context manager; leaving it closes the file.

    A store without a path lives in memory and dies with the process: so a question is put to log files directly.
    Writers bring an older store to the present schema; readers take it as it is, and `version` says which one it has.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path | None) -> None:
        self._connection = connection
        self._held = ExitStack()
        self._prepared: list[str] = []
        self._writes = False
        self.path = path
        self.version = SCHEMA_VERSION
        self.asked: dict[str, Mapping[str, Any]] = {}

    @classmethod
    def in_memory(cls) -> Store:
        """An empty store that is never written to disk."""
        held = ExitStack()
        store = cls(duck.connect(None, spill=held.enter_context(scratch()) / "spill"), None)
        store._held = held
        store._migrate()
        return store

    @classmethod
    def read(cls, path: Path, *, wait: float = 0.0) -> Store:
        """Opens an existing store for reading.

        Raises:
            StoreMissing: there is no such file.
            StoreBusy, StoreCorrupt, StoreTooNew: it cannot be used.
        """
        if not path.exists():
            raise StoreMissing(
                "there is no store yet",
                where=str(path),
                hint="make one with: tiermix ingest LOGS, or try: tiermix demo",
            )
        store = cls(duck.connect(path, read_only=True, wait=wait), path)
        store.version = store._known_version()
        return store

    @classmethod
    def write(cls, path: Path, *, wait: float = 0.0) -> Store:
        """Opens a store for writing and creates it when there is none.

        Raises:
            StoreBusy, StoreCorrupt, StoreTooNew, StoreFull: it cannot be used.
        """
        if path.is_dir() or not path.parent.is_dir():
            raise StoreCorrupt(
                "a store is a file in an existing folder",
                where=str(path),
                hint="choose another --db, or make the folder",
            )
        duck.create(path)
        store = cls(duck.connect(path, wait=wait), path)
        store._writes = True
        duck.clear_left(path)
        store._migrate()
        store._rehash()
        return store

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()
        self._held.close()

    def _migrate(self) -> None:
        """Brings a new or older store to the present schema: every step, or none when one fails."""
        empty = self.path is None or not self.execute("SELECT count(*) FROM information_schema.tables")[0][0]
        self.version = 0 if empty else self._known_version()
        if self.version >= SCHEMA_VERSION:
            return
        steps = [n for n in sql.names() if n.startswith("schema/")]
        with self.transaction():
            for name in steps[self.version : SCHEMA_VERSION]:
                self.execute(sql.load(name).text)
            if empty:
                self.execute("INSERT INTO meta VALUES ('schema', '')")
            self.execute("UPDATE meta SET value = $version WHERE key = 'schema'", {"version": str(SCHEMA_VERSION)})
        self.version = SCHEMA_VERSION

    def _rehash(self) -> None:
        """Hashes the ids anew when they were hashed by another DuckDB, which need not hash alike."""
        ours = self.execute("SELECT CAST(hash('tiermix') AS VARCHAR)")[0][0]
        stored = self.execute("SELECT value FROM meta WHERE key = 'hash'")
        if stored == [(ours,)]:
            return
        with self.transaction():
            self.execute("UPDATE request_log SET request_hash = hash(request_id)")
            self.execute("UPDATE request_log SET group_hash = hash(group_key) WHERE group_key IS NOT NULL")
            self.execute("UPDATE attempt_log SET attempt_hash = hash(attempt_id), group_hash = hash(group_key)")
            self.execute("UPDATE span_log SET trace_hash = hash(json_extract_string(span, '$.trace'))")
            self.execute("DELETE FROM meta WHERE key = 'hash'")
            self.execute("INSERT INTO meta VALUES ('hash', $ours)", {"ours": ours})

    def _known_version(self) -> int:
        """The schema of the store, which an older tiermix may have written.

        Raises:
            StoreCorrupt: this database is no store.
            StoreTooNew: a newer tiermix wrote it.
        """
        try:
            version = int(self.execute("SELECT value FROM meta WHERE key = 'schema'")[0][0])
        except StoreCorrupt:
            raise
        except (StoreError, IndexError, ValueError) as error:
            raise StoreCorrupt(
                "this database is not a tiermix store", where=str(self.path), hint="choose another --db"
            ) from error
        if version > SCHEMA_VERSION:
            raise StoreTooNew(
                f"the store has schema {version}, this tiermix knows up to {SCHEMA_VERSION}",
                where=str(self.path),
                hint="upgrade tiermix: pip install -U tiermix",
            )
        return version

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: what is done inside is kept when the block ends and undone when it raises."""
        self.execute("BEGIN")
        begun = self._connection
        try:
            yield
        except BaseException:
            if begun is self._connection:  # nothing is left of it on another
                begun.rollback()
            raise
        self.execute("COMMIT")

    def prepare(self, name: str) -> None:
        """Runs the named query, which makes what lives as long as the connection, here and on any that follows."""
        self.ask(name)
        self._prepared.append(name)

    def _open_again(self) -> None:
        """Goes on with a new connection, as DuckDB refuses to after a fault of its own; temporary tables are gone."""
        self._connection.close()
        self._connection = duck.connect(self.path, wait=_OPEN_AGAIN_S)
        for name in self._prepared:
            self.execute(sql.load(name).text)

    def execute(self, text: str, params: Mapping[str, Any] | None = None) -> Rows:
        """Runs SQL and returns all rows.

        Raises:
            TiermixError: what the database said, in our words.
        """
        with self._in_our_words():
            cursor = self._connection.execute(text, dict(params)) if params else self._connection.execute(text)
            return cursor.fetchall()

    @contextmanager
    def _in_our_words(self) -> Iterator[None]:
        import duckdb

        try:
            yield
        except duckdb.Error as error:
            if self._writes and isinstance(error, duckdb.InternalException | duckdb.FatalException):
                self._open_again()
            raise duck.explain(error, str(self.path or "in memory")) from error
        except RuntimeError as error:
            if "interrupted" in str(error).lower():  # DuckDB's word for Ctrl-C
                raise KeyboardInterrupt from error
            raise

    def ask(self, name: str, params: Mapping[str, Any] | None = None) -> Rows:
        """Runs the named query; `asked` remembers the last parameters of each."""
        self.asked[name] = params or {}
        return self.execute(sql.load(name).text, params)

    def columns_of(self, scan: Scan) -> dict[str, str]:
        """Names and types of the columns of Parquet or CSV files; see `engine.duck`."""
        with self._in_our_words():
            return duck.columns_of(self._connection, scan)

    def outcomes(self) -> tuple[Outcome, ...]:
        """Every kind of outcome the store knows."""
        return tuple(
            Outcome(*row)
            for row in self.execute(
                "SELECT outcome_id, requested_model, served_model, provider, route, intended_model, logged_tier, "
                "logged_intended, cached, reason, status, fallback FROM outcomes ORDER BY outcome_id"
            )
        )

    def place(self, placements: Sequence[Placement], *, keep: bool) -> None:
        """Sets the tiers of all outcomes: in the store, or (`keep` false) for this connection only.

        A reader must not write, yet may come with another configuration than the last ingest; its own temporary table
        then stands in front of the stored one for every query.
        """
        if not keep:
            self.execute("CREATE OR REPLACE TEMP TABLE outcome_tiers AS SELECT * FROM outcome_tiers LIMIT 0")
        else:
            self.execute("DELETE FROM outcome_tiers")
        self.execute(
            "INSERT INTO outcome_tiers SELECT unnest($ids), unnest($tiers), unnest($ranks), unnest($intended), "
            "unnest($demoted), unnest($reasons)",
            {
                "ids": [p.outcome_id for p in placements],
                "tiers": [p.tier for p in placements],
                "ranks": [p.tier_rank for p in placements],
                "intended": [p.intended_tier for p in placements],
                "demoted": [p.demoted for p in placements],
                "reasons": [p.reason for p in placements],
            },
        )
