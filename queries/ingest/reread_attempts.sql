-- name: ingest/reread_attempts
-- what: where the attempts stand that earlier spans told of, and that are judged again with this batch, into reread
-- from: staged, in which rows without a file are of earlier spans

CREATE OR REPLACE TEMP TABLE reread AS
SELECT a.rowid AS r, a.group_key, a.group_hash
FROM attempt_log AS a
WHERE a.rowid IN (
    SELECT k.rowid FROM attempt_log AS k
    SEMI JOIN (SELECT attempt_id FROM staged WHERE file IS NULL) AS s ON k.attempt_hash = hash(s.attempt_id)
) AND a.attempt_id IN (SELECT attempt_id FROM staged WHERE file IS NULL)
