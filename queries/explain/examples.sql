-- name: explain/examples
-- what: the ids of the last requests of an hour that one cause took
-- params: good varchar[], cause_reason varchar, cause_tier varchar, start bigint, end bigint, skip_from bigint[], skip_to bigint[], intent varchar[], traffic_class varchar[], tenant varchar[], feature varchar[], user varchar[], reason varchar[], tier varchar[], intended_tier varchar[], requested_model varchar[], served_model varchar[], provider varchar[]
-- grain: request
-- returns: request_id
-- Times are microseconds since 1970. With no reason, the cause is the tier that served. A filter is null (no filter) or
-- the values that pass; '' stands for none. Ids that we made up for logs without one are no help and are left out.

WITH skip AS (SELECT unnest(CAST($skip_from AS BIGINT[])) AS skip_from, unnest(CAST($skip_to AS BIGINT[])) AS skip_to)
SELECT l.request_id
FROM request_log AS l
JOIN outcomes AS o ON o.outcome_id = l.outcome_id
JOIN outcome_tiers AS t ON t.outcome_id = l.outcome_id
WHERE NOT l.drill AND l.has_id AND l.ts >= make_timestamptz($start) AND l.ts < make_timestamptz($end)
  AND NOT list_contains(CAST($good AS VARCHAR[]), t.tier)
  AND t.reason IS NOT DISTINCT FROM $cause_reason AND ($cause_tier IS NULL OR t.tier = $cause_tier)
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
ORDER BY l.ts DESC, l.request_id
LIMIT 3
