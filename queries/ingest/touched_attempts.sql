-- name: ingest/touched_attempts
-- what: all attempts, old and new, of the groups that got new ones in this batch, into attempts
-- params: batch_id integer

CREATE OR REPLACE TEMP TABLE attempts AS
SELECT a.* FROM attempt_log AS a
SEMI JOIN (SELECT DISTINCT group_key FROM attempt_log WHERE batch_id = $batch_id) AS g ON a.group_key = g.group_key
