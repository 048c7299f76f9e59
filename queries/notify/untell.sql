-- name: notify/untell
-- what: forgets what a channel was told of an incident
-- params: kind varchar, subject varchar, channel varchar

DELETE FROM told WHERE kind = $kind AND subject = $subject AND channel = $channel
