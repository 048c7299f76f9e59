-- name: ingest/touched_groups
-- what: the groups that got new attempts in this batch, into touched
-- params: batch_id integer

CREATE OR REPLACE TEMP TABLE touched AS SELECT DISTINCT group_key, group_hash FROM attempt_log WHERE batch_id = $batch_id
