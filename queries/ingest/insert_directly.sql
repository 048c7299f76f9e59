-- name: ingest/insert_directly
-- what: adds a whole file to the store in one pass, where nothing in it needs a second look
-- from: incoming, cleaned requests straight from the file
-- params: batch_id integer, source varchar
-- A row that is bad or has no id of its own gets no time, which the table refuses: the caller then takes the careful way.

INSERT INTO request_log
SELECT
    CASE WHEN bad IS NULL AND has_id THEN ts END AS ts, request_id,
    hash(requested_model, served_model, provider, route, intended_model, logged_tier, logged_intended, cached, reason,
         status, fallback) AS outcome_id,
    tenant, "user", feature, intent, traffic_class,
    CASE WHEN len(attempts) > 1 OR attempts[1].error IS NOT NULL THEN attempts END AS attempts,
    latency_ms, fallback_latency_ms, input_tokens, output_tokens, cost_usd, error, tool_calls, tool_ok,
    agent_override, schema_valid, cache_age_s, prompt_version, drill, has_id, $source, NULL, $batch_id
FROM incoming
WHERE NOT skip
