-- source: kong
-- what: Kong's http-log or file-log with the AI proxy's part; one row a request. The targets that were tried are there,
--       why the first ones failed is not
--
-- A gateway logs every request; those that went to no model, which have no part of the AI proxy, are skipped.

SELECT
    file,
    started_at IS NOT NULL AND asked IS NULL AND answered IS NULL AND provider_name IS NULL AND len(coalesce(targets, [])) = 0 AS skip,
    started_at AS ts,
    request.id AS request_id,
    consumer.username AS tenant,
    route.name AS feature,
    coalesce(targets[1].model, nullif(asked, 'UNSPECIFIED')) AS requested_model,
    -- Some kinds of calls are logged without their model; then the target is all that is known of it.
    coalesce(nullif(answered, 'UNSPECIFIED'), targets[-1].model, nullif(asked, 'UNSPECIFIED'), targets[-1].provider,
        nullif(provider_name, 'UNSPECIFIED')) AS served_model,
    coalesce(nullif(provider_name, 'UNSPECIFIED'), targets[-1].provider) AS provider,
    CASE WHEN lower(cache_status) = 'hit' THEN 'true' END AS cached,
    CASE WHEN lower(cache_status) = 'hit' THEN 'cache_hit' END AS reason,
    list_transform(targets, lambda t: struct_pack(provider := t.provider, model := t.model,
        tier := CAST(NULL AS VARCHAR), status_code := CAST(NULL AS INTEGER), error := CAST(NULL AS VARCHAR),
        latency_ms := CAST(NULL AS DOUBLE))) AS attempts,
    -- The same target again is a retry.
    CASE WHEN len(targets) > 0 THEN CAST(len(list_distinct(targets)) > 1 AS VARCHAR) END AS fallback,
    latencies.request AS latency_ms,
    tokens_in AS input_tokens,
    tokens_out AS output_tokens,
    price AS cost_usd,
    coalesce(response.status, '') AS status,
    CASE WHEN TRY_CAST(response.status AS INTEGER) >= 400 THEN response.status END AS error
FROM (
    SELECT
        *,
        coalesce(ai.proxy.meta.request_model, ai."ai-proxy-advanced".meta.request_model, ai."ai-proxy".meta.request_model) AS asked,
        coalesce(ai.proxy.meta.response_model, ai."ai-proxy-advanced".meta.response_model, ai."ai-proxy".meta.response_model)
            AS answered,
        coalesce(ai.proxy.meta.provider_name, ai."ai-proxy-advanced".meta.provider_name, ai."ai-proxy".meta.provider_name)
            AS provider_name,
        coalesce(ai.proxy.tried_targets, ai."ai-proxy-advanced".tried_targets) AS targets,
        coalesce(ai.proxy.cache.cache_status, ai."ai-proxy-advanced".cache.cache_status, ai."ai-proxy".cache.cache_status)
            AS cache_status,
        coalesce(ai.proxy.usage.prompt_tokens, ai."ai-proxy-advanced".usage.prompt_tokens,
            ai."ai-proxy-advanced".usage.prompt_token, ai."ai-proxy".usage.prompt_tokens, ai."ai-proxy".usage.prompt_token)
            AS tokens_in,
        coalesce(ai.proxy.usage.completion_tokens, ai."ai-proxy-advanced".usage.completion_tokens,
            ai."ai-proxy-advanced".usage.completion_token, ai."ai-proxy".usage.completion_tokens,
            ai."ai-proxy".usage.completion_token) AS tokens_out,
        coalesce(ai.proxy.usage.cost, ai."ai-proxy-advanced".usage.cost, ai."ai-proxy".usage.cost) AS price
    FROM records
) AS located
