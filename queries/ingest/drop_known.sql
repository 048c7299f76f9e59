-- name: ingest/drop_known
-- what: leaves out of folded what another log brought already under the same request id

DELETE FROM folded WHERE request_id IN (
    SELECT l.request_id FROM request_log AS l JOIN folded AS i ON l.request_hash = hash(i.request_id) AND l.request_id = i.request_id
)
