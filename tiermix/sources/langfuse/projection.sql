-- source: langfuse
-- what: observations as Langfuse exports them to blob storage; one row an attempt (GENERATION), other types are skipped
--
-- No column says what was asked for, unless LiteLLM fed the row. An agent calls several models in one trace on purpose:
-- another model is a fallback only after a generation that failed under the same parent.

SELECT
    file,
    CASE WHEN type IS NOT NULL THEN upper(type) NOT IN ('GENERATION', 'EMBEDDING')
        OR (nullif(coalesce(provided_model_name, model), '') IS NULL AND coalesce(upper(level), 'DEFAULT') <> 'ERROR') END AS skip,
    id AS attempt_id,
    'trace:' || trace_id || '/' || coalesce(parent_observation_id, '') AS group_key,
    true AS split,
    id AS request_id,
    start_time AS started,
    end_time AS ended,
    CASE WHEN upper(level) = 'ERROR' THEN false WHEN upper(level) IN ('DEFAULT', 'WARNING', 'DEBUG') THEN true END AS ok,
    json_extract_string(about, '$.model_group') AS requested_model,
    coalesce(json_extract_string(about, '$.model_group'), provided_model_name, model) AS route,
    coalesce(provided_model_name, model) AS model,
    coalesce(lower(json_extract_string(about, '$.cache_hit')) = 'true', false) AS cached,
    CASE WHEN upper(level) = 'ERROR' THEN coalesce(nullif(left(status_message, 60), ''), 'error') END AS error,
    json_extract_string(about, '$.tenant') AS tenant,
    user_id AS "user",
    coalesce(nullif(regexp_extract(array_to_string(tags, '|'), '(^|[|])feature:([^|]*)', 2), ''), trace_name) AS feature,
    json_extract_string(about, '$.intent') AS intent,
    json_extract_string(about, '$.traffic_class') AS traffic_class,
    usage_details."input" AS input_tokens,
    usage_details."output" AS output_tokens,
    total_cost AS cost_usd
FROM (SELECT *, TRY_CAST(metadata AS JSON) AS about FROM records) AS read
