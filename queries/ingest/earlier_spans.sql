-- name: ingest/earlier_spans
-- what: the spans in the store of the traces that this batch tells of, into earlier
-- from: gathered, the spans of the batch

CREATE OR REPLACE TEMP TABLE earlier AS
SELECT l.span, json_extract_string(l.span, '$.trace') AS trace
FROM span_log AS l
WHERE l.rowid IN (SELECT k.rowid FROM span_log AS k SEMI JOIN gathered AS g ON k.trace_hash = hash(g.trace))
    AND json_extract_string(l.span, '$.trace') IN (SELECT trace FROM gathered)
