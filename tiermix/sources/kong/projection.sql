-- source: kong
-- what: Kong's http-log or file-log with the AI proxy's part; one row a request. The targets that were tried are there,
--       why the first ones failed is not

SELECT
    file,
    started_at AS ts,
    request.id AS request_id,
    consumer.username AS tenant,
    route.name AS feature,
    coalesce(ai.proxy.tried_targets[1].model, ai.proxy.meta.request_model) AS requested_model,
    coalesce(ai.proxy.meta.response_model, ai.proxy.meta.request_model) AS served_model,
    ai.proxy.meta.provider_name AS provider,
    CASE WHEN lower(ai.proxy.cache.cache_status) = 'hit' THEN 'true' END AS cached,
    list_transform(ai.proxy.tried_targets, lambda t: struct_pack(provider := t.provider, model := t.model,
        tier := CAST(NULL AS VARCHAR), status_code := CAST(NULL AS INTEGER), error := CAST(NULL AS VARCHAR),
        latency_ms := CAST(NULL AS DOUBLE))) AS attempts,
    -- The same target again is a retry.
    CASE WHEN len(ai.proxy.tried_targets) > 0 THEN CAST(len(list_distinct(ai.proxy.tried_targets)) > 1 AS VARCHAR) END AS fallback,
    latencies.request AS latency_ms,
    ai.proxy.usage.prompt_tokens AS input_tokens,
    ai.proxy.usage.completion_tokens AS output_tokens,
    ai.proxy.usage.cost AS cost_usd,
    response.status AS status,
    CASE WHEN TRY_CAST(response.status AS INTEGER) >= 400 THEN response.status END AS error
FROM records
