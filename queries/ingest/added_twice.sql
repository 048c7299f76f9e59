-- name: ingest/added_twice
-- what: whether a request that a batch has added may be in it twice or in the store from before
-- params: batch_id integer
-- returns: twice, known
-- Ids are compared by their hashes: equal hashes of different ids only make the careful way follow. Sorting them takes half
-- the time of counting those that differ, and sorting halves of them two thirds of that: the few requests whose halves are
-- equal are then compared by the whole.

WITH new AS NOT MATERIALIZED (SELECT request_hash, CAST(request_hash >> 32 AS UINTEGER) AS half FROM request_log WHERE batch_id = $batch_id),

halves AS (
    SELECT half FROM (SELECT half, half = lag(half) OVER (ORDER BY half) AS same FROM new) WHERE same
)

SELECT
    (
        SELECT count(*)
        FROM (SELECT request_hash FROM new WHERE half IN (FROM halves) GROUP BY request_hash HAVING count(*) > 1) AS equal
    ) > 0 AS twice,
    (
        SELECT count(*) FROM request_log
        WHERE batch_id <> $batch_id AND request_hash IN (SELECT request_hash FROM new)
    ) > 0 AS known
