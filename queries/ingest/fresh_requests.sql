-- name: ingest/fresh_requests
-- what: the requests of this batch that are new, as incoming

CREATE OR REPLACE TEMP VIEW incoming AS
SELECT s.* EXCLUDE (file, line, skip, digest, bad), CAST(NULL AS VARCHAR) AS group_key
FROM staged AS s ANTI JOIN dup AS d ON d.r = s.rowid
WHERE s.bad IS NULL AND NOT s.skip
