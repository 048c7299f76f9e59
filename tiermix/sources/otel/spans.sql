-- source: otel
-- what: what each span says by itself, as the collector's file exporter writes them; skip marks those that are no calls
--
-- Read are the current gen_ai attributes and their older names, OpenInference, OpenLLMetry, the Vercel AI SDK's ai.*,
-- Langfuse's, which name one model, that which answered, or was asked in vain, and LiteLLM's own, in which
-- gen_ai.request.model is the served deployment and gen_ai.response.model may be the alias. Other spans are skipped, and of
-- the AI SDK those around the calls of a provider, of Logfire those that announce a span.

WITH requests AS (
    SELECT file, line,
        -- A record may also be what stands in such a request, of one resource.
        CASE WHEN resourceSpans IS NULL AND coalesce(scopeSpans, instrumentationLibrarySpans) IS NOT NULL
            THEN [struct_pack(resource := resource, scopeSpans := scopeSpans, instrumentationLibrarySpans := instrumentationLibrarySpans)]
            ELSE resourceSpans END AS resourceSpans
    FROM records
),
resources AS (
    SELECT file, line, unnest(CASE WHEN len(resourceSpans) > 0 THEN resourceSpans ELSE [NULL] END) AS res,
        resourceSpans IS NULL AS broken
    FROM requests
),
listed AS (
    SELECT *, coalesce(res.scopeSpans, res.instrumentationLibrarySpans) AS scopeSpans FROM resources
),
scopes AS (
    SELECT file, line, broken OR (res IS NOT NULL AND scopeSpans IS NULL) AS broken, res.resource.attributes AS about,
        unnest(CASE WHEN len(scopeSpans) > 0 THEN scopeSpans ELSE [NULL] END) AS scope
    FROM listed
),
exploded AS (
    SELECT file, line, broken OR (scope IS NOT NULL AND scope.spans IS NULL) AS broken, about, scope.scope.name AS scope_name,
        unnest(CASE WHEN len(scope.spans) > 0 THEN scope.spans ELSE [NULL] END) AS span
    FROM scopes
),
numbered AS (
    SELECT *, row_number() OVER () AS span_no FROM exploded
),
tags AS (
    SELECT span_no, unnest(span.attributes) AS tag FROM numbered
),
pairs AS (
    SELECT span_no, k, CASE WHEN k LIKE 'langfuse.%.metadata.%' THEN trim(v, '"') ELSE v END AS v  -- which is JSON
    FROM (
        SELECT span_no, tag."key" AS k,
            coalesce(tag."value".stringValue, tag."value".intValue, tag."value".doubleValue, tag."value".boolValue) AS v
        FROM tags
    ) AS t
),
said AS (
    SELECT
        span_no,
        max(v) FILTER (k = 'gen_ai.operation.name') AS operation,
        max(v) FILTER (k = 'openinference.span.kind') AS kind,
        max(v) FILTER (k = 'traceloop.span.kind') AS traceloop_kind,
        max(v) FILTER (k IN ('gen_ai.request.model', 'llm.request.model')) AS asked,
        max(v) FILTER (k IN ('gen_ai.response.model', 'llm.response.model')) AS answered,
        max(v) FILTER (k = 'ai.model.id') AS sdk_model,
        max(v) FILTER (k = 'ai.response.model') AS sdk_answered,
        max(v) FILTER (k = 'ai.operationId') AS sdk_operation,
        max(v) FILTER (k = 'logfire.span_type') AS logfire_type,
        lower(max(v) FILTER (k = 'langfuse.observation.type')) AS observed,
        upper(max(v) FILTER (k = 'langfuse.observation.level')) = 'ERROR' AS observed_error,
        max(v) FILTER (k = 'langfuse.observation.status_message') AS message,
        max(v) FILTER (k = 'langfuse.observation.model.name') AS observed_model,
        max(v) FILTER (k = 'langfuse.observation.usage_details') AS observed_usage,
        max(v) FILTER (k = 'langfuse.observation.cost_details') AS observed_cost,
        max(v) FILTER (k = 'langfuse.observation.metadata.ls_model_name') AS chain_model,
        max(v) FILTER (k = 'langfuse.observation.metadata.ls_provider') AS chain_provider,
        max(v) FILTER (k = 'llm.request.model_name') AS asked_name,
        max(v) FILTER (k = 'llm.response.model_name') AS answered_name,
        max(v) FILTER (k IN ('llm.model_name', 'embedding.model_name')) AS model_name,
        max(v) FILTER (k IN ('llm.invocation_parameters', 'embedding.invocation_parameters')) AS parameters,
        max(v) FILTER (k = 'llm.request.type') AS request_type,
        max(v) FILTER (k = 'gen_ai.response.id') AS answer_id,
        max(v) FILTER (k = 'model_request_parameters') AS pydantic,
        max(v) FILTER (k = 'gen_ai.provider.name') AS provider,
        max(v) FILTER (k IN ('gen_ai.system', 'llm.system', 'llm.provider', 'llm.vendor', 'ai.model.provider')) AS system,
        max(v) FILTER (k IN ('gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens', 'llm.token_count.prompt',
            'llm.usage.prompt_tokens', 'ai.usage.promptTokens', 'ai.usage.inputTokens')) AS tokens_in,
        max(v) FILTER (k IN ('gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens', 'llm.token_count.completion',
            'llm.usage.completion_tokens', 'ai.usage.completionTokens', 'ai.usage.outputTokens'))
            AS tokens_out,
        max(v) FILTER (k IN ('gen_ai.cost.total_cost', 'llm.cost.total', 'operation.cost', 'gen_ai.usage.cost',
            'litellm.cost.total')) AS cost,
        max(v) FILTER (k IN ('error.type', 'exception.type')) AS error,
        max(v) FILTER (k IN ('error.code', 'litellm.provider.error.code')) AS error_code,
        max(v) FILTER (k IN ('gen_ai.request.stream', 'gen_ai.is_streaming', 'llm.is_streaming')) AS stream,
        lower(max(v) FILTER (k IN ('openai.request.service_tier', 'gen_ai.openai.request.service_tier'))) AS capacity_asked,
        lower(max(v) FILTER (k IN ('openai.response.service_tier', 'gen_ai.openai.response.service_tier'))) AS capacity,
        max(v) FILTER (k = 'litellm.call_id') AS litellm_id,
        -- Only the proxy, which knows the key and the route of its caller, gives all attempts of a request one call_id.
        max(nullif(v, '')) FILTER (k IN ('metadata.user_api_key_hash', 'metadata.user_api_key_request_route',
            'litellm.api_key.hash', 'litellm.request.route')) AS proxy,
        max(k) FILTER (k LIKE 'litellm.%') AS litellm_key,
        max(v) FILTER (k = 'hidden_params') AS hidden,
        max(v) FILTER (regexp_matches(k, '^llm[.][^.]+[.]model$')) AS raw_model,
        max(v) FILTER (k = 'litellm.model_group') AS model_group,
        max(v) FILTER (k = 'litellm.provider.model') AS deployment,
        lower(max(v) FILTER (k = 'litellm.cache_hit')) = 'true' AS cached,
        max(v) FILTER (k = 'litellm.routing.savings_baseline_model') AS baseline,
        max(v) FILTER (k = 'litellm.routing.router_type') AS router,
        max(v) FILTER (k IN ('metadata.user_api_key_team_id', 'tenant.id', 'tenant', 'traceloop.association.properties.tenant',
            'traceloop.association.properties.tenant_id', 'langfuse.trace.metadata.tenant', 'langfuse.trace.metadata.tenant_id'))
            AS tenant_said,
        max(v) FILTER (k = 'metadata') AS metadata,
        max(v) FILTER (k IN ('user.id', 'enduser.id', 'langfuse.user.id', 'traceloop.association.properties.user_id')) AS person,
        max(v) FILTER (k IN ('intent', 'langfuse.trace.metadata.intent')) AS intent,
        max(v) FILTER (k IN ('traffic_class', 'langfuse.trace.metadata.traffic_class')) AS traffic_class
    FROM pairs
    GROUP BY span_no
),
-- What went wrong often stands only in the event of the exception.
exceptions AS (
    SELECT span_no, event.timeUnixNano AS raised_at, unnest(event.attributes) AS tag
    FROM (SELECT span_no, unnest(span.events) AS event FROM numbered) AS e
),
raised AS (
    SELECT
        span_no,
        max(tag."value".stringValue) FILTER (tag."key" = 'exception.type') AS exception,
        max(raised_at) FILTER (tag."key" = 'exception.type') AS raised_at
    FROM exceptions
    GROUP BY span_no
),
services AS (
    SELECT span_no, max(pair."value".stringValue) FILTER (pair."key" = 'service.name') AS service
    FROM (SELECT span_no, unnest(about) AS pair FROM numbered) AS s
    GROUP BY span_no
),
calls AS (
    SELECT
        n.file, n.line, n.broken, n.span IS NULL AS empty, n.scope_name, n.span.name AS span_name, n.span.startTimeUnixNano AS begun,
        n.span.endTimeUnixNano AS closed, n.span.traceId AS trace, n.span.spanId AS id, coalesce(n.span.parentSpanId, '') AS up, s.*,
        v.service, x.exception, x.raised_at,
        coalesce(n.span.kind IN ('3', '4', 'SPAN_KIND_CLIENT', 'SPAN_KIND_PRODUCER'), false) AS leaf,
        coalesce(n.span.status.code, '') IN ('2', 'STATUS_CODE_ERROR') OR coalesce(s.observed_error, false) AS failed,
        s.observed IN ('generation', 'embedding') AS observed_call,
        coalesce(n.span.name = 'raw_gen_ai_request', false) AS raw,
        coalesce(regexp_matches(lower(concat_ws(' ', s.operation, s.kind, s.request_type, s.observed)), 'embedding'), false) AS embeds,
        CASE WHEN s.proxy IS NOT NULL THEN s.litellm_id END AS call_id,
        s.proxy IS NOT NULL AS by_proxy,
        -- LiteLLM before 1.98 names the deployment here, or only as the model that was asked for.
        CASE WHEN s.proxy IS NOT NULL AND s.hidden IS NOT NULL
            THEN coalesce(nullif(regexp_extract(s.hidden, '"litellm_model_name": "([^"]*)"', 1), ''), s.asked) END AS hidden_model,
        coalesce(s.tenant_said, json_extract_string(TRY_CAST(s.metadata AS JSON), '$.tenant')) AS tenant,
        -- An error span of OpenInference names the model only in its parameters.
        coalesce(s.asked, s.asked_name, s.sdk_model, json_extract_string(TRY_CAST(s.parameters AS JSON), '$.model'),
            CASE WHEN observed_call THEN coalesce(s.chain_model, CASE WHEN failed THEN s.observed_model END) END) AS wanted,
        coalesce(s.answered, s.answered_name, s.sdk_answered, s.model_name, s.raw_model,
            CASE WHEN observed_call THEN s.observed_model END) AS got
    FROM numbered AS n
    LEFT JOIN said AS s ON s.span_no = n.span_no
    LEFT JOIN services AS v ON v.span_no = n.span_no
    LEFT JOIN raised AS x ON x.span_no = n.span_no
),
told AS (
    SELECT
        *,
        CASE
            WHEN broken THEN NULL
            WHEN empty THEN true
            WHEN regexp_matches(operation, '^(execute_tool|invoke_agent|create_agent|invoke_workflow|plan|retrieval|fetch_response|(create|update|upsert|delete|search)_memory(_store)?)$')
                OR lower(traceloop_kind) IN ('workflow', 'task', 'agent', 'tool') THEN true
            WHEN logfire_type IN ('pending_span', 'log') THEN true
            WHEN sdk_operation IS NOT NULL AND NOT regexp_matches(coalesce(span_name, ''), '[.]do[A-Z]')
                AND NOT regexp_matches(sdk_operation, '[.]do[A-Z]') THEN true
            WHEN kind IS NOT NULL AND upper(kind) NOT IN ('LLM', 'EMBEDDING') THEN true
            -- An answer as LiteLLM got it, which does not always name the model: a stream of Anthropic's does not.
            WHEN raw THEN false
            -- LITELLM_OTEL_V2 hands the model that was asked for down to every span within a request.
            WHEN (litellm_key IS NOT NULL OR scope_name = 'litellm') AND coalesce(operation, request_type, kind) IS NULL THEN true
            -- A call that failed does not always say which model it asked.
            ELSE coalesce(wanted, got, deployment) IS NULL AND NOT (failed AND coalesce(upper(kind) = 'LLM', operation = 'chat', false))
        END AS skip
    FROM calls
)
SELECT
    file,
    line,
    trace,
    id,
    -- Which spans are kept to be read again with later ones of their trace; see ingest/keep_spans.
    coalesce(NOT skip, false) OR coalesce(operation, kind, traceloop_kind, sdk_operation, litellm_id, observed) IS NOT NULL AS telling,
    leaf,
    up,
    -- Only compared with others, and a name may say anything.
    md5(span_name) AS branch,
    scope_name,
    skip,
    raw,
    embeds,
    begun,
    closed,
    raised_at,
    failed,
    exception,
    coalesce(error, CASE WHEN failed AND exception IS NULL THEN nullif(left(message, 60), '') END) AS error,
    error_code,
    wanted,
    got,
    coalesce(deployment, hidden_model) AS deployment,
    model_group,
    cached,
    coalesce(provider, system, chain_provider) AS provider,
    baseline AS intended_model,
    CASE WHEN router IS NOT NULL THEN router || '_router'
         WHEN (capacity_asked IN ('priority', 'scale') AND capacity IN ('default', 'standard', 'flex', 'batch'))
             OR (capacity_asked IN ('default', 'standard') AND capacity IN ('flex', 'batch'))
             THEN 'service_tier_' || capacity END AS reason,
    call_id,
    by_proxy,
    litellm_id,
    lower(stream) = 'true' AS stream,
    -- Pydantic AI says nothing of a stream that fails.
    pydantic IS NOT NULL AND answer_id IS NULL AND tokens_out IS NULL AS unanswered,
    tenant,
    person AS "user",
    service AS feature,
    intent,
    traffic_class,
    coalesce(tokens_in, nullif(regexp_extract(observed_usage, '"(input|(input|prompt)_?[tT]okens)": ?([0-9.]+)', 3), '')) AS input_tokens,
    coalesce(tokens_out, nullif(regexp_extract(observed_usage, '"(output|(output|completion)_?[tT]okens)": ?([0-9.]+)', 3), ''))
        AS output_tokens,
    -- Langfuse says of a failure that it cost nothing, and what an answer cost it finds out by itself.
    coalesce(cost, CASE WHEN NOT failed THEN nullif(regexp_extract(observed_cost, '"total": ?([0-9.eE-]+)', 1), '') END) AS cost_usd
FROM told
