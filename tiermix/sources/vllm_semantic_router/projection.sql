-- source: vllm_semantic_router
-- what: the router's zap log; the events of a request (decision, usage, replay) share request_id and are parts of one attempt
--
-- The router chooses and never falls back on an error, so its decision is the whole story: asked for is original_model.

SELECT
    file,
    CASE WHEN msg IS NOT NULL THEN msg NOT IN ('routing_decision', 'llm_usage', 'router_replay_complete') END AS skip,
    request_id || '/' || msg AS attempt_id,
    'call:' || request_id AS group_key,
    false AS split,
    request_id,
    ts AS started,
    completion_latency_ms AS latency_ms,
    coalesce(TRY_CAST(response_status AS INTEGER), 200) < 400 AS ok,
    nullif(original_model, '') AS requested_model,
    coalesce(selected_model, model) AS model,
    CASE WHEN msg = 'routing_decision' THEN coalesce(nullif(reason_code, ''), decision) END AS reason,
    coalesce(lower(cache_hit) = 'true' OR lower(from_cache) = 'true', false) AS cached,
    false AS fallback,
    response_status AS status_code,
    CASE WHEN TRY_CAST(response_status AS INTEGER) >= 400 THEN response_status END AS error,
    category AS intent,
    prompt_tokens AS input_tokens,
    completion_tokens AS output_tokens,
    cost AS cost_usd
FROM records
