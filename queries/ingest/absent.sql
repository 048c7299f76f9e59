-- name: ingest/absent
-- what: which of the lines at hand, from 0, a batch has not put into the store; null ids are never there
-- from: here, the hashes of the ids of the lines
-- params: batch_id integer
-- returns: nth

SELECT h.rowid - (SELECT min(rowid) FROM here) AS nth
FROM here AS h
ANTI JOIN (SELECT request_hash FROM request_log WHERE batch_id = $batch_id) AS s ON s.request_hash = h.request
ORDER BY h.rowid
