-- source: otel
-- what: the calls among spans, one row an attempt, from what stands around each in its trace
--
-- An answer of another model than was asked for, without an error, was switched below the caller; why is not said.
-- Attempts of a request share a parent span (without one, the trace); those of LiteLLM's proxy share litellm.call_id, which
-- its raw_gen_ai_request take from the failure that they follow.
-- Where spans of one call stand inside of each other (an SDK's own, an instrumentation's, a framework's), the inner ones
-- are the attempts and the outer one is left out, unless only the outer one shows how the call ended.
-- A branch that failed (an agent's run, a chain) and its next twin, which asks another model, are one request.

WITH judged AS (
    SELECT
        *,
        -- The names without a provider in front and a snapshot or version behind; as in tiermix.tiers.
        regexp_replace(replace(regexp_replace(lower(regexp_replace(wanted, '^.*/', '')), '^((us|eu|apac|global)[.])?(anthropic|amazon|meta|mistral|cohere|ai21|deepseek|openai)[.]', ''), '.', '-'), '(-[0-9]{4}-?[0-9]{2}-?[0-9]{2}|@[0-9]{8}|-[0-9]{3,4}|-latest|-v[0-9]+(:[0-9]+)?)+$', '') AS wanted_plain,
        regexp_replace(replace(regexp_replace(lower(regexp_replace(got, '^.*/', '')), '^((us|eu|apac|global)[.])?(anthropic|amazon|meta|mistral|cohere|ai21|deepseek|openai)[.]', ''), '.', '-'), '(-[0-9]{4}-?[0-9]{2}-?[0-9]{2}|@[0-9]{8}|-[0-9]{3,4}|-latest|-v[0-9]+(:[0-9]+)?)+$', '') AS got_plain
    FROM spans
),
-- LiteLLM says all calls under a span on that span, of the application (where the last one wins) or of its proxy (where
-- the first failure stays); only the answers have a span each.
answered_raw AS (
    SELECT trace, up, count(DISTINCT id) AS raws
    FROM judged
    WHERE raw AND NOT skip
    GROUP BY trace, up
),
-- An answer belongs to the request of the proxy whose failure stands on the span around it, or on one beside it: a streamed
-- answer is said under the span of the whole request, and a failure before it on the span of the endpoint.
rescues AS (
    SELECT r.trace, r.id, max(f.call_id) AS call_id, max(f.plain) AS plain, max(f.route) AS route
    FROM judged AS r
    JOIN (
        SELECT trace, id AS near, call_id, coalesce(wanted_plain, got_plain) AS plain, coalesce(model_group, wanted) AS route
        FROM judged
        WHERE failed AND NOT skip AND call_id IS NOT NULL
        UNION ALL
        SELECT trace, up, call_id, coalesce(wanted_plain, got_plain), coalesce(model_group, wanted)
        FROM judged
        WHERE failed AND NOT skip AND call_id IS NOT NULL AND up <> ''
    ) AS f ON f.trace = r.trace AND f.near = r.up
    WHERE r.raw AND NOT r.skip
    GROUP BY r.trace, r.id
    HAVING count(DISTINCT f.call_id) = 1
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
        max(j.provider) AS provider, max(j.tenant) AS tenant, max(j."user") AS "user",
        max(j.intent) AS intent, max(j.traffic_class) AS traffic_class, max(i.answers) AS answers, max(i.failures) AS failures
    FROM judged AS j
    JOIN inside AS i ON i.trace = j.trace AND i.up = j.id AND i.embeds = j.embeds
    WHERE NOT j.skip
    GROUP BY j.trace, j.id, j.embeds
),
-- Where one instrumentation does not know of the other, both spans of a call stand side by side, one within the other's time.
near AS (
    SELECT DISTINCT
        a.trace, a.id, b.id AS other, a.scope_name AS scope, b.scope_name AS other_scope, a.failed = b.failed AS alike,
        CASE WHEN a.got_plain <> a.wanted_plain THEN a.got END AS switched_to,
        TRY_CAST(a.begun AS BIGINT) - TRY_CAST(b.begun AS BIGINT) + TRY_CAST(b.closed AS BIGINT) - TRY_CAST(a.closed AS BIGINT) AS apart
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
),
-- Of two instrumentations one is the inner, as the pair shows that is the closest.
directed AS (
    SELECT
        *,
        first_value(scope) OVER (PARTITION BY trace, least(scope, other_scope), greatest(scope, other_scope) ORDER BY apart, scope)
            AS inner_scope
    FROM near
),
copies AS (
    SELECT trace, id
    FROM directed
    WHERE scope = inner_scope
    GROUP BY trace, id
),
-- Of calls at the same time, the two spans that are each the other's nearest are of one.
measured AS (
    SELECT
        trace, other, switched_to, apart,
        min(apart) OVER (PARTITION BY trace, id, other_scope) AS nearest_around,
        min(apart) OVER (PARTITION BY trace, other, scope) AS nearest_within
    FROM directed
    WHERE scope = inner_scope AND alike
),
-- Only the SDK sees that another model answered than was asked for; what a framework names is often the one it asked.
switches AS (
    SELECT trace, other AS id, max(switched_to) AS got
    FROM measured
    WHERE apart = nearest_around AND apart = nearest_within
    GROUP BY trace, other
),
-- Spans that calls stand in, whatever they are of, where something failed or LiteLLM says a call on a span of another.
branches AS (
    SELECT
        j.trace, j.id, max(j.up) AS up, max(j.branch) AS name, bool_or(j.failed) AS failed, max(j.exception) AS exception,
        coalesce(max(j.litellm_id) IS NOT NULL OR bool_or(NOT j.skip AND NOT j.raw), false) AS calls,
        coalesce(bool_or(j.by_proxy), false) AS by_proxy
    FROM judged AS j
    JOIN (SELECT trace FROM judged WHERE failed OR raw GROUP BY trace) AS t ON t.trace = j.trace
    GROUP BY j.trace, j.id
),
placed AS (
    SELECT
        j.* EXCLUDE (call_id, got, got_plain),
        coalesce(other.got, j.got) AS got,
        CASE WHEN other.got IS NULL THEN j.got_plain ELSE '' END AS got_plain,  -- other than what was asked for
        j.call_id AS own_call_id,
        coalesce(j.call_id, rescue.call_id) AS call_id,
        -- No deployment of the group that was asked for was free.
        j.failed AND j.error = 'RouterRateLimitError' AND j.call_id IS NOT NULL AS cooled,
        rescue.plain AS failed_plain,
        rescue.route AS failed_route,
        CASE
            WHEN j.skip IS NULL THEN NULL
            WHEN j.skip THEN true
            WHEN j.raw THEN b.calls AND NOT b.failed AND (beside.raws < 2 OR b.by_proxy)
            WHEN c.id IS NOT NULL OR (NOT j.failed AND own_raw.raws > 1 AND NOT coalesce(j.by_proxy, false)) THEN true
            WHEN own.answers > 1 OR (j.failed AND own.failures > 0) OR (NOT j.failed AND own.answers > 0) THEN true
            ELSE NOT j.failed AND (coalesce(o.failed, false) OR coalesce(o2.failed, false))
        END AS left_out,
        coalesce(own.failures, 0) > 0 AS retried,
        j.failed AND (coalesce(own_raw.raws, 0) > 0 OR helped.call_id IS NOT NULL) AS shared,
        coalesce(o2.up, o.up, j.up) AS top,
        -- A list of models is not what was asked for first.
        CASE WHEN NOT coalesce(o2.wanted, o.wanted) LIKE '%,%' THEN coalesce(o2.wanted, o.wanted) END AS top_wanted,
        coalesce(o.provider, o2.provider) AS top_provider,
        coalesce(o.tenant, o2.tenant) AS top_tenant,
        coalesce(o."user", o2."user") AS top_user,
        coalesce(o.intent, o2.intent) AS top_intent,
        coalesce(o.traffic_class, o2.traffic_class) AS top_class
    FROM judged AS j
    LEFT JOIN copies AS c ON c.trace = j.trace AND c.id = j.id
    LEFT JOIN switches AS other ON other.trace = j.trace AND other.id = j.id
    LEFT JOIN answered_raw AS own_raw ON own_raw.trace = j.trace AND own_raw.up = j.id
    LEFT JOIN answered_raw AS beside ON j.raw AND beside.trace = j.trace AND beside.up = j.up
    LEFT JOIN rescues AS rescue ON j.raw AND rescue.trace = j.trace AND rescue.id = j.id
    LEFT JOIN (SELECT trace, call_id FROM rescues GROUP BY trace, call_id) AS helped
        ON helped.trace = j.trace AND helped.call_id = j.call_id
    LEFT JOIN branches AS b ON j.raw AND b.trace = j.trace AND b.id = j.up
    LEFT JOIN around AS own ON own.trace = j.trace AND own.id = j.id AND own.embeds = j.embeds
    LEFT JOIN around AS o ON o.answers < 2 AND o.trace = j.trace AND o.id = j.up AND o.embeds = j.embeds
    LEFT JOIN around AS o2 ON o2.answers < 2 AND o2.trace = o.trace AND o2.id = o.up AND o2.embeds = o.embeds
),
timed AS (
    SELECT
        p.* EXCLUDE (branch),
        b.name AS branch, b.up AS fork, b.failed AS branch_failed, b.exception AS branch_exception,
        -- The agent around a stream says that it failed.
        p.failed OR (b.failed AND p.unanswered) AS lost,
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
-- Langfuse's client says of whom a trace is, and on any of its spans.
whose AS (
    SELECT
        trace,
        CASE WHEN count(DISTINCT tenant) = 1 THEN max(tenant) END AS tenant,
        CASE WHEN count(DISTINCT "user") = 1 THEN max("user") END AS "user",
        CASE WHEN count(DISTINCT intent) = 1 THEN max(intent) END AS intent,
        CASE WHEN count(DISTINCT traffic_class) = 1 THEN max(traffic_class) END AS traffic_class
    FROM judged
    WHERE scope_name = 'langfuse-sdk'
    GROUP BY trace
),
joined AS (
    SELECT t.*, coalesce(m.place, t.top) AS place,
        w.tenant AS trace_tenant, w."user" AS trace_user, w.intent AS trace_intent, w.traffic_class AS trace_class,
        -- To a caller of the proxy an answer has the name that was asked for.
        t.wanted_plain <> t.got_plain AND (t.own_call_id IS NULL OR t.deployment IS NULL) AS other_model,
        -- Such a failure may name what stood in, if that was chosen before LiteLLM wrote it down: a deployment for a group.
        coalesce(t.cooled AND t.model_group <> t.wanted, false) AS overwritten
    FROM timed AS t
    LEFT JOIN moved AS m ON m.trace = t.trace AND m.id = t.id
    LEFT JOIN whose AS w ON w.trace = t.trace
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
    (stream AND by_proxy) OR retried OR raw AS stream,
    -- What LiteLLM says of a success over what it said of a failure before is not what was asked for first.
    CASE WHEN NOT (litellm_id IS NOT NULL AND NOT failed AND error IS NOT NULL) AND NOT overwritten
        THEN coalesce(model_group, CASE WHEN NOT failed THEN top_wanted END, wanted) END
        AS requested_model,
    CASE WHEN overwritten THEN NULL
         WHEN raw AND plain = failed_plain THEN failed_route
         WHEN raw OR (shared AND own_call_id IS NULL) OR (model_group IS NULL AND wanted IS NULL) THEN plain
         WHEN model_group IS NULL AND other_model THEN got
         ELSE coalesce(model_group, wanted) END AS route,
    CASE WHEN NOT overwritten
        THEN coalesce(CASE WHEN call_id IS NULL AND model_group IS NULL THEN got END, deployment, got, wanted) END AS model,
    coalesce(provider, top_provider) AS provider,
    intended_model,
    reason,
    coalesce(cached, false) AS cached,
    -- A gateway below the caller hides its own hops, so no failed span is not the same as no fallback. LiteLLM's router does
    -- not try a group again that has no deployment free.
    CASE WHEN cooled THEN true
         WHEN own_call_id IS NOT NULL AND NOT shared THEN false END AS fallback,
    CASE WHEN lost THEN error_code END AS status_code,
    CASE WHEN lost THEN coalesce(error, nullif(regexp_replace(coalesce(exception, branch_exception), '^.*[.]', ''), ''), 'error') END AS error,
    coalesce(tenant, top_tenant, trace_tenant) AS tenant,
    coalesce("user", top_user, trace_user) AS "user",
    feature,
    coalesce(intent, top_intent, trace_intent) AS intent,
    coalesce(traffic_class, top_class, trace_class) AS traffic_class,
    input_tokens,
    output_tokens,
    cost_usd
FROM joined
