-- name: ingest/drop_replaced
-- what: removes the requests that are folded anew
-- from: touched and replaced_rows

DELETE FROM request_log
WHERE rowid IN (SELECT r FROM replaced_rows) AND group_key IN (SELECT group_key FROM touched)
