-- source: envoy
-- what: Envoy AI Gateway's access log with the keys of its example; one row a request
--
-- A backend further down the route's list (ref/N) may be a fallback or a weighted split, so the log cannot tell which.

SELECT
    file,
    start_time AS ts,
    coalesce("x-request-id", request_id) AS request_id,
    "gen_ai.request.model" AS requested_model,
    coalesce(nullif("gen_ai.response.model", '-'), "gen_ai.request.model") AS served_model,
    "gen_ai.provider.name" AS provider,
    CASE WHEN TRY_CAST(upstream_request_attempt_count AS INTEGER) = 1 THEN 'false' END AS fallback,
    duration AS latency_ms,
    CAST(TRY_CAST("gen_ai.usage.input_tokens" AS BIGINT) AS VARCHAR) AS input_tokens,
    CAST(TRY_CAST("gen_ai.usage.output_tokens" AS BIGINT) AS VARCHAR) AS output_tokens,
    CASE WHEN response_code IS NULL OR TRY_CAST(response_code AS INTEGER) BETWEEN 100 AND 399 THEN 'ok' ELSE 'error' END
        AS status,
    CASE WHEN TRY_CAST(response_code AS INTEGER) BETWEEN 100 AND 399 THEN NULL ELSE response_code END AS error
FROM records
