-- name: schema/007_spans
-- what: what single records said that are judged together with others of their trace, to be judged again when more arrive

-- span is a JSON object of what the dialect's spans.sql says of a record; nobody can be told from it who is hashed elsewhere.
CREATE TABLE span_log (
    trace_hash UBIGINT NOT NULL,
    span VARCHAR NOT NULL USING COMPRESSION zstd,
    batch_id INTEGER NOT NULL
);
