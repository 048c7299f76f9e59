-- name: ingest/name_requests
-- what: gives requests without an id one made of their content, and of how many equal lines stood before in their file
-- So the same file read again, or an overlapping one, changes nothing, while equal lines of one file stay apart.
-- In two steps: an update straight from the window takes fifteen times as long.

CREATE OR REPLACE TEMP TABLE named AS
SELECT
    rowid AS r,
    'line:' || digest || ':' || row_number() OVER (PARTITION BY file, digest ORDER BY rowid) AS request_id
FROM staged
WHERE NOT has_id AND bad IS NULL AND NOT skip;

UPDATE staged SET request_id = named.request_id FROM named WHERE staged.rowid = named.r;

DROP TABLE named;
