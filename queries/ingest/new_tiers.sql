-- name: ingest/new_tiers
-- what: keeps the kinds of outcomes that ingest/count_tiers tells apart, each with nothing but what decides its tier
-- from: incoming, cleaned requests

INSERT INTO outcomes BY NAME
SELECT fresh.*
FROM (
    SELECT DISTINCT
        hash(logged_tier, logged_intended, fallback) AS outcome_id, logged_tier, logged_intended, fallback,
        false AS cached, 'ok' AS status
    FROM incoming
) AS fresh
ANTI JOIN outcomes AS known ON known.outcome_id = fresh.outcome_id
