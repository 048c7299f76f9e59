-- name: ingest/keep_bad_lines
-- what: puts bad lines into the quarantine; one that is there already, from another read of the same log, only once
-- params: batch_id integer, path varchar, lines bigint[], offsets bigint[], reasons varchar[], excerpts varchar[], digests varchar[]
-- All equal lines of one file are kept, however many calls it takes to enter them.

INSERT INTO quarantine
SELECT $batch_id, $path, bad.*
FROM (
    SELECT unnest($lines) AS line, unnest($offsets) AS byte_offset, unnest($reasons) AS reason,
        unnest(CAST($excerpts AS VARCHAR[])) AS excerpt, unnest($digests) AS digest
) AS bad
WHERE bad.digest NOT IN (SELECT digest FROM quarantine WHERE batch_id <> $batch_id OR path <> $path)
