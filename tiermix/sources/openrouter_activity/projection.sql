-- source: openrouter_activity
-- what: OpenRouter's activity CSV; one row a request. It names the served model only: neither what was asked for nor fallbacks

SELECT
    file,
    created_at AS ts,
    generation_id AS request_id,
    nullif(api_key_name, '') AS tenant,
    nullif("user", '') AS "user",
    nullif(app_name, '') AS feature,
    model_permaslug AS served_model,
    provider_name AS provider,
    nullif(generation_time_ms, '') AS latency_ms,
    nullif(tokens_prompt, '') AS input_tokens,
    nullif(tokens_completion, '') AS output_tokens,
    nullif(cost_total, '') AS cost_usd,
    CASE WHEN finish_reason_normalized = 'error' THEN 'error' ELSE 'ok' END AS status
FROM records
