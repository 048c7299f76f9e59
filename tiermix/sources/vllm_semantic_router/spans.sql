-- source: vllm_semantic_router
-- what: the events of the router's zap log, as far as a request or its answer shows in them

SELECT
    file,
    line,
    request_id AS trace,
    msg AS id,
    coalesce(msg IN ('routing_decision', 'llm_usage', 'router_replay_complete', 'cache_hit'), false) AS telling,
    -- Nothing stands inside of another event.
    true AS leaf,
    ts,
    original_model,
    selected_model,
    decision,
    reason_code,
    model,
    prompt_tokens,
    completion_tokens,
    completion_latency_ms,
    cost,
    currency,
    cache_hit,
    category,
    response_status,
    from_cache
FROM records
