-- name: ingest/name_requests
-- what: gives requests without an id one made of their content, and of how many equal lines stood before in their file
-- So the same file read again, or an overlapping one, changes nothing, while equal lines of one file stay apart.

UPDATE staged SET request_id = 'line:' || numbered.digest || ':' || numbered.nth
FROM (
    SELECT rowid AS r, digest, row_number() OVER (PARTITION BY file, digest ORDER BY rowid) AS nth
    FROM staged WHERE NOT has_id AND bad IS NULL AND NOT skip
) AS numbered
WHERE staged.rowid = numbered.r
