-- name: drift/by_hour
-- what: good and total requests by day and the largest values of one dimension of the request; from the hourly rollup,
--       and from single requests only for the hours that maintenance cuts
-- params: by varchar, keys integer, good varchar[], day_starts bigint[], first_hour bigint, last_hour bigint, cut_from bigint, cut_to bigint, skip_from bigint[], skip_to bigint[]
-- grain: day, key
-- returns: day_start, place, key, good, total
-- Times are microseconds since 1970. `place` counts keys by their requests, 1 being the largest; 0 is all smaller ones.
-- The days must be whole hours. All maintenance lies in [cut_from, cut_to), so that single requests need not be looked
-- for anywhere else.

WITH days AS (SELECT unnest(CAST($day_starts AS BIGINT[])) AS day_start),
skip AS (SELECT unnest(CAST($skip_from AS BIGINT[])) AS skip_from, unnest(CAST($skip_to AS BIGINT[])) AS skip_to),
cut AS (  -- hours that a maintenance window touches
    SELECT DISTINCT unnest(range(skip_from // 3600000000, (skip_to - 1) // 3600000000 + 1)) AS hour
    FROM skip
    WHERE skip_to > $cut_from AND skip_from < $cut_to
),
counted AS (
    SELECT m.hour * 3600000000::BIGINT AS us, m.value AS key, m.outcome_id, m.requests
    FROM mix_hour AS m
    WHERE m.dim = $by AND m.hour >= $first_hour AND m.hour < $last_hour
      AND m.hour NOT IN (SELECT hour FROM cut)
    UNION ALL
    SELECT
        epoch_us(l.ts) AS us,
        CASE $by WHEN 'intent' THEN l.intent WHEN 'traffic_class' THEN l.traffic_class WHEN 'tenant' THEN l.tenant
                 WHEN 'feature' THEN l.feature END AS key,
        l.outcome_id,
        1 AS requests
    FROM request_log AS l
    WHERE NOT l.drill
      AND l.ts >= make_timestamptz($cut_from) AND l.ts < make_timestamptz($cut_to)
      AND epoch_us(l.ts) // 3600000000 IN (SELECT hour FROM cut)
      AND NOT EXISTS (SELECT 1 FROM skip WHERE epoch_us(l.ts) >= skip_from AND epoch_us(l.ts) < skip_to)
),
kept AS (
    SELECT c.us, c.key, list_contains(CAST($good AS VARCHAR[]), t.tier) AS good, c.requests
    FROM counted AS c
    JOIN outcome_tiers AS t ON t.outcome_id = c.outcome_id
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
