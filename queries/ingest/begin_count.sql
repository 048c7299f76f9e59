-- name: ingest/begin_count
-- what: an empty table for the requests of files that are only to be counted; a request without a minute is refused

CREATE OR REPLACE TEMP TABLE counted (
    file INTEGER NOT NULL, minute INTEGER NOT NULL, outcome_id UBIGINT NOT NULL, request UBIGINT NOT NULL, drill BOOLEAN NOT NULL
)
