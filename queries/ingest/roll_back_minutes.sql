-- name: ingest/roll_back_minutes
-- what: takes the replaced requests out of the minute rollup
-- grain: minute, outcome

INSERT INTO mix_minute
SELECT CAST(epoch_us(ts) // 60000000 AS INTEGER) AS minute, outcome_id, -count(*) AS requests
FROM replaced WHERE NOT drill
GROUP BY minute, outcome_id
