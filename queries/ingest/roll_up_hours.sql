-- name: ingest/roll_up_hours
-- what: what a batch adds to the hourly rollup by intent, traffic class, tenant and feature
-- params: batch_id integer
-- grain: hour, dim, value, outcome

INSERT INTO mix_hour
SELECT
    CAST(epoch_us(ts) // 3600000000 AS INTEGER) AS hour,
    CASE WHEN grouping(intent) = 0 THEN 'intent' WHEN grouping(traffic_class) = 0 THEN 'traffic_class'
         WHEN grouping(tenant) = 0 THEN 'tenant' ELSE 'feature' END AS dim,
    CASE WHEN grouping(intent) = 0 THEN intent WHEN grouping(traffic_class) = 0 THEN traffic_class
         WHEN grouping(tenant) = 0 THEN tenant ELSE feature END AS value,
    outcome_id,
    count(*) AS requests
FROM request_log
WHERE batch_id = $batch_id AND NOT drill
GROUP BY GROUPING SETS (
    (hour, outcome_id, intent), (hour, outcome_id, traffic_class), (hour, outcome_id, tenant), (hour, outcome_id, feature)
)
ORDER BY hour
