-- name: ingest/touched_attempts
-- what: all attempts, old and new, of the groups that got new ones in this batch, into attempts
-- from: touched and touched_rows

CREATE OR REPLACE TEMP TABLE attempts AS
SELECT a.* FROM attempt_log AS a
WHERE a.rowid IN (SELECT r FROM touched_rows) AND a.group_key IN (SELECT group_key FROM touched)
