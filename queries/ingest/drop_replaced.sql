-- name: ingest/drop_replaced
-- what: removes the requests that are folded anew

DELETE FROM request_log WHERE group_key IN (SELECT DISTINCT group_key FROM attempts)
