-- name: trust/unknown_models
-- what: the models of a window that no tier claims, most frequent first
-- params: first_minute bigint, last_minute bigint
-- grain: model
-- returns: model, requests

SELECT coalesce(o.served_model, '(none)') AS model, CAST(sum(m.requests) AS BIGINT) AS requests
FROM mix_minute AS m
JOIN outcomes AS o ON o.outcome_id = m.outcome_id
JOIN outcome_tiers AS t ON t.outcome_id = m.outcome_id
WHERE t.tier = 'unknown' AND m.minute >= $first_minute AND m.minute < $last_minute
GROUP BY model
HAVING sum(m.requests) > 0
ORDER BY requests DESC, model
