-- name: ingest/counted_twice
-- what: whether one of the counted requests may be there twice
-- returns: twice
-- By hash, and by sorting halves, as in ingest/added_twice.

WITH seen AS NOT MATERIALIZED (SELECT request, CAST(request >> 32 AS UINTEGER) AS half FROM counted),

halves AS (
    SELECT half FROM (SELECT half, half = lag(half) OVER (ORDER BY half) AS same FROM seen) WHERE same
)

SELECT count(*) > 0 AS twice
FROM (SELECT request FROM seen WHERE half IN (FROM halves) GROUP BY request HAVING count(*) > 1) AS equal
