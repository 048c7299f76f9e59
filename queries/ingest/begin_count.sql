-- name: ingest/begin_count
-- what: an empty table for the requests of files that are only to be counted; a request without a minute is refused
-- A slot is the minute, whether it is a drill, and the file, packed into one number: fewer columns are written faster.
-- ingest/sum_counts takes it apart again.

CREATE OR REPLACE TEMP MACRO slot(ts, drill, file) AS
    ((((epoch_us(ts) // 60000000) << 1) | CAST(drill AS BIGINT)) << 20) | file;

CREATE OR REPLACE TEMP TABLE counted (slot BIGINT NOT NULL, outcome_id UBIGINT NOT NULL, request UBIGINT NOT NULL)
