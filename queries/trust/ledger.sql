-- name: trust/ledger
-- what: what all ingests brought, by source
-- params:
-- grain: source
-- returns: source, files, lines, accepted, duplicate, quarantined

SELECT source, count(DISTINCT path) AS files, CAST(sum(lines) AS BIGINT) AS lines, CAST(sum(accepted) AS BIGINT) AS accepted,
    CAST(sum(duplicate) AS BIGINT) AS duplicate, CAST(sum(quarantined) AS BIGINT) AS quarantined
FROM ledger
GROUP BY source
ORDER BY source
