-- name: trust/quarantine
-- what: why lines could not be used, most frequent first, with the latest example of each
-- params:
-- grain: reason
-- returns: reason, lines, path, line, excerpt
-- Where in its line a fault shows is left out: lines that are broken alike are one row, not one for every place.

SELECT reason, lines, latest.path, latest.line, latest.excerpt
FROM (
    SELECT regexp_replace(reason, ' at byte [0-9]+', '') AS reason, count(*) AS lines,
        arg_max(struct_pack(path := path, line := line, excerpt := excerpt), batch_id) AS latest
    FROM quarantine
    GROUP BY ALL
) AS faults
ORDER BY lines DESC, reason
