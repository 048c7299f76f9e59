-- name: notify/close
-- what: closes an incident that has passed, unless a channel was told of it and does not know that yet
-- params: kind varchar, subject varchar

DELETE FROM incident
WHERE kind = $kind AND subject = $subject
    AND NOT EXISTS (SELECT 1 FROM told AS t WHERE t.kind = $kind AND t.subject = $subject)
