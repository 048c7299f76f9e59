-- name: notify/tell
-- what: keeps what a channel was told of an incident
-- params: kind varchar, subject varchar, channel varchar, severity varchar, told_us bigint, labels varchar

INSERT INTO told
VALUES ($kind, $subject, $channel, $severity, make_timestamptz(CAST($told_us AS BIGINT)), $labels)
