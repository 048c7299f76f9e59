-- name: spark/first_requests
-- what: of the cleaned requests those that count, each once: the first of its id, files in the order of their names
-- from: staged, cleaned requests
-- For an engine without a store to look into. Requests without an id are named as by ingest/name_requests: by their
-- content, and by how many equal lines stood before in their file. The first window spreads the rows by name, and so serves
-- the other two as well.

SELECT * REPLACE (CASE WHEN has_id THEN name ELSE name || ':' || nth END AS request_id)
FROM (
    SELECT *, row_number() OVER (PARTITION BY name, nth ORDER BY file) AS copy_of_line
    FROM (
        SELECT *, row_number() OVER (PARTITION BY name, file ORDER BY line) AS nth
        FROM (
            SELECT *, row_number() OVER (PARTITION BY name ORDER BY file, line) AS copy
            FROM (SELECT *, coalesce(request_id, 'line:' || digest) AS name FROM staged WHERE bad IS NULL AND NOT skip) AS named
        ) AS seen
    ) AS counted
) AS told_apart
WHERE CASE WHEN has_id THEN copy ELSE copy_of_line END = 1
