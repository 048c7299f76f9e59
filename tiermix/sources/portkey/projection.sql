-- source: portkey
-- what: Portkey's log export; one row an attempt, those of a request share trace_id, which a caller may give to several
--
-- Costs are US cents, times milliseconds, and numbers may be written as floats.

SELECT
    file,
    own_id AS attempt_id,
    CASE WHEN nullif(trace_id, '') IS NOT NULL THEN 'trace:' || trace_id ELSE 'call:' || own_id END AS group_key,
    true AS split,
    own_id AS request_id,
    created_at AS started,
    response_time AS latency_ms,
    TRY_CAST(response_status_code AS DOUBLE) < 400 AS ok,
    ai_model AS requested_model,
    coalesce(ai_org, '') || '/' || ai_model AS route,
    ai_model AS model,
    ai_org AS provider,
    coalesce(lower(cache_status) IN ('hit', 'semantic hit', 'simple hit'), false) AS cached,
    -- Another target than the first may have had its share of the load, or have stood in for one that failed.
    CASE WHEN coalesce(regexp_extract(last_used_option_index, '([0-9]+)', 1), '') IN ('', '0') THEN false END AS fallback,
    CAST(TRY_CAST(response_status_code AS DOUBLE) AS INTEGER) AS status_code,
    CASE WHEN TRY_CAST(response_status_code AS DOUBLE) >= 400
        THEN CAST(CAST(TRY_CAST(response_status_code AS DOUBLE) AS INTEGER) AS VARCHAR) END AS error,
    coalesce(json_extract_string(about, '$.tenant'), nullif(_organisation, ''), workspace_slug) AS tenant,
    coalesce(json_extract_string(about, '$._user'), nullif(_user, '')) AS "user",
    json_extract_string(about, '$.feature') AS feature,
    json_extract_string(about, '$.intent') AS intent,
    json_extract_string(about, '$.traffic_class') AS traffic_class,
    req_units AS input_tokens,
    res_units AS output_tokens,
    TRY_CAST(cost AS DOUBLE) / 100 AS cost_usd,
    prompt_slug AS prompt_version
FROM (
    SELECT
        *,
        TRY_CAST(metadata AS JSON) AS about,
        coalesce(id, md5(concat_ws('|', trace_id, created_at, ai_org, ai_model, response_status_code, response_time, req_units, res_units)))
            AS own_id
    FROM records
) AS read
