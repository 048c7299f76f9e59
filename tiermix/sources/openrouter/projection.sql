-- source: openrouter
-- what: generation records of OpenRouter's API; one row a request, with the providers that were tried
--
-- The record names the model that served; what was asked for is known only where a router was named or a provider failed.

SELECT
    file,
    created_at AS ts,
    coalesce(request_id, generation_id, id) AS request_id,
    external_user AS "user",
    -- A model whose provider failed was asked for. Its slug is canonical and may be spelt otherwise than `model`.
    coalesce(router, CASE WHEN provider_responses[1].status >= 400 AND len(provider_responses) > 1
        THEN CASE WHEN provider_responses[1].model_permaslug = provider_responses[-1].model_permaslug THEN model
             ELSE provider_responses[1].model_permaslug END END) AS requested_model,
    model AS served_model,
    provider_name AS provider,
    CASE WHEN response_cache_source_id IS NOT NULL THEN 'true' END AS cached,
    CASE WHEN response_cache_source_id IS NOT NULL THEN 'cache_hit'
         WHEN provider_responses[1].status >= 400 THEN CAST(provider_responses[1].status AS VARCHAR) END AS reason,
    list_transform(provider_responses, lambda r: struct_pack(provider := r.provider_name, model := r.model_permaslug,
        tier := CAST(NULL AS VARCHAR), status_code := r.status,
        error := CASE WHEN r.status >= 400 THEN CAST(r.status AS VARCHAR) END, latency_ms := r.latency)) AS attempts,
    -- Another provider after a failure is a fallback that fired, though the model may be the same; the same one again is a retry.
    CASE WHEN len(provider_responses) > 0 THEN CAST(len(list_distinct(list_transform(provider_responses,
        lambda r: struct_pack(provider := r.provider_name, model := r.model_permaslug)))) > 1 AS VARCHAR) END AS fallback,
    -- Of a stream, latency is the time to its first token; in old records it is all of the time, moderation included.
    CAST(greatest(TRY_CAST(latency AS DOUBLE), coalesce(TRY_CAST(generation_time AS DOUBLE), 0)) AS VARCHAR) AS latency_ms,
    tokens_prompt AS input_tokens,
    tokens_completion AS output_tokens,
    total_cost AS cost_usd,
    CASE WHEN len(provider_responses) > 0 AND provider_responses[-1].status >= 400 THEN 'error' ELSE 'ok' END AS status
FROM records
