-- source: langfuse_observations
-- what: observations under the names of Langfuse's API; one row an attempt (GENERATION), other types are skipped
--
-- No field says what was asked for, unless LiteLLM fed the row. An agent calls several models in one trace on purpose:
-- another model is a fallback only after a generation that failed under the same parent.

SELECT
    file,
    CASE WHEN type IS NOT NULL THEN upper(type) NOT IN ('GENERATION', 'EMBEDDING')
        OR (nullif(coalesce(providedModelName, model), '') IS NULL AND coalesce(upper(level), 'DEFAULT') <> 'ERROR') END AS skip,
    id AS attempt_id,
    'trace:' || traceId || '/' || coalesce(parentObservationId, '') AS group_key,
    true AS split,
    id AS request_id,
    startTime AS started,
    endTime AS ended,
    CASE WHEN upper(level) = 'ERROR' THEN false WHEN upper(level) IN ('DEFAULT', 'WARNING', 'DEBUG') THEN true END AS ok,
    json_extract_string(about, '$.model_group') AS requested_model,
    coalesce(json_extract_string(about, '$.model_group'), providedModelName, model) AS route,
    coalesce(providedModelName, model) AS model,
    coalesce(lower(json_extract_string(about, '$.cache_hit')) = 'true', false) AS cached,
    CASE WHEN upper(level) = 'ERROR' THEN coalesce(nullif(left(statusMessage, 60), ''), 'error') END AS error,
    json_extract_string(about, '$.tenant') AS tenant,
    userId AS "user",
    traceName AS feature,
    json_extract_string(about, '$.intent') AS intent,
    json_extract_string(about, '$.traffic_class') AS traffic_class,
    coalesce(usageDetails."input", usage."input") AS input_tokens,
    coalesce(usageDetails."output", usage."output") AS output_tokens,
    coalesce(totalCost, calculatedTotalCost) AS cost_usd,
    promptVersion AS prompt_version
FROM (SELECT *, TRY_CAST(metadata AS JSON) AS about FROM records) AS read
