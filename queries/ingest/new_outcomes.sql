-- name: ingest/new_outcomes
-- what: keeps the kinds of outcomes that this batch brings for the first time
-- from: incoming, cleaned requests
-- An outcome is known by the hash of its content. Should another DuckDB hash differently one day, the same content gets a
-- second row with another id, and every sum stays right.

INSERT INTO outcomes
SELECT fresh.*
FROM (
    SELECT DISTINCT
        hash(requested_model, served_model, provider, route, intended_model, logged_tier, logged_intended, cached, reason,
             status, fallback) AS outcome_id,
        requested_model, served_model, provider, route, intended_model, logged_tier, logged_intended, cached, reason, status,
        fallback
    FROM incoming
) AS fresh
ANTI JOIN outcomes AS known ON known.outcome_id = fresh.outcome_id
