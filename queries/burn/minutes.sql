-- name: burn/minutes
-- what: good and total requests by minute; from the minute rollup
-- params: first_minute bigint, last_minute bigint, good varchar[], skip_from bigint[], skip_to bigint[]
-- grain: minute
-- returns: minute, good, total
-- [first_minute, last_minute) in minutes since 1970; skip_* are maintenance windows, likewise.

WITH skip AS (SELECT unnest(CAST($skip_from AS BIGINT[])) AS skip_from, unnest(CAST($skip_to AS BIGINT[])) AS skip_to)
SELECT
    m.minute,
    CAST(coalesce(sum(m.requests) FILTER (list_contains(CAST($good AS VARCHAR[]), t.tier)), 0) AS BIGINT) AS good,
    CAST(sum(m.requests) AS BIGINT) AS total
FROM mix_minute AS m
JOIN outcome_tiers AS t ON t.outcome_id = m.outcome_id
WHERE m.minute >= $first_minute AND m.minute < $last_minute
  AND NOT EXISTS (SELECT 1 FROM skip WHERE m.minute >= skip_from AND m.minute < skip_to)
GROUP BY m.minute
HAVING sum(m.requests) <> 0
ORDER BY m.minute
