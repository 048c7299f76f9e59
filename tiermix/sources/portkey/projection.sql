-- source: portkey
-- what: Portkey's log export; one row an attempt, those of a request share trace_id, which a caller may give to several
--
-- Costs are US cents, times milliseconds, and numbers may be written as floats.
-- Retries of one target are in its row. What an answer of a later target stood in for, or one that no trace joins to what
-- failed before it, the row does not say.

SELECT
    file,
    own_id AS attempt_id,
    CASE WHEN traced THEN 'trace:' || trace_id ELSE 'call:' || own_id END AS group_key,
    true AS split,
    own_id AS request_id,
    created_at AS started,
    response_time AS latency_ms,
    TRY_CAST(response_status_code AS DOUBLE) < 400 AS ok,
    CASE WHEN TRY_CAST(response_status_code AS DOUBLE) >= 400 OR NOT rerouted THEN ai_model END AS requested_model,
    coalesce(ai_org, '') || '/' || ai_model AS route,
    ai_model AS model,
    ai_org AS provider,
    coalesce(lower(cache_status) IN ('hit', 'semantic hit', 'simple hit'), false) AS cached,
    -- What came after a failure that no trace joins to it is not known.
    CASE WHEN traced OR TRY_CAST(response_status_code AS DOUBLE) < 400 THEN rerouted END AS fallback,
    NOT rerouted AND (place IS NOT NULL OR lower(mode) = 'single') AS first,
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
        -- Another target than the first may have had its share of the load, or have stood in for one that failed: the kind of
        -- the configuration says which, unless targets hold targets. Below 0 there are none.
        CASE WHEN lower(mode) = 'single' OR NOT regexp_matches(place, '(^|[^0-9-])0*[1-9]') THEN false
             WHEN place IS NULL THEN CASE WHEN traced THEN false END
             WHEN place LIKE '%targets%targets%' THEN NULL
             WHEN lower(mode) = 'fallback' THEN true
             WHEN lower(mode) = 'loadbalance' THEN false END AS rerouted
    FROM (
        SELECT
            *,
            TRY_CAST(metadata AS JSON) AS about,
            nullif(trace_id, '') IS NOT NULL AS traced,
            nullif(last_used_option_index, '') AS place,
            coalesce(id, md5(concat_ws('|', trace_id, created_at, ai_org, ai_model, response_status_code, response_time, req_units, res_units)))
                AS own_id
        FROM records
    ) AS named
) AS read
