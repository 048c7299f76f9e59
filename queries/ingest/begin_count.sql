-- name: ingest/begin_count
-- what: an empty table for the requests of files that are only to be counted; a request without a minute is refused
-- A slot is the minute, whether it is a drill, and the file, packed into one number: fewer columns are written faster.

CREATE OR REPLACE TEMP TABLE counted (slot BIGINT NOT NULL, outcome_id UBIGINT NOT NULL, request UBIGINT NOT NULL)
