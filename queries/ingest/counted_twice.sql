-- name: ingest/counted_twice
-- what: whether one of the counted requests may be there twice
-- returns: twice
-- By hash, and by sorting, as in ingest/added_twice.

SELECT count(*) > 0 AS twice FROM (SELECT request = lag(request) OVER (ORDER BY request) AS same FROM counted) WHERE same
