-- name: ingest/fold_attempts
-- what: folds attempts into requests, one row a client request
-- from: attempts, all known attempts of the groups to fold
-- grain: request
--
-- The attempts of a request share group_key. Where that key may span several requests (split: a trace or session id), a
-- request ends with its success; after a failure the next attempt belongs to it when it starts within two minutes and not
-- before that failure: attempts of one request follow each other, but a failure may be logged up to 50 ms late, and those
-- under one id are of one request. One that goes back to the route that this request tried first after having left it
-- begins another: no fallback chain does that.
-- Attempts are ordered by their end: the start that is logged for a streamed success can be that of the whole request.

WITH ordered AS (
    SELECT
        *,
        lag(ok) OVER (PARTITION BY group_key ORDER BY ended, started, attempt_id) AS ok_before,
        lag(ended) OVER (PARTITION BY group_key ORDER BY ended, started, attempt_id) AS ended_before,
        lag(request_id) OVER (PARTITION BY group_key ORDER BY ended, started, attempt_id) AS request_before,
        row_number() OVER (PARTITION BY group_key ORDER BY ended, started, attempt_id) AS nth
    FROM attempts
),
runs AS (
    SELECT
        *,
        sum(CASE WHEN nth = 1 THEN 1
                 WHEN NOT split THEN 0
                 WHEN ok_before OR first OR started > ended_before + INTERVAL 120 SECOND THEN 1
                 WHEN started < ended_before - INTERVAL 50 MILLISECOND AND NOT stream AND (ok OR request_id <> request_before) THEN 1
                 ELSE 0 END)
            OVER (PARTITION BY group_key ORDER BY nth) AS run
    FROM ordered
),
returns AS (
    SELECT
        *,
        first_value(route) OVER (PARTITION BY group_key, run ORDER BY nth) AS first_route,
        lag(route) OVER (PARTITION BY group_key, run ORDER BY nth) AS route_before
    FROM runs
),
chains AS (
    SELECT
        *,
        sum(CASE WHEN split AND route_before IS NOT NULL AND route = first_route AND route_before <> first_route THEN 1
                 ELSE 0 END)
            OVER (PARTITION BY group_key, run ORDER BY nth) AS part
    FROM returns
),
folded AS (
    SELECT
        group_key,
        min(started) AS ts,
        min(nth) AS first_nth,
        arg_min(request_id, nth) AS request_id,
        arg_min(struct_pack(requested := requested_model, route := route, model := model, ok := ok,
                            intended := intended_model), nth) AS asked,
        max(requested_model) AS requested,
        arg_max(struct_pack(route := route, model := model, provider := provider, started := started,
                            intended := intended_model), nth) FILTER (ok) AS served,
        coalesce(bool_or(cached) FILTER (ok), false) AS cached,
        max(reason) FILTER (ok) AS reason,
        arg_min(struct_pack(error := coalesce(error, CAST(status_code AS VARCHAR))), nth) FILTER (NOT ok) AS failed,
        arg_max(struct_pack(error := coalesce(error, CAST(status_code AS VARCHAR))), nth) FILTER (NOT ok) AS failed_last,
        count(DISTINCT route) AS routes,
        count(DISTINCT route) > 1 OR coalesce(bool_or(fallback), false) AS rerouted,
        count(fallback) > 0 AS tells_fallback,
        -- Some attempts cannot tell whether the next one was a fallback; that another model answered still says something.
        count(fallback) BETWEEN 1 AND count(*) - 1 AND count(DISTINCT model) > 1 AND count(DISTINCT route) = 1 AS doubtful,
        bool_or(ok) AS any_ok,
        max(ended) AS ended,
        max(tenant) AS tenant,
        max("user") AS "user",
        max(feature) AS feature,
        max(intent) AS intent,
        max(traffic_class) AS traffic_class,
        list(struct_pack(provider := provider, model := model, tier := CAST(NULL AS VARCHAR), status_code := status_code,
                         error := error, latency_ms := (epoch_us(ended) - epoch_us(started)) / 1e3) ORDER BY nth) AS attempts,
        sum(input_tokens) FILTER (ok) AS input_tokens,
        sum(output_tokens) FILTER (ok) AS output_tokens,
        sum(cost_usd) AS cost_usd,
        sum(tool_calls) AS tool_calls,
        max(prompt_version) AS prompt_version,
        bool_or(drill) AS drill
    FROM chains
    GROUP BY group_key, run, part
)
SELECT
    ts,
    -- Requests of one group may begin with attempts that carry one id.
    request_id || CASE WHEN row_number() OVER (PARTITION BY group_key, request_id ORDER BY ts, first_nth) > 1
        THEN '#' || CAST(row_number() OVER (PARTITION BY group_key, request_id ORDER BY ts, first_nth) AS VARCHAR) ELSE '' END
        AS request_id,
    true AS has_id,
    -- A model that answered says nothing of what was asked for; one that failed was asked for.
    -- A fallback that fired without its failed attempt in the log leaves unknown what was asked for.
    CASE WHEN NOT (routes <= 1 AND any_ok AND rerouted) THEN coalesce(asked.requested, requested, CASE WHEN NOT asked.ok THEN coalesce(asked.route, asked.model) END)
        END AS requested_model,
    served.model AS served_model,
    served.provider AS provider,
    CASE WHEN NOT doubtful THEN served.route END AS route,
    coalesce(served.intended, asked.intended, CASE WHEN asked.requested IS NOT NULL OR NOT asked.ok THEN asked.model END)
        AS intended_model,
    CAST(NULL AS VARCHAR) AS logged_tier,
    CAST(NULL AS VARCHAR) AS logged_intended,
    cached,
    CASE WHEN rerouted OR doubtful OR NOT any_ok THEN failed.error
         WHEN cached THEN 'cache_hit'
         ELSE reason END AS reason,
    CASE WHEN any_ok THEN 'ok' ELSE 'error' END AS status,
    CASE WHEN any_ok AND rerouted THEN true WHEN tells_fallback AND NOT doubtful THEN false END AS fallback,
    tenant,
    "user",
    feature,
    intent,
    traffic_class,
    attempts,
    (epoch_us(ended) - epoch_us(ts)) / 1e3 AS latency_ms,
    CASE WHEN any_ok AND failed IS NOT NULL THEN greatest((epoch_us(served.started) - epoch_us(ts)) / 1e3, 0) END
        AS fallback_latency_ms,
    CAST(input_tokens AS BIGINT) AS input_tokens,
    CAST(output_tokens AS BIGINT) AS output_tokens,
    cost_usd,
    CASE WHEN NOT any_ok THEN failed_last.error END AS error,
    CAST(tool_calls AS BIGINT) AS tool_calls,
    CAST(NULL AS BIGINT) AS tool_ok,
    CAST(NULL AS BOOLEAN) AS agent_override,
    CAST(NULL AS BOOLEAN) AS schema_valid,
    CAST(NULL AS DOUBLE) AS cache_age_s,
    prompt_version,
    drill,
    group_key
FROM folded
