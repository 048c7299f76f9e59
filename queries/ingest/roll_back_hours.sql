-- name: ingest/roll_back_hours
-- what: takes the replaced requests out of the hourly rollup
-- grain: hour, dim, value, outcome

INSERT INTO mix_hour
SELECT CAST(epoch_us(ts) // 3600000000 AS INTEGER) AS hour, d.dim, d.value, outcome_id, -count(*) AS requests
FROM replaced,
    LATERAL (VALUES ('intent', intent), ('traffic_class', traffic_class), ('tenant', tenant), ('feature', feature)) AS d(dim, value)
WHERE NOT drill
GROUP BY hour, d.dim, d.value, outcome_id
