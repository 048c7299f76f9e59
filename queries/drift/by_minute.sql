-- name: drift/by_minute
-- what: good and total requests by day, perhaps by the largest values of a dimension of the outcome; from the minute
--       rollup
-- params: by varchar, keys integer, good varchar[], day_starts bigint[], first_minute bigint, last_minute bigint, skip_from bigint[], skip_to bigint[]
-- grain: day, key
-- returns: day_start, place, key, good, total
-- Times are microseconds since 1970. `place` counts keys by their requests, 1 being the largest; 0 is all smaller ones.
-- The days must be whole minutes.

WITH days AS (SELECT unnest(CAST($day_starts AS BIGINT[])) AS day_start),
skip AS (SELECT unnest(CAST($skip_from AS BIGINT[])) AS skip_from, unnest(CAST($skip_to AS BIGINT[])) AS skip_to),
kept AS (
    SELECT
        m.minute * 60000000::BIGINT AS us,
        CASE $by WHEN 'reason' THEN t.reason
                 WHEN 'tier' THEN t.tier WHEN 'intended_tier' THEN t.intended_tier
                 WHEN 'requested_model' THEN o.requested_model WHEN 'served_model' THEN o.served_model
                 WHEN 'provider' THEN o.provider END AS key,
        list_contains(CAST($good AS VARCHAR[]), t.tier) AS good,
        m.requests
    FROM mix_minute AS m
    JOIN outcomes AS o ON o.outcome_id = m.outcome_id
    JOIN outcome_tiers AS t ON t.outcome_id = m.outcome_id
    WHERE m.minute >= $first_minute AND m.minute < $last_minute
      AND NOT EXISTS (
          SELECT 1 FROM skip WHERE m.minute * 60000000::BIGINT >= skip_from AND m.minute * 60000000::BIGINT < skip_to
      )
),
ranked AS (
    SELECT key, row_number() OVER (ORDER BY sum(requests) DESC, key) AS place FROM kept GROUP BY key
)
SELECT
    d.day_start,
    CASE WHEN r.place <= $keys THEN r.place ELSE 0 END AS place,
    CASE WHEN r.place <= $keys THEN r.key END AS key,
    CAST(coalesce(sum(k.requests) FILTER (k.good), 0) AS BIGINT) AS good,
    CAST(sum(k.requests) AS BIGINT) AS total
FROM kept AS k
JOIN ranked AS r ON r.key IS NOT DISTINCT FROM k.key
ASOF JOIN days AS d ON k.us >= d.day_start
GROUP BY ALL
HAVING sum(k.requests) <> 0
ORDER BY ALL
