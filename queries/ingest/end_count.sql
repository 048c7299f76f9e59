-- name: ingest/end_count
-- what: makes the minute rollup of the requests that were counted
-- grain: minute, outcome

INSERT INTO mix_minute
SELECT minute, outcome_id, sum(requests) AS requests FROM counts WHERE NOT drill
GROUP BY minute, outcome_id
ORDER BY minute
