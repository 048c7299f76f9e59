-- name: mix/by_hour
-- what: requests by day, served tier and one dimension of the request; from the hourly rollup, and from single requests
--       only for the cut hours at the ends of the window
-- params: by varchar, day_starts bigint[], start bigint, end bigint, first_hour bigint, last_hour bigint
-- grain: day, key, tier
-- returns: day_start, key, tier, requests, fallback_fired, fallback_known
-- Times are microseconds since 1970; [first_hour, last_hour) are the whole hours inside [start, end).

WITH days AS (SELECT unnest(CAST($day_starts AS BIGINT[])) AS day_start),
counted AS (
    SELECT hour * 3600000000::BIGINT AS us, value AS key, outcome_id, requests
    FROM mix_hour
    WHERE dim = $by AND hour >= $first_hour AND hour < $last_hour
    UNION ALL
    SELECT
        epoch_us(ts) AS us,
        CASE $by WHEN 'intent' THEN intent WHEN 'traffic_class' THEN traffic_class WHEN 'tenant' THEN tenant
                 WHEN 'feature' THEN feature END AS key,
        outcome_id,
        1 AS requests
    FROM request_log
    WHERE NOT drill AND ts >= make_timestamptz($start) AND ts < make_timestamptz($end)
      AND (epoch_us(ts) < CAST($first_hour AS BIGINT) * 3600000000 OR epoch_us(ts) >= CAST($last_hour AS BIGINT) * 3600000000)
)
SELECT
    d.day_start,
    c.key,
    t.tier,
    CAST(sum(c.requests) AS BIGINT) AS requests,
    CAST(coalesce(sum(c.requests) FILTER (o.fallback), 0) AS BIGINT) AS fallback_fired,
    CAST(coalesce(sum(c.requests) FILTER (o.fallback IS NOT NULL), 0) AS BIGINT) AS fallback_known
FROM counted AS c
ASOF JOIN days AS d ON c.us >= d.day_start
JOIN outcomes AS o ON o.outcome_id = c.outcome_id
JOIN outcome_tiers AS t ON t.outcome_id = c.outcome_id
GROUP BY ALL
HAVING sum(c.requests) <> 0
ORDER BY ALL
