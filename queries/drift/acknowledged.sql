-- name: drift/acknowledged
-- what: levels that were accepted by hand
-- params:
-- grain: SLO, day
-- returns: slo, day, reason, entered_us
-- Times are microseconds since 1970.

SELECT slo, day, reason, epoch_us(entered) AS entered_us FROM drift_acknowledged ORDER BY day, slo
