-- name: ingest/count_requests
-- what: notes of each request of incoming only what its count needs; one that is bad or has no id gets no minute
-- from: incoming, cleaned requests
-- params: files varchar[]
-- The id is noted as its hash: equal hashes of different ids only make the careful way follow.

INSERT INTO counted
SELECT
    CASE WHEN bad IS NULL AND has_id THEN slot(ts, drill, list_position($files, file)) END AS slot,
    hash(requested_model, served_model, provider, route, intended_model, logged_tier, logged_intended, cached, reason,
         status, fallback) AS outcome_id,
    hash(request_id) AS request
FROM incoming
