-- name: trust/quarantine
-- what: why lines could not be used, most frequent first, with the latest example of each
-- params:
-- grain: reason
-- returns: reason, lines, path, line, excerpt

SELECT reason, count(*) AS lines, arg_max(path, batch_id) AS path, arg_max(line, batch_id) AS line,
    arg_max(excerpt, batch_id) AS excerpt
FROM quarantine
GROUP BY reason
ORDER BY lines DESC, reason
