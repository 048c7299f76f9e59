-- name: ingest/receipt_of_lines
-- what: as ingest/receipt, for a source whose lines hold several rows each: a line is a duplicate when all its rows are
-- Rows without a file are of an earlier ingest.
-- returns: file, lines, bad, duplicate, first

SELECT file, count(*) AS lines, count(*) FILTER (bad) AS bad, count(*) FILTER (NOT bad AND known AND fresh = 0) AS duplicate,
    min(line) AS first
FROM (
    SELECT
        s.file,
        s.line,
        bool_or(s.bad IS NOT NULL) AS bad,
        bool_or(d.r IS NOT NULL) AS known,
        count(*) FILTER (s.bad IS NULL AND NOT s.skip AND d.r IS NULL) AS fresh
    FROM staged AS s LEFT JOIN dup AS d ON d.r = s.rowid
    WHERE s.file IS NOT NULL
    GROUP BY s.file, s.line
) AS lines
GROUP BY file
