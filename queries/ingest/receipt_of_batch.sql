-- name: ingest/receipt_of_batch
-- what: requests that a batch has added
-- params: batch_id integer
-- returns: requests

SELECT count(*) AS requests FROM request_log WHERE batch_id = $batch_id
