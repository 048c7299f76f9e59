-- name: explain/by_hour
-- what: requests by day, one dimension of the request, the model asked for, served tier and reason; from the hourly
--       rollup, and from single requests only for hours that a day or a maintenance window cuts
-- params: dim varchar, by_value boolean, by_model boolean, day_starts bigint[], day_ends bigint[], first_hour bigint, last_hour bigint, cut_hours bigint[], cut_start bigint, cut_end bigint, skip_from bigint[], skip_to bigint[], passing varchar[], reason varchar[], tier varchar[], intended_tier varchar[], requested_model varchar[], served_model varchar[], provider varchar[]
-- grain: day, value, model, tier, reason
-- returns: day_start, value, model, tier, reason, requests, latest
-- Times are microseconds since 1970, hours count from 1970; days are [day_starts[i], day_ends[i]). The single requests
-- of the cut hours lie in [cut_start, cut_end). `passing` filters the dimension; a filter is null or the values that
-- pass, '' stands for none. latest is the start of the last hour with such requests.

WITH days AS (
    SELECT unnest(CAST($day_starts AS BIGINT[])) AS day_start, unnest(CAST($day_ends AS BIGINT[])) AS day_end
),
skip AS (SELECT unnest(CAST($skip_from AS BIGINT[])) AS skip_from, unnest(CAST($skip_to AS BIGINT[])) AS skip_to),
counted AS (
    SELECT hour * 3600000000::BIGINT AS us, value, outcome_id, requests
    FROM mix_hour
    WHERE dim = $dim AND hour >= $first_hour AND hour < $last_hour
      AND NOT list_contains(CAST($cut_hours AS BIGINT[]), CAST(hour AS BIGINT))
    UNION ALL
    SELECT
        epoch_us(ts) AS us,
        CASE $dim WHEN 'intent' THEN intent WHEN 'traffic_class' THEN traffic_class WHEN 'tenant' THEN tenant
                  WHEN 'feature' THEN feature END AS value,
        outcome_id,
        1 AS requests
    FROM request_log
    WHERE NOT drill AND ts >= make_timestamptz($cut_start) AND ts < make_timestamptz($cut_end)
      AND list_contains(CAST($cut_hours AS BIGINT[]), epoch_us(ts) // 3600000000)
),
kept AS (
    SELECT c.us, c.value, c.requests, t.tier, t.reason, o.requested_model
    FROM counted AS c
    JOIN outcomes AS o ON o.outcome_id = c.outcome_id
    JOIN outcome_tiers AS t ON t.outcome_id = c.outcome_id
    WHERE NOT EXISTS (SELECT 1 FROM skip WHERE c.us >= skip_from AND c.us < skip_to)
      AND ($passing IS NULL OR list_contains(CAST($passing AS VARCHAR[]), coalesce(c.value, '')))
      AND ($reason IS NULL OR list_contains(CAST($reason AS VARCHAR[]), coalesce(t.reason, '')))
      AND ($tier IS NULL OR list_contains(CAST($tier AS VARCHAR[]), t.tier))
      AND ($intended_tier IS NULL OR list_contains(CAST($intended_tier AS VARCHAR[]), coalesce(t.intended_tier, '')))
      AND ($requested_model IS NULL OR list_contains(CAST($requested_model AS VARCHAR[]), coalesce(o.requested_model, '')))
      AND ($served_model IS NULL OR list_contains(CAST($served_model AS VARCHAR[]), coalesce(o.served_model, '')))
      AND ($provider IS NULL OR list_contains(CAST($provider AS VARCHAR[]), coalesce(o.provider, '')))
)
SELECT
    d.day_start,
    CASE WHEN $by_value THEN k.value END AS value,
    CASE WHEN $by_model THEN k.requested_model END AS model,
    k.tier,
    k.reason,
    CAST(sum(k.requests) AS BIGINT) AS requests,
    max(k.us) // 3600000000 * 3600000000 AS latest
FROM kept AS k
ASOF JOIN days AS d ON k.us >= d.day_start
WHERE k.us < d.day_end
GROUP BY ALL
HAVING sum(k.requests) <> 0
ORDER BY ALL
