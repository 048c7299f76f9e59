-- name: mix/by_minute
-- what: requests by day and served tier, perhaps by a dimension of the outcome; from the minute rollup, and from single
--       requests only for the cut minutes at the ends of the window
-- params: by varchar, day_starts bigint[], start bigint, end bigint, first_minute bigint, last_minute bigint, skip_from bigint[], skip_to bigint[]
-- grain: day, key, tier
-- returns: day_start, key, tier, requests, fallback_fired, fallback_known
-- Times are microseconds since 1970; [first_minute, last_minute) are the whole minutes inside [start, end).

WITH days AS (SELECT unnest(CAST($day_starts AS BIGINT[])) AS day_start),
skip AS (SELECT unnest(CAST($skip_from AS BIGINT[])) AS skip_from, unnest(CAST($skip_to AS BIGINT[])) AS skip_to),
counted AS (
    SELECT minute * 60000000::BIGINT AS us, outcome_id, requests
    FROM mix_minute
    WHERE minute >= $first_minute AND minute < $last_minute
    UNION ALL
    SELECT epoch_us(ts) AS us, outcome_id, 1 AS requests
    FROM request_log
    WHERE NOT drill AND ts >= make_timestamptz($start) AND ts < make_timestamptz($end)
      AND (epoch_us(ts) < CAST($first_minute AS BIGINT) * 60000000 OR epoch_us(ts) >= CAST($last_minute AS BIGINT) * 60000000)
),
kept AS (
    SELECT us, outcome_id, requests FROM counted
    WHERE NOT EXISTS (SELECT 1 FROM skip WHERE us >= skip_from AND us < skip_to)
)
SELECT
    d.day_start,
    CASE $by WHEN 'reason' THEN t.reason
             WHEN 'tier' THEN t.tier WHEN 'intended_tier' THEN t.intended_tier
             WHEN 'requested_model' THEN o.requested_model WHEN 'served_model' THEN o.served_model
             WHEN 'provider' THEN o.provider END AS key,
    t.tier,
    CAST(sum(k.requests) AS BIGINT) AS requests,
    CAST(coalesce(sum(k.requests) FILTER (o.fallback), 0) AS BIGINT) AS fallback_fired,
    CAST(coalesce(sum(k.requests) FILTER (o.fallback IS NOT NULL), 0) AS BIGINT) AS fallback_known
FROM kept AS k
ASOF JOIN days AS d ON k.us >= d.day_start
JOIN outcomes AS o ON o.outcome_id = k.outcome_id
JOIN outcome_tiers AS t ON t.outcome_id = k.outcome_id
GROUP BY ALL
HAVING sum(k.requests) <> 0
ORDER BY ALL
