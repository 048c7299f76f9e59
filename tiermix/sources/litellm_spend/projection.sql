-- source: litellm_spend
-- what: LiteLLM_SpendLogs as dumped from Postgres; one row a request
--
-- metadata is JSON inside a text. attempted_fallbacks and original_model_group came with 1.102; a log without them cannot
-- tell what was asked for, and a missing key is not a zero.
-- Before there was a column for it, metadata said whether a request failed. Calls of tools (MCP), of files, batches and the
-- like, and the proxy's own health checks are no requests of a model and are skipped.
-- A provider that refuses may answer with another model by itself: only the usage names that model.

SELECT
    file,
    startTime IS NOT NULL AND ('litellm-internal-health-check' IN (coalesce(api_key, ''), coalesce("user", ''),
            coalesce(json_extract_string(about, '$.user_api_key_alias'), ''))
        OR regexp_matches(coalesce(call_type, ''), 'mcp|files?$|file_content|batch(es)?$|fine_tuning|assistant|thread|vector_store|_items$|container|skill')
            AND coalesce(call_type, '') NOT LIKE '%completion%'
        OR json_extract_string(about, '$.billed_retry_attempt') = 'true'  -- the request has a row of its own
        OR (NOT failed AND coalesce(model, '') = '' AND coalesce(lower(cache_hit), '') <> 'true')) AS skip,
    startTime AS ts,
    coalesce(nullif(litellm_call_id, ''), request_id) AS request_id,
    coalesce(nullif(team_id, ''), nullif(organization_id, ''), json_extract_string(about, '$.user_api_key_alias')) AS tenant,
    coalesce(nullif(end_user, ''), nullif("user", '')) AS "user",
    nullif(regexp_extract(request_tags, '"feature:([^"]*)"', 1), '') AS feature,
    nullif(regexp_extract(request_tags, '"intent:([^"]*)"', 1), '') AS intent,
    nullif(regexp_extract(request_tags, '"traffic_class:([^"]*)"', 1), '') AS traffic_class,
    -- Before 1.98, what finally failed is logged under the group that was tried last; the error names the first one.
    CASE WHEN failed THEN coalesce(json_extract_string(about, '$.original_model_group'),
             nullif(regexp_extract(json_extract_string(about, '$.error_information.error_message'), 'Received Model Group=([^\n]*)', 1), ''),
             nullif(model_group, ''), nullif(model, ''))
         WHEN fallbacks = 0 OR (fallbacks IS NULL AND stand_in IS NOT NULL) THEN nullif(model_group, '') ELSE json_extract_string(about, '$.original_model_group') END
        AS requested_model,
    CASE WHEN NOT failed THEN coalesce(stand_in, model) END AS served_model,
    custom_llm_provider AS provider,
    CASE WHEN NOT failed AND stand_in IS NULL THEN model_group END AS route,
    coalesce(json_extract_string(about, '$.routing_decision.savings_baseline_model'),
             CASE WHEN stand_in IS NOT NULL THEN model END) AS intended_model,
    CASE WHEN lower(cache_hit) = 'true' THEN 'true' END AS cached,
    CASE WHEN failed THEN json_extract_string(about, '$.error_information.error_class')
         WHEN lower(cache_hit) = 'true' THEN 'cache_hit'
         WHEN stand_in IS NOT NULL THEN 'refusal'
         WHEN json_extract_string(about, '$.azure_spillover') = 'true' THEN 'azure_spillover'
         ELSE json_extract_string(about, '$.routing_decision.router_type') || '_router' END AS reason,
    CASE WHEN NOT failed THEN CAST(fallbacks > 0 AS VARCHAR) END AS fallback,
    -- The duration is that of the serving attempt alone, so with a fallback or retry before it the client waited longer.
    CASE WHEN fallbacks > 0 OR TRY_CAST(json_extract_string(about, '$.attempted_retries') AS INTEGER) > 0 THEN NULL
         WHEN request_duration_ms IS NOT NULL THEN request_duration_ms
         ELSE CAST(greatest((epoch_us(TRY_CAST(endTime AS TIMESTAMPTZ)) - epoch_us(TRY_CAST(startTime AS TIMESTAMPTZ))) / 1e3, 0)
             AS VARCHAR) END AS latency_ms,
    prompt_tokens AS input_tokens,
    completion_tokens AS output_tokens,
    spend AS cost_usd,
    CASE WHEN failed THEN 'error' ELSE coalesce(told, 'ok') END AS status,
    json_extract_string(about, '$.error_information.error_class') AS error
FROM (
    SELECT
        *,
        -- The last of the provider's own tries, of which there are up to four, is the one that answered.
        CASE 'fallback_message'
            WHEN json_extract_string(about, '$.usage_object.iterations[3].type')
                THEN json_extract_string(about, '$.usage_object.iterations[3].model')
            WHEN json_extract_string(about, '$.usage_object.iterations[2].type')
                THEN json_extract_string(about, '$.usage_object.iterations[2].model')
            WHEN json_extract_string(about, '$.usage_object.iterations[1].type')
                THEN json_extract_string(about, '$.usage_object.iterations[1].model')
        END AS stand_in
    FROM (
        SELECT
            *,
            coalesce(nullif(status, ''), json_extract_string(TRY_CAST(metadata AS JSON), '$.status')) AS told,
            coalesce(lower(coalesce(nullif(status, ''), json_extract_string(TRY_CAST(metadata AS JSON), '$.status'))) = 'failure', false)
                AS failed,
            TRY_CAST(metadata AS JSON) AS about,
            TRY_CAST(json_extract_string(TRY_CAST(metadata AS JSON), '$.attempted_fallbacks') AS INTEGER) AS fallbacks
        FROM records
    ) AS opened
) AS described
