-- name: drift/acknowledge
-- what: accepts the level of an SLO from a day on
-- params: slo varchar, day date, reason varchar, entered_us bigint

INSERT INTO drift_acknowledged
SELECT $slo, $day, $reason, make_timestamptz(CAST($entered_us AS BIGINT))
