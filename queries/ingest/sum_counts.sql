-- name: ingest/sum_counts
-- what: the requests that were counted as numbers of them, small enough for every further question
-- grain: file, minute, outcome, drill

CREATE OR REPLACE TEMP TABLE counts AS
SELECT
    CAST(slot & 1048575 AS INTEGER) AS file, CAST(slot >> 21 AS INTEGER) AS minute, outcome_id, (slot >> 20) & 1 = 1 AS drill, requests
FROM (SELECT slot, outcome_id, CAST(count(*) AS BIGINT) AS requests FROM counted GROUP BY slot, outcome_id) AS summed
