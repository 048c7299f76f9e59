-- name: ingest/missing_outcomes
-- what: how many kinds of outcomes of this batch are not known yet
-- params: batch_id integer
-- returns: missing

SELECT count(*) AS missing
FROM (SELECT DISTINCT outcome_id FROM request_log WHERE batch_id = $batch_id) AS used
ANTI JOIN outcomes AS known ON known.outcome_id = used.outcome_id
