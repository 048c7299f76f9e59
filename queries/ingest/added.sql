-- name: ingest/added
-- what: how many requests a batch has added, and whether one of them may be in it twice or in the store from before
-- params: batch_id integer
-- returns: requests, twice, known
-- Ids are compared by their hashes: equal hashes of different ids only make the careful way follow.

WITH new AS (SELECT hash(request_id) AS request FROM request_log WHERE batch_id = $batch_id)
SELECT
    count(*) AS requests,
    count(*) <> count(DISTINCT request) AS twice,
    EXISTS (
        SELECT 1 FROM request_log AS old JOIN new ON hash(old.request_id) = new.request
        WHERE old.batch_id <> $batch_id
    ) AS known
FROM new
