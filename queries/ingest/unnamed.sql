-- name: ingest/unnamed
-- what: where the first request stands of every kind of outcome that is not known yet
-- from: placed
-- returns: place

SELECT min(p.place) AS place
FROM placed AS p ANTI JOIN outcomes AS known ON known.outcome_id = p.outcome_id
GROUP BY p.outcome_id
ORDER BY place
