-- name: ingest/fresh_requests
-- what: the requests of this batch that are new, into incoming
-- params: source varchar

CREATE OR REPLACE TEMP TABLE incoming AS
SELECT s.* EXCLUDE (file, line, skip, digest, bad), CAST($source AS VARCHAR) AS source, CAST(NULL AS VARCHAR) AS group_key
FROM staged AS s ANTI JOIN dup AS d ON d.r = s.rowid
WHERE s.bad IS NULL AND NOT s.skip
