-- name: ingest/fold_lone
-- what: requests of one attempt each, as ingest/fold_attempts makes them of groups of any size, in a tenth of the time
-- from: lone, attempts that are the only ones of their group
-- grain: request

SELECT
    started AS ts,
    request_id,
    true AS has_id,
    CASE WHEN NOT (ok AND coalesce(fallback, false)) THEN coalesce(requested_model, CASE WHEN NOT ok THEN coalesce(route, model) END)
        END AS requested_model,
    CASE WHEN ok THEN model END AS served_model,
    CASE WHEN ok THEN provider END AS provider,
    CASE WHEN ok THEN route END AS route,
    coalesce(intended_model, CASE WHEN requested_model IS NOT NULL OR NOT ok THEN model END) AS intended_model,
    CAST(NULL AS VARCHAR) AS logged_tier,
    CAST(NULL AS VARCHAR) AS logged_intended,
    ok AND cached AS cached,
    CASE WHEN NOT ok THEN coalesce(error, CAST(status_code AS VARCHAR))
         WHEN fallback THEN NULL
         WHEN cached THEN 'cache_hit'
         ELSE reason END AS reason,
    CASE WHEN ok THEN 'ok' ELSE 'error' END AS status,
    CASE WHEN ok THEN fallback WHEN fallback IS NOT NULL THEN false END AS fallback,
    tenant,
    "user",
    feature,
    intent,
    traffic_class,
    [struct_pack(provider := provider, model := model, tier := CAST(NULL AS VARCHAR), status_code := status_code,
                 error := error, latency_ms := (epoch_us(ended) - epoch_us(started)) / 1e3)] AS attempts,
    (epoch_us(ended) - epoch_us(started)) / 1e3 AS latency_ms,
    CAST(NULL AS DOUBLE) AS fallback_latency_ms,
    CASE WHEN ok THEN input_tokens END AS input_tokens,
    CASE WHEN ok THEN output_tokens END AS output_tokens,
    cost_usd,
    CASE WHEN NOT ok THEN coalesce(error, CAST(status_code AS VARCHAR)) END AS error,
    tool_calls,
    CAST(NULL AS BIGINT) AS tool_ok,
    CAST(NULL AS BOOLEAN) AS agent_override,
    CAST(NULL AS BOOLEAN) AS schema_valid,
    CAST(NULL AS DOUBLE) AS cache_age_s,
    prompt_version,
    drill,
    group_key
FROM lone
