-- name: ingest/insert_requests
-- what: adds the requests of incoming to the store
-- from: incoming, cleaned requests
-- params: batch_id integer
-- A single attempt that succeeded says nothing that the request does not, and is not kept.

INSERT INTO request_log
SELECT
    ts, request_id,
    hash(requested_model, served_model, provider, route, intended_model, logged_tier, logged_intended, cached, reason,
         status, fallback) AS outcome_id,
    tenant, "user", feature, intent, traffic_class,
    CASE WHEN len(attempts) > 1 OR attempts[1].error IS NOT NULL THEN attempts END AS attempts,
    latency_ms, fallback_latency_ms, input_tokens, output_tokens, cost_usd, error, tool_calls, tool_ok,
    agent_override, schema_valid, cache_age_s, prompt_version, drill, has_id, group_key, $batch_id, hash(request_id) AS request_hash,
    CASE WHEN group_key IS NOT NULL THEN hash(group_key) END AS group_hash
FROM incoming
