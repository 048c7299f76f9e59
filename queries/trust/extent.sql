-- name: trust/extent
-- what: the first and the last minute that hold a request, drills aside
-- params: latest bigint
-- grain: store
-- returns: first_minute, last_minute, last_believable, future
-- Requests dated after `latest` (minutes since 1970) are counted as future: one wrong clock must not move "now".

SELECT min(minute) AS first_minute, max(minute) AS last_minute, max(minute) FILTER (minute <= $latest) AS last_believable,
    CAST(coalesce(sum(requests) FILTER (minute > $latest), 0) AS BIGINT) AS future
FROM (SELECT minute, sum(requests) AS requests FROM mix_minute GROUP BY minute HAVING sum(requests) > 0) AS held
