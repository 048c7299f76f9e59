-- name: export/by_request
-- what: requests by served tier and minute, for counters, filtered by any dimensions; from single requests
-- params: first_minute bigint, last_minute bigint, skip_from bigint[], skip_to bigint[], intent varchar[], traffic_class varchar[], tenant varchar[], feature varchar[], user varchar[], reason varchar[], tier varchar[], intended_tier varchar[], requested_model varchar[], served_model varchar[], provider varchar[]
-- grain: tier, minute
-- returns: tier, minute, requests
-- Minutes since 1970 before last_minute. All that lies before first_minute is one row of minute first_minute - 1: a counter
-- starts from everything that was counted before. skip_* are maintenance windows in minutes.

WITH skip AS (SELECT unnest(CAST($skip_from AS BIGINT[])) AS skip_from, unnest(CAST($skip_to AS BIGINT[])) AS skip_to),
matching AS (
    SELECT t.tier, epoch_us(l.ts) // 60000000 AS minute
    FROM request_log AS l
    JOIN outcomes AS o ON o.outcome_id = l.outcome_id
    JOIN outcome_tiers AS t ON t.outcome_id = l.outcome_id
    WHERE NOT l.drill
      AND l.ts < make_timestamptz(CAST($last_minute AS BIGINT) * 60000000)
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
)
SELECT
    tier,
    greatest(minute, CAST($first_minute AS BIGINT) - 1) AS minute,
    count(*) AS requests
FROM matching
WHERE NOT EXISTS (SELECT 1 FROM skip WHERE minute >= skip_from AND minute < skip_to)
GROUP BY ALL
ORDER BY ALL
