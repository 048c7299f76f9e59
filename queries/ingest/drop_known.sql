-- name: ingest/drop_known
-- what: leaves out of folded what another log, or another group of attempts, brought already under the same request id

DELETE FROM folded WHERE request_id IN (
    SELECT l.request_id FROM request_log AS l
    WHERE l.rowid IN (
        SELECT k.rowid FROM request_log AS k SEMI JOIN folded AS i ON k.request_hash = hash(i.request_id)
    )
)
OR rowid IN (
    SELECT r FROM (SELECT rowid AS r, row_number() OVER (PARTITION BY request_id ORDER BY ts, group_key) AS n FROM folded) AS same
    WHERE n > 1
)
