-- name: ingest/fresh_attempts
-- what: adds the new attempts of this batch to the store
-- params: batch_id integer

INSERT INTO attempt_log
SELECT
    s.attempt_id, s.group_key, s.split, s.request_id, s.started, s.ended, s.ok, s.stream, s.first,
    s.requested_model, s.route, s.model, s.provider,
    s.intended_model, s.reason, s.cached, s.fallback, s.status_code, s.error, s.tenant, s."user", s.feature, s.intent,
    s.traffic_class, s.input_tokens, s.output_tokens, s.cost_usd, s.tool_calls, s.prompt_version, s.drill, $batch_id,
    hash(s.attempt_id) AS attempt_hash, hash(s.group_key) AS group_hash
FROM staged AS s ANTI JOIN dup AS d ON d.r = s.rowid
WHERE s.bad IS NULL AND NOT s.skip
