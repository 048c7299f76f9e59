-- name: ingest/insert_requests
-- what: adds the requests of incoming to the store
-- params: batch_id integer

INSERT INTO request_log
SELECT
    i.ts, i.request_id, o.outcome_id, i.tenant, i."user", i.feature, i.intent, i.traffic_class, i.attempts,
    i.latency_ms, i.fallback_latency_ms, i.input_tokens, i.output_tokens, i.cost_usd, i.error, i.tool_calls, i.tool_ok,
    i.agent_override, i.schema_valid, i.cache_age_s, i.prompt_version, i.drill, i.has_id, i.source, i.group_key, $batch_id
FROM incoming AS i
JOIN outcomes AS o
  ON o.requested_model IS NOT DISTINCT FROM i.requested_model
 AND o.served_model IS NOT DISTINCT FROM i.served_model
 AND o.provider IS NOT DISTINCT FROM i.provider
 AND o.route IS NOT DISTINCT FROM i.route
 AND o.intended_model IS NOT DISTINCT FROM i.intended_model
 AND o.logged_tier IS NOT DISTINCT FROM i.logged_tier
 AND o.logged_intended IS NOT DISTINCT FROM i.logged_intended
 AND o.cached = i.cached
 AND o.reason IS NOT DISTINCT FROM i.reason
 AND o.status = i.status
 AND o.fallback IS NOT DISTINCT FROM i.fallback
