-- source: vllm_semantic_router
-- what: the events of a request (decision, usage, replay) share request_id and are parts of one attempt
--
-- The router chooses and never falls back on an error, so its decision is the whole story: asked for is original_model.

SELECT
    file,
    line,
    CASE WHEN id IS NOT NULL THEN id NOT IN ('routing_decision', 'llm_usage', 'router_replay_complete', 'cache_hit')
        OR trace IS NULL END AS skip,
    trace || '/' || id AS attempt_id,
    'call:' || trace AS group_key,
    false AS split,
    trace AS request_id,
    -- The usage is told when the answer is there.
    coalesce(CASE WHEN id = 'llm_usage' THEN CAST(CAST(epoch_us(TRY_CAST(ts AS TIMESTAMPTZ))
        - TRY_CAST(completion_latency_ms AS DOUBLE) * 1e3 AS BIGINT) AS VARCHAR) END, ts) AS started,
    ts AS ended,
    coalesce(outcome, 200) < 400 AS ok,
    coalesce(nullif(original_model, ''), CASE WHEN id = 'cache_hit' THEN model END) AS requested_model,
    CASE WHEN id = 'cache_hit' THEN NULL ELSE coalesce(selected_model, model) END AS model,
    CASE WHEN id = 'routing_decision' THEN coalesce(nullif(reason_code, ''), decision) END AS reason,
    coalesce(id = 'cache_hit' OR lower(cache_hit) = 'true' OR lower(from_cache) = 'true', false) AS cached,
    false AS fallback,
    response_status AS status_code,
    CASE WHEN outcome >= 400 THEN CAST(outcome AS VARCHAR) END AS error,
    category AS intent,
    prompt_tokens AS input_tokens,
    completion_tokens AS output_tokens,
    -- A model without a price is logged at a cost of 0.
    CASE WHEN coalesce(upper(currency), 'USD') = 'USD' THEN cost END AS cost_usd
FROM (
    -- The decision and the usage do not say how the answer ended; the replay of the same request does.
    SELECT *, CASE WHEN trace IS NULL THEN TRY_CAST(response_status AS INTEGER)
        ELSE max(TRY_CAST(response_status AS INTEGER)) OVER (PARTITION BY trace) END AS outcome
    FROM spans
) AS joined
