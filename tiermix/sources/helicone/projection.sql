-- source: helicone
-- what: Helicone's request rows; one row a request. Fallbacks are only in a response header, so the rows cannot tell

SELECT
    file,
    request_created_at AS ts,
    request_id,
    request_properties.tenant AS tenant,
    request_user_id AS "user",
    request_properties.feature AS feature,
    request_properties.intent AS intent,
    request_properties.traffic_class AS traffic_class,
    request_model AS requested_model,
    coalesce(answered, CASE WHEN NOT ok THEN request_model END) AS served_model,
    -- The gateway may have answered with another model than was asked for.
    CASE WHEN ok AND answered IS NULL THEN 'unknown' END AS tier,
    provider,
    CASE WHEN nullif(cache_reference_id, '') <> '00000000-0000-0000-0000-000000000000' THEN 'true' END AS cached,
    CASE WHEN nullif(cache_reference_id, '') <> '00000000-0000-0000-0000-000000000000' THEN 'cache_hit' END AS reason,
    delay_ms AS latency_ms,
    prompt_tokens AS input_tokens,
    completion_tokens AS output_tokens,
    coalesce(costUSD, cost) AS cost_usd,
    -- Helicone writes negative or missing codes for requests that were cancelled or never answered.
    CASE WHEN ok THEN 'ok' WHEN response_status <> '' AND TRY_CAST(response_status AS DOUBLE) IS NULL THEN response_status ELSE 'error' END AS status,
    CASE WHEN NOT ok THEN response_status END AS error
FROM (
    SELECT
        *,
        coalesce(TRY_CAST(response_status AS INTEGER) BETWEEN 100 AND 399, false) AS ok,
        coalesce(nullif(response_model, ''), nullif(model_override, '')) AS answered
    FROM records
) AS read
