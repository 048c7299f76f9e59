-- name: ingest/replaced_requests
-- what: the stored requests of the groups that are folded anew, into replaced
-- from: touched and replaced_rows

CREATE OR REPLACE TEMP TABLE replaced AS
SELECT l.ts, l.outcome_id, l.tenant, l.feature, l.intent, l.traffic_class, l.drill, l.request_id
FROM request_log AS l
WHERE l.rowid IN (SELECT r FROM replaced_rows) AND l.group_key IN (SELECT group_key FROM touched)
