-- name: spark/first_attempts
-- what: of the cleaned attempts those that count, each once: the first of its id, files in the order of their names
-- from: staged, cleaned attempts
-- For an engine without a store to look into.

SELECT *
FROM (
    SELECT *, row_number() OVER (PARTITION BY attempt_id ORDER BY file, line) AS copy
    FROM staged WHERE bad IS NULL AND NOT skip
) AS seen
WHERE copy = 1
