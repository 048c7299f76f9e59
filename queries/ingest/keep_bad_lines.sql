-- name: ingest/keep_bad_lines
-- what: puts bad lines into the quarantine; one that is there already, from an earlier read of the same log, only once
-- params: batch_id integer, path varchar, lines bigint[], offsets bigint[], reasons varchar[], excerpts varchar[], digests varchar[]
-- A log that has grown, or been rotated or packed since, has it at the same line; an equal one elsewhere is another.

INSERT INTO quarantine
SELECT $batch_id, $path, bad.*
FROM (
    SELECT unnest($lines) AS line, unnest($offsets) AS byte_offset, unnest($reasons) AS reason,
        unnest(CAST($excerpts AS VARCHAR[])) AS excerpt, unnest($digests) AS digest
) AS bad
ANTI JOIN quarantine AS known ON known.digest = bad.digest AND known.line = bad.line
