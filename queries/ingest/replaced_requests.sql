-- name: ingest/replaced_requests
-- what: the stored requests of the groups that are folded anew, into replaced

CREATE OR REPLACE TEMP TABLE replaced AS
SELECT l.ts, l.outcome_id, l.tenant, l.feature, l.intent, l.traffic_class, l.drill, l.request_id
FROM request_log AS l SEMI JOIN attempts AS a ON l.group_key = a.group_key
