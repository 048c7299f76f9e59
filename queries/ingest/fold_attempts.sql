-- name: ingest/fold_attempts
-- what: folds attempts into requests, one row a client request
-- from: attempts, all known attempts of the groups to fold
-- grain: request
--
-- The attempts of a request share group_key. Where that key may span several requests (split: a trace or session id), a
-- request ends with its success; after a failure the next attempt belongs to it when it starts within a minute, unless
-- it goes back to the route that this request tried first after having left it: no fallback chain does that.
-- Attempts are ordered by their end, because the success of a streamed answer starts before the failures it survived.

WITH ordered AS (
    SELECT
        *,
        lag(ok) OVER (PARTITION BY group_key ORDER BY ended, started, attempt_id) AS ok_before,
        lag(ended) OVER (PARTITION BY group_key ORDER BY ended, started, attempt_id) AS ended_before,
        row_number() OVER (PARTITION BY group_key ORDER BY ended, started, attempt_id) AS nth
    FROM attempts
),
runs AS (
    SELECT
        *,
        sum(CASE WHEN nth = 1 THEN 1
                 WHEN NOT split THEN 0
                 WHEN ok_before OR started > ended_before + INTERVAL 60 SECOND THEN 1
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
        arg_min(source, nth) AS source,
        min(started) AS ts,
        arg_min(request_id, nth) AS request_id,
        arg_min(struct_pack(route := route, model := model, intended := intended_model), nth) AS asked,
        arg_max(struct_pack(route := route, model := model, provider := provider, cached := cached, started := started,
                            reason := reason, intended := intended_model), nth) FILTER (ok) AS served,
        arg_min(struct_pack(error := coalesce(error, CAST(status_code AS VARCHAR))), nth) FILTER (NOT ok) AS failed,
        arg_max(struct_pack(error := coalesce(error, CAST(status_code AS VARCHAR))), nth) FILTER (NOT ok) AS failed_last,
        count(DISTINCT route) > 1 OR coalesce(bool_or(fallback), false) AS rerouted,
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
    request_id,
    true AS has_id,
    coalesce(asked.route, asked.model) AS requested_model,
    served.model AS served_model,
    served.provider AS provider,
    served.route AS route,
    coalesce(served.intended, asked.intended, asked.model) AS intended_model,
    CAST(NULL AS VARCHAR) AS logged_tier,
    CAST(NULL AS VARCHAR) AS logged_intended,
    coalesce(served.cached, false) AS cached,
    CASE WHEN rerouted OR NOT any_ok THEN failed.error
         WHEN served.cached THEN 'cache_hit'
         ELSE served.reason END AS reason,
    CASE WHEN any_ok THEN 'ok' ELSE 'error' END AS status,
    any_ok AND rerouted AS fallback,
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
    source,
    group_key
FROM folded
