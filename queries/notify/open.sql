-- name: notify/open
-- what: the incidents that are open, and what each channel was last told of them
-- params:
-- grain: incident, channel
-- returns: kind, subject, started_us, channel, severity, told_us, labels
-- Times are microseconds since 1970; channel is null when nobody has been told.

SELECT i.kind, i.subject, epoch_us(i.started) AS started_us, t.channel, t.severity, epoch_us(t.told_at) AS told_us, t.labels
FROM incident AS i
LEFT JOIN told AS t ON t.kind = i.kind AND t.subject = i.subject
ORDER BY i.started, i.kind, i.subject, t.channel
