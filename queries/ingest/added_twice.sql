-- name: ingest/added_twice
-- what: whether a request that a batch has added may be in it twice or in the store from before
-- params: batch_id integer
-- returns: twice, known
-- Ids are compared by their hashes: equal hashes of different ids only make the careful way follow. Sorting them takes half
-- the time of counting those that differ.

WITH new AS (SELECT request_hash FROM request_log WHERE batch_id = $batch_id)
SELECT
    (SELECT count(*) FROM (SELECT request_hash = lag(request_hash) OVER (ORDER BY request_hash) AS same FROM new) WHERE same) > 0
        AS twice,
    (
        SELECT count(*) FROM request_log
        WHERE batch_id <> $batch_id AND request_hash IN (SELECT request_hash FROM new)
    ) > 0 AS known
