-- name: trust/cannot_tell
-- what: the sources whose requests of a window do not say which tier was intended, or whether a fallback fired
-- params: first_minute bigint, last_minute bigint
-- grain: source
-- returns: source, intended, fallback
-- A request that says neither what was asked for nor which tier was intended may or may not be a demotion.

SELECT
    b.source,
    CAST(coalesce(sum(l.requests) FILTER (t.intended_tier IS NULL), 0) AS BIGINT) AS intended,
    CAST(coalesce(sum(l.requests) FILTER (o.fallback IS NULL), 0) AS BIGINT) AS fallback
FROM (
    SELECT batch_id, outcome_id, count(*) AS requests
    FROM request_log
    WHERE NOT drill
        AND ts >= make_timestamptz(CAST($first_minute AS BIGINT) * 60000000)
        AND ts < make_timestamptz(CAST($last_minute AS BIGINT) * 60000000)
    GROUP BY batch_id, outcome_id
) AS l
JOIN (SELECT DISTINCT batch_id, source FROM ledger) AS b ON b.batch_id = l.batch_id
JOIN outcomes AS o ON o.outcome_id = l.outcome_id
JOIN outcome_tiers AS t ON t.outcome_id = l.outcome_id
GROUP BY b.source
HAVING sum(l.requests) FILTER (t.intended_tier IS NULL OR o.fallback IS NULL) > 0
ORDER BY b.source
