-- name: drift/by_request
-- what: good and total requests by day, perhaps by the largest values of any dimension, filtered by any dimensions; from
--       single requests
-- params: by varchar, keys integer, good varchar[], day_starts bigint[], start bigint, end bigint, skip_from bigint[], skip_to bigint[], intent varchar[], traffic_class varchar[], tenant varchar[], feature varchar[], user varchar[], reason varchar[], tier varchar[], intended_tier varchar[], requested_model varchar[], served_model varchar[], provider varchar[]
-- grain: day, key
-- returns: day_start, place, key, good, total
-- Times are microseconds since 1970. `place` counts keys by their requests, 1 being the largest; 0 is all smaller ones.
-- A filter is null (no filter) or the values that pass; '' stands for none.

WITH days AS (SELECT unnest(CAST($day_starts AS BIGINT[])) AS day_start),
skip AS (SELECT unnest(CAST($skip_from AS BIGINT[])) AS skip_from, unnest(CAST($skip_to AS BIGINT[])) AS skip_to),
kept AS (
    SELECT
        epoch_us(l.ts) AS us,
        CASE $by WHEN 'intent' THEN l.intent WHEN 'traffic_class' THEN l.traffic_class WHEN 'tenant' THEN l.tenant
                 WHEN 'feature' THEN l.feature WHEN 'user' THEN l."user"
                 WHEN 'reason' THEN t.reason WHEN 'tier' THEN t.tier WHEN 'intended_tier' THEN t.intended_tier
                 WHEN 'requested_model' THEN o.requested_model WHEN 'served_model' THEN o.served_model
                 WHEN 'provider' THEN o.provider END AS key,
        list_contains(CAST($good AS VARCHAR[]), t.tier) AS good,
        1 AS requests
    FROM request_log AS l
    JOIN outcomes AS o ON o.outcome_id = l.outcome_id
    JOIN outcome_tiers AS t ON t.outcome_id = l.outcome_id
    WHERE NOT l.drill AND l.ts >= make_timestamptz($start) AND l.ts < make_timestamptz($end)
      AND NOT EXISTS (SELECT 1 FROM skip WHERE epoch_us(l.ts) >= skip_from AND epoch_us(l.ts) < skip_to)
      AND ($intent IS NULL OR list_contains(CAST($intent AS VARCHAR[]), coalesce(l.intent, '')))
      AND ($traffic_class IS NULL OR list_contains(CAST($traffic_class AS VARCHAR[]), coalesce(l.traffic_class, '')))
      AND ($tenant IS NULL OR list_contains(CAST($tenant AS VARCHAR[]), coalesce(l.tenant, '')))
      AND ($feature IS NULL OR list_contains(CAST($feature AS VARCHAR[]), coalesce(l.feature, '')))
      AND ($user IS NULL OR list_contains(CAST($user AS VARCHAR[]), coalesce(l."user", '')))
      AND ($reason IS NULL OR list_contains(CAST($reason AS VARCHAR[]), coalesce(t.reason, '')))
      AND ($tier IS NULL OR list_contains(CAST($tier AS VARCHAR[]), t.tier))
      AND ($intended_tier IS NULL OR list_contains(CAST($intended_tier AS VARCHAR[]), coalesce(t.intended_tier, '')))
      AND ($requested_model IS NULL OR list_contains(CAST($requested_model AS VARCHAR[]), coalesce(o.requested_model, '')))
      AND ($served_model IS NULL OR list_contains(CAST($served_model AS VARCHAR[]), coalesce(o.served_model, '')))
      AND ($provider IS NULL OR list_contains(CAST($provider AS VARCHAR[]), coalesce(o.provider, '')))
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
