-- name: notify/enter
-- what: opens an incident, unless it is open already
-- params: kind varchar, subject varchar, started_us bigint

INSERT INTO incident
SELECT $kind, $subject, make_timestamptz(CAST($started_us AS BIGINT))
WHERE NOT EXISTS (SELECT 1 FROM incident WHERE kind = $kind AND subject = $subject)
