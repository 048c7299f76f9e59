-- name: ingest/drop_reread
-- what: removes the attempts that are judged again
-- from: reread

DELETE FROM attempt_log WHERE rowid IN (SELECT r FROM reread)
