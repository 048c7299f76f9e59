-- source: otel
-- what: spans of language-model calls, as the collector's file exporter writes them; one row a span, that is an attempt
--
-- Read are the current gen_ai attributes and their older names, OpenInference, OpenLLMetry, the Vercel AI SDK's ai.*, and
-- LiteLLM's own, in which gen_ai.request.model is the served deployment and gen_ai.response.model may be the alias. Other
-- spans are skipped, and of the AI SDK those around the calls of a provider, of Logfire those that announce a span.
-- An answer of another model than was asked for, without an error, was switched below the caller; why is not said.
-- Attempts of a request share a parent span (without one, the trace); those of LiteLLM's proxy share litellm.call_id.
-- Where spans of one call stand inside of each other (an SDK's own, an instrumentation's, a framework's), the inner ones
-- are the attempts and the outer one is left out, unless only the outer one shows how the call ended.
-- A branch that failed (an agent's run, a chain) and its next twin, which asks another model, are one request.

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
spans AS (
    SELECT file, line, broken OR (scope IS NOT NULL AND scope.spans IS NULL) AS broken, about, scope.scope.name AS scope_name,
        unnest(CASE WHEN len(scope.spans) > 0 THEN scope.spans ELSE [NULL] END) AS span
    FROM scopes
),
numbered AS (
    SELECT *, row_number() OVER () AS span_no FROM spans
),
tags AS (
    SELECT span_no, unnest(span.attributes) AS tag FROM numbered
),
pairs AS (
    SELECT span_no, tag."key" AS k,
        coalesce(tag."value".stringValue, tag."value".intValue, tag."value".doubleValue, tag."value".boolValue) AS v
    FROM tags
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
        max(v) FILTER (k IN ('gen_ai.cost.total_cost', 'llm.cost.total', 'operation.cost', 'gen_ai.usage.cost')) AS cost,
        max(v) FILTER (k IN ('error.type', 'exception.type')) AS error,
        max(v) FILTER (k = 'error.code') AS error_code,
        max(v) FILTER (k IN ('gen_ai.request.stream', 'gen_ai.is_streaming', 'llm.is_streaming')) AS stream,
        lower(max(v) FILTER (k IN ('openai.request.service_tier', 'gen_ai.openai.request.service_tier'))) AS capacity_asked,
        lower(max(v) FILTER (k IN ('openai.response.service_tier', 'gen_ai.openai.response.service_tier'))) AS capacity,
        max(v) FILTER (k = 'litellm.call_id') AS litellm_id,
        -- Only the proxy, which knows the key and the route of its caller, gives all attempts of a request one call_id.
        max(nullif(v, '')) FILTER (k IN ('metadata.user_api_key_hash', 'metadata.user_api_key_request_route')) AS proxy,
        max(v) FILTER (regexp_matches(k, '^llm[.][^.]+[.]model$')) AS raw_model,
        max(v) FILTER (k = 'litellm.model_group') AS model_group,
        max(v) FILTER (k = 'litellm.provider.model') AS deployment,
        max(v) FILTER (k = 'litellm.routing.savings_baseline_model') AS baseline,
        max(v) FILTER (k = 'litellm.routing.router_type') AS router,
        max(v) FILTER (k IN ('metadata.user_api_key_team_id', 'tenant.id', 'tenant', 'traceloop.association.properties.tenant',
            'traceloop.association.properties.tenant_id')) AS tenant_said,
        max(v) FILTER (k = 'metadata') AS metadata,
        max(v) FILTER (k IN ('user.id', 'enduser.id', 'traceloop.association.properties.user_id')) AS person,
        max(v) FILTER (k = 'intent') AS intent,
        max(v) FILTER (k = 'traffic_class') AS traffic_class
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
        coalesce(n.span.status.code, '') IN ('2', 'STATUS_CODE_ERROR') AS failed,
        coalesce(n.span.name = 'raw_gen_ai_request', false) AS raw,
        coalesce(regexp_matches(lower(concat_ws(' ', s.operation, s.kind, s.request_type)), 'embedding'), false) AS embeds,
        CASE WHEN s.proxy IS NOT NULL THEN s.litellm_id END AS call_id,
        coalesce(s.tenant_said, json_extract_string(TRY_CAST(s.metadata AS JSON), '$.tenant')) AS tenant,
        -- An error span of OpenInference names the model only in its parameters.
        coalesce(s.asked, s.asked_name, s.sdk_model, json_extract_string(TRY_CAST(s.parameters AS JSON), '$.model')) AS wanted,
        coalesce(s.answered, s.answered_name, s.sdk_answered, s.model_name, s.raw_model) AS got
    FROM numbered AS n
    LEFT JOIN said AS s ON s.span_no = n.span_no
    LEFT JOIN services AS v ON v.span_no = n.span_no
    LEFT JOIN raised AS x ON x.span_no = n.span_no
),
judged AS (
    SELECT
        *,
        -- The names without a provider in front and a snapshot or version behind; as in tiermix.tiers.
        regexp_replace(replace(regexp_replace(lower(regexp_replace(wanted, '^.*/', '')), '^((us|eu|apac|global)[.])?(anthropic|amazon|meta|mistral|cohere|ai21|deepseek|openai)[.]', ''), '.', '-'), '(-[0-9]{4}-?[0-9]{2}-?[0-9]{2}|@[0-9]{8}|-[0-9]{3,4}|-latest|-v[0-9]+(:[0-9]+)?)+$', '') AS wanted_plain,
        regexp_replace(replace(regexp_replace(lower(regexp_replace(got, '^.*/', '')), '^((us|eu|apac|global)[.])?(anthropic|amazon|meta|mistral|cohere|ai21|deepseek|openai)[.]', ''), '.', '-'), '(-[0-9]{4}-?[0-9]{2}-?[0-9]{2}|@[0-9]{8}|-[0-9]{3,4}|-latest|-v[0-9]+(:[0-9]+)?)+$', '') AS got_plain,
        CASE
            WHEN broken THEN NULL
            WHEN empty THEN true
            WHEN regexp_matches(operation, '^(execute_tool|invoke_agent|create_agent|invoke_workflow|plan|retrieval|fetch_response|(create|update|upsert|delete|search)_memory(_store)?)$')
                OR lower(traceloop_kind) IN ('workflow', 'task', 'agent', 'tool') THEN true
            WHEN logfire_type IN ('pending_span', 'log') THEN true
            WHEN sdk_operation IS NOT NULL AND NOT regexp_matches(coalesce(span_name, ''), '[.]do[A-Z]')
                AND NOT regexp_matches(sdk_operation, '[.]do[A-Z]') THEN true
            WHEN kind IS NOT NULL AND upper(kind) NOT IN ('LLM', 'EMBEDDING') THEN true
            -- A call that failed does not always say which model it asked.
            ELSE coalesce(wanted, got, deployment) IS NULL AND NOT (failed AND coalesce(upper(kind) = 'LLM', operation = 'chat', false))
        END AS skip
    FROM calls
),
-- LiteLLM as a library says all calls under a span of the application on that span, where the last one wins; only the
-- answers have a span each.
answered_raw AS (
    SELECT trace, up, count(DISTINCT id) AS raws
    FROM judged
    WHERE raw AND NOT skip
    GROUP BY trace, up
),
-- What stands directly inside of a call. Two answers are the steps of an agent, whose own span is no call.
inside AS (
    SELECT
        trace, up, embeds,
        count(DISTINCT CASE WHEN NOT failed THEN id END) AS answers, count(DISTINCT CASE WHEN failed THEN id END) AS failures
    FROM judged
    WHERE NOT skip AND NOT raw AND up <> ''
    GROUP BY trace, up, embeds
),
around AS (
    SELECT
        j.trace, j.id, j.embeds, max(j.up) AS up, bool_or(j.failed) AS failed, max(j.wanted) AS wanted,
        max(coalesce(j.provider, j.system)) AS provider, max(j.tenant) AS tenant, max(j.person) AS person,
        max(j.intent) AS intent, max(j.traffic_class) AS traffic_class, max(i.answers) AS answers, max(i.failures) AS failures
    FROM judged AS j
    JOIN inside AS i ON i.trace = j.trace AND i.up = j.id AND i.embeds = j.embeds
    WHERE NOT j.skip
    GROUP BY j.trace, j.id, j.embeds
),
-- Where one instrumentation does not know of the other, both spans of a call stand side by side, one within the other's time.
copies AS (
    SELECT a.trace, a.id
    FROM judged AS a
    JOIN (
        SELECT trace FROM judged WHERE NOT skip AND NOT raw GROUP BY trace
        HAVING count(DISTINCT scope_name) > 1 AND count(*) <= 2000  -- all are compared with all
    ) AS t ON t.trace = a.trace
    JOIN judged AS b ON b.trace = a.trace AND b.embeds = a.embeds
        AND coalesce(b.wanted_plain, b.got_plain) = coalesce(a.wanted_plain, a.got_plain)
        AND b.scope_name <> a.scope_name AND b.up <> a.id AND b.id <> a.up
        AND b.begun <= a.begun AND b.closed >= a.closed
        AND (b.begun < a.begun OR b.closed > a.closed)
    LEFT JOIN around AS r ON r.trace = b.trace AND r.id = b.id
    WHERE NOT a.skip AND NOT a.raw AND NOT b.skip AND NOT b.raw AND r.id IS NULL
    GROUP BY a.trace, a.id
),
-- Spans that calls stand in, whatever they are of, where something failed or LiteLLM says a call on a span of another.
branches AS (
    SELECT
        j.trace, j.id, max(j.up) AS up, max(j.span_name) AS name, bool_or(j.failed) AS failed, max(j.exception) AS exception,
        max(j.litellm_id) AS litellm_id
    FROM judged AS j
    JOIN (SELECT trace FROM judged WHERE failed OR raw GROUP BY trace) AS t ON t.trace = j.trace
    GROUP BY j.trace, j.id
),
placed AS (
    SELECT
        j.*,
        CASE
            WHEN j.broken THEN NULL
            WHEN j.skip THEN true
            WHEN j.raw THEN b.litellm_id IS NOT NULL AND NOT b.failed AND beside.raws < 2
            WHEN c.id IS NOT NULL OR (NOT j.failed AND own_raw.raws > 1) THEN true
            WHEN own.answers > 1 OR (j.failed AND own.failures > 0) OR (NOT j.failed AND own.answers > 0) THEN true
            ELSE NOT j.failed AND (coalesce(o.failed, false) OR coalesce(o2.failed, false))
        END AS left_out,
        coalesce(own.failures, 0) > 0 AS retried,
        j.failed AND own_raw.raws > 0 AS shared,
        coalesce(o2.up, o.up, j.up) AS top,
        -- A list of models is not what was asked for first.
        CASE WHEN NOT coalesce(o2.wanted, o.wanted) LIKE '%,%' THEN coalesce(o2.wanted, o.wanted) END AS top_wanted,
        coalesce(o.provider, o2.provider) AS top_provider,
        coalesce(o.tenant, o2.tenant) AS top_tenant,
        coalesce(o.person, o2.person) AS top_person,
        coalesce(o.intent, o2.intent) AS top_intent,
        coalesce(o.traffic_class, o2.traffic_class) AS top_class
    FROM judged AS j
    LEFT JOIN copies AS c ON c.trace = j.trace AND c.id = j.id
    LEFT JOIN answered_raw AS own_raw ON own_raw.trace = j.trace AND own_raw.up = j.id
    LEFT JOIN answered_raw AS beside ON j.raw AND beside.trace = j.trace AND beside.up = j.up
    LEFT JOIN branches AS b ON j.raw AND b.trace = j.trace AND b.id = j.up
    LEFT JOIN around AS own ON own.trace = j.trace AND own.id = j.id AND own.embeds = j.embeds
    LEFT JOIN around AS o ON o.answers < 2 AND o.trace = j.trace AND o.id = j.up AND o.embeds = j.embeds
    LEFT JOIN around AS o2 ON o2.answers < 2 AND o2.trace = o.trace AND o2.id = o.up AND o2.embeds = o.embeds
),
timed AS (
    SELECT
        p.*,
        b.name AS branch, b.up AS fork, b.failed AS branch_failed, b.exception AS branch_exception,
        -- Pydantic AI says nothing of a stream that fails, but its agent does.
        p.failed OR (b.failed AND p.pydantic IS NOT NULL AND p.answer_id IS NULL AND p.tokens_out IS NULL) AS lost,
        coalesce(wanted_plain, got_plain) AS plain,
        p.begun AS started,
        CASE WHEN shared THEN coalesce(raised_at, p.closed) ELSE p.closed END AS ended
    FROM placed AS p
    LEFT JOIN branches AS b ON NOT p.left_out AND b.trace = p.trace AND b.id = p.top
),
-- The calls in branches of one name under one span, of which one failed with its call.
twins AS (
    SELECT t.*
    FROM timed AS t
    JOIN (
        SELECT trace, fork, branch, embeds
        FROM timed
        WHERE NOT left_out AND fork <> '' AND lost AND branch_failed
        GROUP BY trace, fork, branch, embeds
    ) AS f ON f.trace = t.trace AND f.fork = t.fork AND f.branch = t.branch AND f.embeds = t.embeds
    WHERE NOT t.left_out
),
followed AS (
    SELECT
        *,
        coalesce(
            lag(id) OVER calls_in_order = id
            OR (lag(lost) OVER calls_in_order
                AND (lag(top) OVER calls_in_order = top
                     OR (lag(branch_failed) OVER calls_in_order AND lag(plain) OVER calls_in_order <> plain
                         AND lag(ended) OVER calls_in_order <= started))),
            false) AS follows
    FROM twins
    WINDOW calls_in_order AS (PARTITION BY trace, fork, branch, embeds ORDER BY ended, started, id)
),
chained AS (
    SELECT
        *,
        sum(CASE WHEN follows THEN 0 ELSE 1 END) OVER (PARTITION BY trace, fork, branch, embeds ORDER BY ended, started, id) AS chain
    FROM followed
),
begins AS (
    SELECT
        trace, id,
        first_value(top) OVER (PARTITION BY trace, fork, branch, embeds, chain ORDER BY ended, started, id) AS place
    FROM chained
),
moved AS (
    SELECT trace, id, max(place) AS place
    FROM begins
    GROUP BY trace, id
),
joined AS (
    SELECT t.*, coalesce(m.place, t.top) AS place, t.wanted_plain <> t.got_plain AS other_model
    FROM timed AS t
    LEFT JOIN moved AS m ON m.trace = t.trace AND m.id = t.id
)
SELECT
    file,
    line,
    left_out AS skip,
    trace || '/' || id AS attempt_id,
    CASE WHEN call_id IS NOT NULL THEN 'call:' || call_id
         ELSE 'span:' || trace || '/' || place || CASE WHEN embeds THEN '/embeddings' ELSE '' END END AS group_key,
    call_id IS NULL AS split,
    coalesce(call_id, trace || '/' || id) AS request_id,
    started,
    ended,
    CASE WHEN started IS NOT NULL THEN NOT coalesce(lost, false) END AS ok,
    (lower(stream) = 'true' AND call_id IS NOT NULL) OR retried OR raw AS stream,
    -- What LiteLLM says of a success over what it said of a failure before is not what was asked for first.
    CASE WHEN NOT (litellm_id IS NOT NULL AND NOT failed AND error IS NOT NULL)
        THEN coalesce(model_group, CASE WHEN NOT failed THEN top_wanted END, wanted) END
        AS requested_model,
    CASE WHEN raw OR shared OR (model_group IS NULL AND wanted IS NULL) THEN plain
         WHEN model_group IS NULL AND other_model THEN got
         ELSE coalesce(model_group, wanted) END AS route,
    -- To a caller of the proxy an answer has the name that was asked for.
    coalesce(CASE WHEN call_id IS NULL AND model_group IS NULL THEN got END, deployment, got, wanted) AS model,
    coalesce(provider, system, top_provider) AS provider,
    baseline AS intended_model,
    CASE WHEN router IS NOT NULL THEN router || '_router'
         WHEN (capacity_asked IN ('priority', 'scale') AND capacity IN ('default', 'standard', 'flex', 'batch'))
             OR (capacity_asked IN ('default', 'standard') AND capacity IN ('flex', 'batch'))
             THEN 'service_tier_' || capacity END AS reason,
    -- A gateway below the caller hides its own hops, so no failed span is not the same as no fallback.
    CASE WHEN call_id IS NOT NULL THEN false END AS fallback,
    CASE WHEN lost THEN error_code END AS status_code,
    CASE WHEN lost THEN coalesce(error, nullif(regexp_replace(coalesce(exception, branch_exception), '^.*[.]', ''), ''), 'error') END AS error,
    coalesce(tenant, top_tenant) AS tenant,
    coalesce(person, top_person) AS "user",
    service AS feature,
    coalesce(intent, top_intent) AS intent,
    coalesce(traffic_class, top_class) AS traffic_class,
    tokens_in AS input_tokens,
    tokens_out AS output_tokens,
    cost AS cost_usd
FROM joined
