-- name: ingest/duplicate_requests
-- what: the rows of staged whose request is in the store already or came earlier in the batch, into dup
-- The store is the probing side, so that the hash table is as large as the batch and not as the store.

INSERT INTO dup
SELECT DISTINCT s.rowid
FROM request_log AS l
JOIN staged AS s ON l.request_hash = hash(s.request_id) AND l.request_id = s.request_id
WHERE s.bad IS NULL AND NOT s.skip
UNION
SELECT s.rowid
FROM staged AS s
JOIN (
    SELECT request_id, min(rowid) AS first FROM staged WHERE bad IS NULL AND NOT skip GROUP BY request_id HAVING count(*) > 1
) AS twice ON s.request_id = twice.request_id
WHERE s.bad IS NULL AND NOT s.skip AND s.rowid > twice.first
