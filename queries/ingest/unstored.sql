-- name: ingest/unstored
-- what: the lines of a file, from 0 and in their order, that a batch did not put into the store
-- from: read_ids, the hash of the id of each line in the order of the file
-- params: batch_id integer, first bigint, most bigint
-- returns: nth

SELECT r.rowid - $first AS nth
FROM read_ids AS r
ANTI JOIN (SELECT request_hash FROM request_log WHERE batch_id = $batch_id) AS stored ON stored.request_hash = r.request
ORDER BY nth
LIMIT $most
