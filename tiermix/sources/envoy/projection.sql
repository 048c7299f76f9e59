-- source: envoy
-- what: Envoy AI Gateway's access log with the keys of its documentation, newer or older; one row a request
--
-- A backend further down the route's list (ref/N) may be a fallback or a weighted split, so the log cannot tell which, and
-- what model it answered with only where that is logged.
-- Calls of tools (MCP) and requests that name no model are none of a model, and skipped.

SELECT
    file,
    start_time IS NOT NULL AND asked IS NULL AS skip,
    start_time AS ts,
    coalesce("x-request-id", request_id) AS request_id,
    asked AS requested_model,
    coalesce(answered, CASE WHEN NOT (ok AND untold) THEN asked END) AS served_model,
    CASE WHEN ok AND untold AND answered IS NULL THEN 'unknown' END AS tier,
    nullif(coalesce("gen_ai.provider.name", genai_backend_name), '-') AS provider,
    CASE WHEN TRY_CAST(upstream_request_attempt_count AS INTEGER) = 1 THEN 'false' END AS fallback,
    duration AS latency_ms,
    CAST(TRY_CAST(coalesce("gen_ai.usage.input_tokens", genai_tokens_input) AS BIGINT) AS VARCHAR) AS input_tokens,
    CAST(TRY_CAST(coalesce("gen_ai.usage.output_tokens", genai_tokens_output) AS BIGINT) AS VARCHAR) AS output_tokens,
    CASE WHEN ok THEN 'ok' WHEN response_code = '-' OR TRY_CAST(response_code AS DOUBLE) IS NOT NULL THEN 'error' ELSE coalesce(response_code, '') END
        AS status,
    CASE WHEN NOT ok THEN response_code END AS error
FROM (
    SELECT
        *,
        coalesce(TRY_CAST(response_code AS INTEGER) BETWEEN 100 AND 399, false) AS ok,
        CASE WHEN nullif(nullif(mcp_method, '-'), '') IS NULL
            THEN nullif(nullif(coalesce("gen_ai.request.model", genai_model_name), '-'), '') END AS asked,
        nullif(nullif(coalesce("gen_ai.response.model", genai_model_name_override), '-'), '') AS answered,
        -- The first backend serves what was asked for, and so does, under the older keys, any whose name is not overridden.
        genai_model_name IS NULL AND NOT coalesce(ends_with("gen_ai.provider.name", '/ref/0'), false) AS untold
    FROM records
) AS named
