-- name: ingest/added
-- what: how many requests a batch has added, and whether one of them may be in it twice or in the store from before
-- params: batch_id integer
-- returns: requests, twice, known
-- Ids are compared by their hashes: equal hashes of different ids only make the careful way follow.

WITH new AS (SELECT request_hash FROM request_log WHERE batch_id = $batch_id)
SELECT
    count(*) AS requests,
    count(*) <> count(DISTINCT request_hash) AS twice,
    (
        SELECT count(*) FROM request_log
        WHERE batch_id <> $batch_id AND request_hash IN (SELECT request_hash FROM new)
    ) > 0 AS known
FROM new
