-- name: ingest/drop_known
-- what: leaves out of incoming what another log brought already under the same request id

DELETE FROM incoming WHERE request_id IN (
    SELECT l.request_id FROM request_log AS l JOIN incoming AS i ON l.request_id = i.request_id
)
