-- source: bifrost
-- what: Bifrost's log store; one row a member of a fallback chain, whose root is parent_request_id; index 0 was asked for
--
-- A caller or a realtime session may also be the parent of many requests; each of those begins with an index 0 of its own.
-- Calls of other kinds (lists of models, files, batches, tools) are skipped.

SELECT
    file,
    status = 'processing' OR regexp_matches(kind, '^(list_models|model|file|batch|container|video_(retrieve|download|delete|list)|count_tokens|mcp)')
        AS skip,
    id AS attempt_id,
    'call:' || coalesce(nullif(parent_request_id, ''), id) AS group_key,
    chained AS split,
    chained AS first,
    CASE WHEN chained THEN id ELSE coalesce(nullif(parent_request_id, ''), id) END AS request_id,
    timestamp AS started,
    latency AS latency_ms,
    CASE status WHEN 'success' THEN true WHEN 'error' THEN false END AS ok,
    CASE WHEN nth = 0 THEN coalesce(nullif(alias, ''), nullif(model, '')) END AS requested_model,
    -- The name that the caller used, where the gateway resolved it to a model: that is no switch.
    coalesce(CASE WHEN nth = 0 THEN nullif(alias, '') END, provider || '/' || model) AS route,
    nullif(model, '') AS model,
    provider,
    CASE WHEN nth = 0 THEN nullif(model, '') END AS intended_model,
    coalesce(lower(json_extract_string(TRY_CAST(cache_debug AS JSON), '$.cache_hit')) = 'true', false) AS cached,
    nth > 0 AS fallback,
    json_extract_string(fault, '$.status_code') AS status_code,
    CASE WHEN status = 'error' THEN coalesce(nullif(json_extract_string(fault, '$.error.type'), ''),
        nullif(json_extract_string(fault, '$.type'), ''), json_extract_string(fault, '$.status_code'), 'error') END AS error,
    coalesce(nullif(team_id, ''), nullif(customer_id, ''), nullif(virtual_key_name, '')) AS tenant,
    nullif(user_id, '') AS "user",
    json_extract_string(about, '$.feature') AS feature,
    json_extract_string(about, '$.intent') AS intent,
    json_extract_string(about, '$.traffic_class') AS traffic_class,
    json_extract_string(usage, '$.prompt_tokens') AS input_tokens,
    json_extract_string(usage, '$.completion_tokens') AS output_tokens,
    cost AS cost_usd
FROM (
    SELECT
        *,
        TRY_CAST(fallback_index AS INTEGER) AS nth,
        coalesce(TRY_CAST(fallback_index AS INTEGER) = 0 AND nullif(parent_request_id, '') IS NOT NULL, false) AS chained,
        coalesce(object, object_type, '') AS kind,
        TRY_CAST(error_details AS JSON) AS fault,
        TRY_CAST(token_usage AS JSON) AS usage,
        TRY_CAST(metadata AS JSON) AS about
    FROM records
) AS read
