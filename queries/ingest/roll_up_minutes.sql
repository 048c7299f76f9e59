-- name: ingest/roll_up_minutes
-- what: what a batch adds to the minute rollup
-- params: batch_id integer
-- grain: minute, outcome

INSERT INTO mix_minute
SELECT CAST(epoch_us(ts) // 60000000 AS INTEGER) AS minute, outcome_id, count(*) AS requests
FROM request_log
WHERE batch_id = $batch_id AND NOT drill
GROUP BY minute, outcome_id
ORDER BY minute
