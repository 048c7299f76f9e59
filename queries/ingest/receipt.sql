-- name: ingest/receipt
-- what: per file: lines, bad lines, duplicates, and the first row of the file in staged
-- returns: file, lines, bad, duplicate, first

SELECT s.file, count(*) AS lines, count(s.bad) AS bad, count(d.r) AS duplicate, min(s.rowid) AS first
FROM staged AS s LEFT JOIN dup AS d ON d.r = s.rowid
GROUP BY s.file
