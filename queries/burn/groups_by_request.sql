-- name: burn/groups_by_request
-- what: good and total requests of several windows by any dimension, filtered by any; from single requests
-- params: by varchar, starts bigint[], ends bigint[], good varchar[], skip_from bigint[], skip_to bigint[], intent varchar[], traffic_class varchar[], tenant varchar[], feature varchar[], user varchar[], reason varchar[], tier varchar[], intended_tier varchar[], requested_model varchar[], served_model varchar[], provider varchar[]
-- grain: key, window
-- returns: key, nth, good, total
-- Window i is [starts[i], ends[i]) in microseconds since 1970; skip_* are maintenance windows, likewise.

WITH spans AS (
    SELECT unnest(CAST($starts AS BIGINT[])) AS start_us, unnest(CAST($ends AS BIGINT[])) AS end_us,
        generate_subscripts(CAST($starts AS BIGINT[]), 1) AS nth
),
skip AS (SELECT unnest(CAST($skip_from AS BIGINT[])) AS skip_from, unnest(CAST($skip_to AS BIGINT[])) AS skip_to),
edges AS (SELECT start_us AS us FROM spans UNION SELECT end_us FROM spans),
matching AS (
    SELECT
        epoch_us(l.ts) AS us,
        CASE $by WHEN 'intent' THEN l.intent WHEN 'traffic_class' THEN l.traffic_class WHEN 'tenant' THEN l.tenant
                 WHEN 'feature' THEN l.feature WHEN 'user' THEN l."user"
                 WHEN 'reason' THEN t.reason WHEN 'tier' THEN t.tier WHEN 'intended_tier' THEN t.intended_tier
                 WHEN 'requested_model' THEN o.requested_model WHEN 'served_model' THEN o.served_model
                 WHEN 'provider' THEN o.provider END AS key,
        list_contains(CAST($good AS VARCHAR[]), t.tier) AS good
    FROM request_log AS l
    JOIN outcomes AS o ON o.outcome_id = l.outcome_id
    JOIN outcome_tiers AS t ON t.outcome_id = l.outcome_id
    WHERE NOT l.drill
      AND l.ts >= make_timestamptz(list_min(CAST($starts AS BIGINT[])))
      AND l.ts < make_timestamptz(list_max(CAST($ends AS BIGINT[])))
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
pieces AS (
    SELECT e.us, m.key, count(*) AS total, count(*) FILTER (m.good) AS good
    FROM matching AS m ASOF JOIN edges AS e ON m.us >= e.us
    WHERE NOT EXISTS (SELECT 1 FROM skip WHERE m.us >= skip_from AND m.us < skip_to)
    GROUP BY e.us, m.key
)
SELECT p.key, s.nth, CAST(sum(p.good) AS BIGINT) AS good, CAST(sum(p.total) AS BIGINT) AS total
FROM spans AS s
JOIN pieces AS p ON p.us >= s.start_us AND p.us < s.end_us
GROUP BY p.key, s.nth
ORDER BY p.key, s.nth
