-- source: cloudflare
-- what: records of Cloudflare's AI Gateway Logs API; one row a request. Step 0 of the gateway's list was asked for; a later
--       step served after a fallback, and the record does not say from what

SELECT
    file,
    created_at AS ts,
    id AS request_id,
    coalesce(json_extract_string(about, '$.tenant'), json_extract_string(about, '$.team')) AS tenant,
    coalesce(json_extract_string(about, '$.user'), json_extract_string(about, '$.user_id')) AS "user",
    json_extract_string(about, '$.feature') AS feature,
    json_extract_string(about, '$.intent') AS intent,
    json_extract_string(about, '$.traffic_class') AS traffic_class,
    CASE WHEN TRY_CAST(step AS INTEGER) = 0 THEN model END AS requested_model,
    model AS served_model,
    provider,
    CASE WHEN lower(cached) = 'true' THEN 'true' END AS cached,
    CASE WHEN lower(cached) = 'true' THEN 'cache_hit' END AS reason,
    CASE WHEN TRY_CAST(step AS INTEGER) IS NOT NULL THEN CAST(TRY_CAST(step AS INTEGER) > 0 AS VARCHAR) END AS fallback,
    duration AS latency_ms,
    tokens_in AS input_tokens,
    tokens_out AS output_tokens,
    cost AS cost_usd,
    CASE WHEN lower(success) = 'false' THEN 'error' ELSE coalesce(status_code, CASE WHEN lower(success) = 'true' THEN 'ok' ELSE '' END) END AS status,
    CASE WHEN lower(success) = 'false' THEN coalesce(status_code, 'error') END AS error
FROM (SELECT *, TRY_CAST(metadata AS JSON) AS about FROM records) AS read
