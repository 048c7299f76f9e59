-- name: trust/window
-- what: how complete a window is
-- params: first_minute bigint, last_minute bigint
-- grain: window
-- returns: minutes_with_requests, drills, without_id
-- [first_minute, last_minute) in minutes since 1970.

SELECT
    (SELECT count(*) FROM (
        SELECT minute FROM mix_minute WHERE minute >= $first_minute AND minute < $last_minute
        GROUP BY minute HAVING sum(requests) > 0
    ) AS held) AS minutes_with_requests,
    count(*) FILTER (drill) AS drills,
    count(*) FILTER (NOT has_id) AS without_id
FROM request_log
WHERE ts >= make_timestamptz(CAST($first_minute AS BIGINT) * 60000000) AND ts < make_timestamptz(CAST($last_minute AS BIGINT) * 60000000)
