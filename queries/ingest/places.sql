-- name: ingest/places
-- what: where some lines of a file stand among the requests of a batch, by place
-- from: placed; firsts, the hashes of the ids of the lines
-- returns: nth line, from 0, and place

SELECT f.rowid - (SELECT min(rowid) FROM firsts) AS nth, p.place
FROM firsts AS f JOIN placed AS p ON p.request = f.request
ORDER BY p.place
