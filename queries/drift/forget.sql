-- name: drift/forget
-- what: takes back that the level of an SLO is accepted from a day on
-- params: slo varchar, day date

DELETE FROM drift_acknowledged WHERE slo = $slo AND day = $day RETURNING day
