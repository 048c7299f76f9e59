-- name: ingest/forget_files
-- what: lets files that could not be read to their end count as not yet ingested
-- params: paths varchar[]

UPDATE ledger SET fingerprint = '' WHERE path IN (SELECT unnest($paths))
