-- name: ingest/sum_counts
-- what: the requests that were counted as numbers of them, small enough for every further question
-- grain: file, minute, outcome, drill

CREATE OR REPLACE TEMP TABLE counts AS
SELECT file, minute, outcome_id, drill, CAST(count(*) AS BIGINT) AS requests FROM counted GROUP BY ALL
