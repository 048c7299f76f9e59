-- source: native
-- what: the canonical request under its own names (tiermix schema request); one row a request

SELECT
    file, ts, request_id, tenant, "user", feature, intent, traffic_class,
    tier, intended_tier, requested_model, served_model, provider,
    CASE WHEN cache_age_s IS NOT NULL THEN 'true' END AS cached,
    reason, attempts, fallback, latency_ms, fallback_latency_ms, input_tokens, output_tokens, cost_usd,
    status, error, tool_calls, tool_ok, agent_override, schema_valid, cache_age_s, prompt_version, drill
FROM records
