-- name: ingest/missing_counted_outcomes
-- what: how many kinds of outcomes of the counted requests are not known yet
-- returns: missing

SELECT count(*) AS missing
FROM (SELECT DISTINCT outcome_id FROM counts) AS used
ANTI JOIN outcomes AS known ON known.outcome_id = used.outcome_id
