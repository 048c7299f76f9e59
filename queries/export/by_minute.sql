-- name: export/by_minute
-- what: requests by served tier and minute, for counters; from the minute rollup
-- params: first_minute bigint, last_minute bigint, skip_from bigint[], skip_to bigint[]
-- grain: tier, minute
-- returns: tier, minute, requests
-- Minutes since 1970 before last_minute. All that lies before first_minute is one row of minute first_minute - 1: a counter
-- starts from everything that was counted before. skip_* are maintenance windows in minutes.

WITH skip AS (SELECT unnest(CAST($skip_from AS BIGINT[])) AS skip_from, unnest(CAST($skip_to AS BIGINT[])) AS skip_to)
SELECT
    t.tier,
    greatest(CAST(m.minute AS BIGINT), CAST($first_minute AS BIGINT) - 1) AS minute,
    CAST(sum(m.requests) AS BIGINT) AS requests
FROM mix_minute AS m
JOIN outcome_tiers AS t ON t.outcome_id = m.outcome_id
WHERE m.minute < $last_minute
  AND NOT EXISTS (SELECT 1 FROM skip WHERE m.minute >= skip_from AND m.minute < skip_to)
GROUP BY ALL
HAVING sum(m.requests) <> 0
ORDER BY ALL
