-- name: ingest/keep_spans
-- what: keeps the new spans of this batch, to be judged again with later ones of their trace
-- from: noted, the spans of the batch as the store keeps them; earlier, those of the same traces that it has
-- params: batch_id integer
-- A span that tells of no model call may still hold calls together, but not in a trace that has none; and what is a leaf in
-- its trace, such as a query of a database, holds nothing.

INSERT INTO span_log
SELECT hash(n.trace) AS trace_hash, n.span, $batch_id
FROM noted AS n ANTI JOIN earlier AS e ON e.span = n.span
WHERE n.telling
    OR (NOT n.leaf AND n.trace IN (SELECT trace FROM noted WHERE telling UNION ALL SELECT trace FROM earlier))
