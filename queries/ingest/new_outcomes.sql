-- name: ingest/new_outcomes
-- what: numbers the kinds of outcomes that this batch brings for the first time

INSERT INTO outcomes
SELECT (SELECT coalesce(max(outcome_id), 0) FROM outcomes) + CAST(row_number() OVER (
    ORDER BY requested_model, served_model, provider, route, intended_model, logged_tier, logged_intended, cached, reason,
        status, fallback) AS INTEGER), fresh.*
FROM (
    SELECT DISTINCT requested_model, served_model, provider, route, intended_model, logged_tier, logged_intended,
        cached, reason, status, fallback
    FROM incoming
    EXCEPT
    SELECT requested_model, served_model, provider, route, intended_model, logged_tier, logged_intended,
        cached, reason, status, fallback
    FROM outcomes
) AS fresh
