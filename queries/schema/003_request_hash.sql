-- name: schema/003_request_hash
-- what: a number beside each request id, so that whether a request is here already is asked of numbers and not of texts

ALTER TABLE request_log ADD COLUMN request_hash UBIGINT;
