-- name: ingest/touched_again
-- what: adds to touched the groups that attempts stood in before they were judged again
-- from: reread, touched

INSERT INTO touched SELECT DISTINCT r.group_key, r.group_hash FROM reread AS r ANTI JOIN touched AS t ON t.group_key = r.group_key
