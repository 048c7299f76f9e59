-- name: ingest/touched_rows
-- what: where the attempts and requests of touched groups may stand, into touched_rows and replaced_rows
-- from: touched
-- Found by number alone, so that of the whole store only numbers are read; equal numbers of different groups are told
-- apart by the queries that follow.

CREATE OR REPLACE TEMP TABLE touched_rows AS
SELECT a.rowid AS r FROM attempt_log AS a SEMI JOIN touched AS t ON a.group_hash = t.group_hash;
CREATE OR REPLACE TEMP TABLE replaced_rows AS
SELECT l.rowid AS r FROM request_log AS l SEMI JOIN touched AS t ON l.group_hash = t.group_hash
