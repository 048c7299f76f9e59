-- name: ingest/duplicate_attempts
-- what: the rows of staged whose attempt is in the store already or came earlier in the batch, into dup
-- Rows without a file are of earlier spans: they stand in for what the store has of their attempts.
-- The store is the probing side, so that the hash table is as large as the batch and not as the store.

INSERT INTO dup
SELECT DISTINCT s.rowid
FROM (
    SELECT l.attempt_id FROM attempt_log AS l
    WHERE l.rowid IN (
        SELECT k.rowid FROM attempt_log AS k SEMI JOIN staged AS s ON k.attempt_hash = hash(s.attempt_id)
    )
) AS known
JOIN staged AS s ON known.attempt_id = s.attempt_id
WHERE s.bad IS NULL AND NOT s.skip
    AND known.attempt_id NOT IN (SELECT attempt_id FROM staged WHERE file IS NULL AND attempt_id IS NOT NULL)
UNION
SELECT s.rowid
FROM staged AS s
JOIN (
    SELECT attempt_id, coalesce(min(rowid) FILTER (file IS NULL), min(rowid)) AS first
    FROM staged WHERE bad IS NULL AND NOT skip GROUP BY attempt_id HAVING count(*) > 1
) AS twice ON s.attempt_id = twice.attempt_id
WHERE s.bad IS NULL AND NOT s.skip AND s.rowid <> twice.first
