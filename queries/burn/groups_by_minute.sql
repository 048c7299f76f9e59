-- name: burn/groups_by_minute
-- what: good and total requests of several windows by a dimension of the outcome; from the minute rollup
-- params: by varchar, starts bigint[], ends bigint[], good varchar[], skip_from bigint[], skip_to bigint[]
-- grain: key, window
-- returns: key, nth, good, total
-- Window i is [starts[i], ends[i]) in minutes since 1970; skip_* are maintenance windows, likewise.

WITH spans AS (
    SELECT unnest(CAST($starts AS BIGINT[])) AS first_minute, unnest(CAST($ends AS BIGINT[])) AS last_minute,
        generate_subscripts(CAST($starts AS BIGINT[]), 1) AS nth
),
skip AS (SELECT unnest(CAST($skip_from AS BIGINT[])) AS skip_from, unnest(CAST($skip_to AS BIGINT[])) AS skip_to),
minutes AS (
    SELECT
        m.minute,
        CASE $by WHEN 'reason' THEN t.reason
                 WHEN 'tier' THEN t.tier WHEN 'intended_tier' THEN t.intended_tier
                 WHEN 'requested_model' THEN o.requested_model WHEN 'served_model' THEN o.served_model
                 WHEN 'provider' THEN o.provider END AS key,
        sum(m.requests) AS total,
        coalesce(sum(m.requests) FILTER (list_contains(CAST($good AS VARCHAR[]), t.tier)), 0) AS good
    FROM mix_minute AS m
    JOIN outcomes AS o ON o.outcome_id = m.outcome_id
    JOIN outcome_tiers AS t ON t.outcome_id = m.outcome_id
    WHERE m.minute >= list_min(CAST($starts AS BIGINT[])) AND m.minute < list_max(CAST($ends AS BIGINT[]))
      AND NOT EXISTS (SELECT 1 FROM skip WHERE m.minute >= skip_from AND m.minute < skip_to)
    GROUP BY ALL
)
SELECT m.key, s.nth, CAST(sum(m.good) AS BIGINT) AS good, CAST(sum(m.total) AS BIGINT) AS total
FROM spans AS s
JOIN minutes AS m ON m.minute >= s.first_minute AND m.minute < s.last_minute
GROUP BY m.key, s.nth
HAVING sum(m.total) <> 0
ORDER BY m.key, s.nth
