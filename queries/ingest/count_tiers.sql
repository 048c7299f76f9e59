-- name: ingest/count_tiers
-- what: as ingest/count_requests, of requests whose tier the log names; one of another kind gets no minute
-- from: incoming, cleaned requests
-- params: files varchar[]
-- Most of what a line costs is the fields that are taken out of it, so no other field is looked at than these.

INSERT INTO counted
SELECT
    CASE WHEN uncounted IS NULL AND has_id AND logged_tier IS NOT NULL THEN slot(ts, drill, list_position($files, file)) END AS slot,
    hash(logged_tier, logged_intended, fallback) AS outcome_id,
    hash(request_id) AS request
FROM incoming
