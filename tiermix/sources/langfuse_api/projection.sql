-- source: langfuse_api
-- what: a trace with its observations, as Langfuse's API returns it; one row an attempt (GENERATION), others are skipped
--
-- No field says what was asked for, unless LiteLLM fed the row. An agent calls several models in one trace on purpose: another model is a fallback
-- only after a generation that failed under the same parent.

SELECT
    file,
    line,
    CASE WHEN broken THEN NULL ELSE o IS NULL OR upper(o.type) NOT IN ('GENERATION', 'EMBEDDING') 
        OR (o.model IS NULL AND coalesce(upper(o.level), 'DEFAULT') <> 'ERROR') END AS skip,
    o.id AS attempt_id,
    'trace:' || o.traceId || '/' || coalesce(o.parentObservationId, '') AS group_key,
    true AS split,
    o.id AS request_id,
    o.startTime AS started,
    o.endTime AS ended,
    CASE WHEN upper(o.level) = 'ERROR' THEN false WHEN upper(o.level) IN ('DEFAULT', 'WARNING', 'DEBUG') THEN true END AS ok,
    json_extract_string(TRY_CAST(o.metadata AS JSON), '$.model_group') AS requested_model,
    coalesce(json_extract_string(TRY_CAST(o.metadata AS JSON), '$.model_group'), o.model) AS route,
    o.model AS model,
    coalesce(lower(json_extract_string(TRY_CAST(o.metadata AS JSON), '$.cache_hit')) = 'true', false) AS cached,
    CASE WHEN upper(o.level) = 'ERROR' THEN coalesce(nullif(left(o.statusMessage, 60), ''), 'error') END AS error,
    json_extract_string(TRY_CAST(o.metadata AS JSON), '$.tenant') AS tenant,
    coalesce(trace.userId, userId) AS "user",
    coalesce(nullif(regexp_extract(array_to_string(coalesce(trace.tags, tags), '|'), '(^|[|])feature:([^|]*)', 2), ''), trace.name, name)
        AS feature,
    json_extract_string(TRY_CAST(o.metadata AS JSON), '$.intent') AS intent,
    json_extract_string(TRY_CAST(o.metadata AS JSON), '$.traffic_class') AS traffic_class,
    coalesce(o.usageDetails."input", o.usage."input") AS input_tokens,
    coalesce(o.usageDetails."output", o.usage."output") AS output_tokens,
    coalesce(o.totalCost, o.calculatedTotalCost) AS cost_usd,
    o.promptVersion AS prompt_version
FROM (
    SELECT file, line, trace, name, userId, tags, observations IS NULL AS broken,
        unnest(CASE WHEN len(observations) > 0 THEN observations ELSE [NULL] END) AS o
    FROM records
) AS opened
