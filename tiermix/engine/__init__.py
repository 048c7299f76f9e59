"""Who reads the logs: DuckDB, embedded."""
