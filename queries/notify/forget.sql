-- name: notify/forget
-- what: forgets what channels that are no longer configured were told of an incident
-- params: kind varchar, subject varchar, channels varchar[]

DELETE FROM told WHERE kind = $kind AND subject = $subject AND NOT list_contains($channels, channel)
