-- name: ingest/stored_apart
-- what: how far apart in the store the first lines of two stretches of a file are, in their order; null when one of them is
-- not there
-- from: firsts, the hash of the id of the first line of each stretch
-- params: batch_id integer
-- returns: rows

SELECT lead(s.place) OVER (ORDER BY f.rowid) - s.place AS rows
FROM firsts AS f
LEFT JOIN (SELECT request_hash, rowid AS place FROM request_log WHERE batch_id = $batch_id) AS s ON s.request_hash = f.request
ORDER BY f.rowid
