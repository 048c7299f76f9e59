-- name: ingest/enter_ledger
-- what: writes down that a file was read, and what became of its lines
-- params: batch_id integer, path varchar, source varchar, bytes bigint, modified_ns bigint, fingerprint varchar, lines bigint, accepted bigint, duplicate bigint, quarantined bigint, now varchar

INSERT INTO ledger VALUES (
    $batch_id, $path, $source, $bytes, $modified_ns, $fingerprint, $lines, $accepted, $duplicate, $quarantined,
    CAST($now AS TIMESTAMPTZ)
)
