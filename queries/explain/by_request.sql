-- name: explain/by_request
-- what: requests by day, up to two dimensions, served tier and reason, filtered by any dimensions; from single requests
-- params: by varchar, then_by varchar, day_starts bigint[], day_ends bigint[], start bigint, end bigint, skip_from bigint[], skip_to bigint[], intent varchar[], traffic_class varchar[], tenant varchar[], feature varchar[], user varchar[], reason varchar[], tier varchar[], intended_tier varchar[], requested_model varchar[], served_model varchar[], provider varchar[]
-- grain: day, value, inner_value, tier, reason
-- returns: day_start, value, inner_value, tier, reason, requests, latest
-- Times are microseconds since 1970; days are [day_starts[i], day_ends[i]). A filter is null (no filter) or the values
-- that pass; '' stands for none. latest is the start of the last hour with such requests.

WITH days AS (
    SELECT unnest(CAST($day_starts AS BIGINT[])) AS day_start, unnest(CAST($day_ends AS BIGINT[])) AS day_end
),
skip AS (SELECT unnest(CAST($skip_from AS BIGINT[])) AS skip_from, unnest(CAST($skip_to AS BIGINT[])) AS skip_to),
kept AS (
    SELECT
        epoch_us(l.ts) AS us,
        CASE $by WHEN 'intent' THEN l.intent WHEN 'traffic_class' THEN l.traffic_class WHEN 'tenant' THEN l.tenant
                 WHEN 'feature' THEN l.feature WHEN 'user' THEN l."user"
                 WHEN 'requested_model' THEN o.requested_model END AS value,
        CASE $then_by WHEN 'intent' THEN l.intent WHEN 'traffic_class' THEN l.traffic_class WHEN 'tenant' THEN l.tenant
                      WHEN 'feature' THEN l.feature WHEN 'user' THEN l."user"
                      WHEN 'requested_model' THEN o.requested_model END AS inner_value,
        t.tier,
        t.reason
    FROM request_log AS l
    JOIN outcomes AS o ON o.outcome_id = l.outcome_id
    JOIN outcome_tiers AS t ON t.outcome_id = l.outcome_id
    WHERE NOT l.drill AND l.ts >= make_timestamptz($start) AND l.ts < make_timestamptz($end)
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
    d.day_start,
    k.value,
    k.inner_value,
    k.tier,
    k.reason,
    count(*) AS requests,
    max(k.us) // 3600000000 * 3600000000 AS latest
FROM kept AS k
ASOF JOIN days AS d ON k.us >= d.day_start
WHERE k.us < d.day_end AND NOT EXISTS (SELECT 1 FROM skip WHERE k.us >= skip_from AND k.us < skip_to)
GROUP BY ALL
ORDER BY ALL
