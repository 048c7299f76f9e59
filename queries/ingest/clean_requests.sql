-- name: ingest/clean_requests
-- what: types what a dialect projected, one row a request, and says of a row that cannot be used why (column bad)
-- from: projected, the output of a dialect's projection; every scalar is text, as the log had it
-- params: hash_key varchar
-- grain: line

SELECT
    *,
    -- What tells a request without an id from others: what it says, however that is spelled.
    CASE WHEN NOT has_id THEN md5(CAST(struct_pack(moment := epoch_us(ts), logged_tier, logged_intended, requested_model,
        served_model, provider, route, cached, reason, attempts, status, fallback, latency_ms, fallback_latency_ms, input_tokens,
        output_tokens, cost_usd, error, tool_calls, tool_ok, agent_override, schema_valid, cache_age_s, prompt_version, drill,
        tenant, "user", feature, intent, traffic_class) AS VARCHAR)) END AS digest
FROM (
    SELECT
        file,
        line,
        coalesce(skip, false) AS skip,
        make_timestamptz(ts_us) AS ts,
        CASE WHEN strlen(request_id) > 256 THEN md5(request_id) ELSE nullif(request_id, '') END AS request_id,
        nullif(request_id, '') IS NOT NULL AS has_id,
        bounded(requested_model) AS requested_model,
        bounded(served_model) AS served_model,
        bounded(provider) AS provider,
        bounded(route) AS route,
        bounded(intended_model) AS intended_model,
        bounded(tier) AS logged_tier,
        bounded(intended_tier) AS logged_intended,
        coalesce(TRY_CAST(cached AS BOOLEAN), false) AS cached,
        bounded(reason) AS reason,
        coalesce(state, CASE WHEN tier = 'unserved' THEN 'error' ELSE 'ok' END) AS status,
        TRY_CAST(fallback AS BOOLEAN) AS fallback,
        identity(tenant, $hash_key) AS tenant,
        identity(who, $hash_key) AS "user",
        bounded(feature) AS feature,
        bounded(intent) AS intent,
        bounded(traffic_class) AS traffic_class,
        tries AS attempts,
        latency_ms_is AS latency_ms,
        fallback_latency_ms_is AS fallback_latency_ms,
        whole(input_tokens_is) AS input_tokens,
        whole(output_tokens_is) AS output_tokens,
        cost_usd_is AS cost_usd,
        bounded(error) AS error,
        whole(tool_calls_is) AS tool_calls,
        CASE lower(tool_ok) WHEN 'true' THEN coalesce(whole(tool_calls_is), 1) WHEN 'false' THEN 0 ELSE whole(tool_ok_is) END AS tool_ok,
        TRY_CAST(agent_override AS BOOLEAN) AS agent_override,
        TRY_CAST(schema_valid AS BOOLEAN) AS schema_valid,
        cache_age_s_is AS cache_age_s,
        bounded(prompt_version) AS prompt_version,
        coalesce(TRY_CAST(drill AS BOOLEAN), false) AS drill,
        CASE
            WHEN nullif(ts, '') IS NULL THEN 'ts is missing'
            WHEN ts_us IS NULL THEN 'ts is not a time'
            WHEN ts_us < 946684800000000 OR ts_us >= 4102444800000000 THEN 'ts lies before 2000 or after 2099'
            WHEN astray(ts) THEN 'ts has an offset that no zone has'
            WHEN nested(tier) THEN 'tier is not a text'
            WHEN nested(intended_tier) THEN 'intended_tier is not a text'
            WHEN nested(request_id) THEN 'request_id is not a text'
            WHEN fallback IS NOT NULL AND TRY_CAST(fallback AS BOOLEAN) IS NULL THEN 'fallback is not a boolean'
            WHEN drill IS NOT NULL AND TRY_CAST(drill AS BOOLEAN) IS NULL THEN 'drill is not a boolean'
        END AS uncounted,
        CASE
            WHEN skip THEN NULL
            WHEN ts IS NULL AND tier IS NULL AND served_model IS NULL AND request_id IS NULL
                THEN 'not a JSON object with the fields of this source'
            WHEN uncounted IS NOT NULL THEN uncounted
            WHEN nullif(tier, '') IS NULL AND nullif(served_model, '') IS NULL
                AND coalesce(state, 'ok') <> 'error' AND NOT coalesce(TRY_CAST(cached AS BOOLEAN), false)
                THEN 'tier or served_model is missing'
            WHEN nested(served_model) THEN 'served_model is not a text'
            WHEN nested(requested_model) THEN 'requested_model is not a text'
            WHEN nested(tenant) THEN 'tenant is not a text'
            WHEN nested(who) THEN 'user is not a text'
            WHEN nested(feature) THEN 'feature is not a text'
            WHEN nested(intent) THEN 'intent is not a text'
            WHEN nested(traffic_class) THEN 'traffic_class is not a text'
            WHEN nested(provider) THEN 'provider is not a text'
            WHEN nested(reason) THEN 'reason is not a text'
            WHEN tried AND coalesce(len(list_filter(tries, lambda a: coalesce(a.provider, a.model, a.tier, a.error,
                    CAST(a.status_code AS VARCHAR), CAST(a.latency_ms AS VARCHAR)) IS NULL)) > 0, true)
                THEN 'attempts is not a list of attempts'
            WHEN status IS NOT NULL AND state IS NULL THEN 'status is not ok, error or refused'
            WHEN latency_ms IS NOT NULL AND coalesce(NOT latency_ms_is BETWEEN 0 AND 1e12, true)
                THEN 'latency_ms is not a number from 0 to 1e12'
            WHEN fallback_latency_ms IS NOT NULL
                AND coalesce(NOT fallback_latency_ms_is BETWEEN 0 AND 1e12, true)
                THEN 'fallback_latency_ms is not a number from 0 to 1e12'
            WHEN input_tokens IS NOT NULL AND whole(input_tokens_is) IS NULL THEN 'input_tokens is not a whole number from 0 to 1e12'
            WHEN output_tokens IS NOT NULL AND whole(output_tokens_is) IS NULL
                THEN 'output_tokens is not a whole number from 0 to 1e12'
            WHEN cost_usd IS NOT NULL AND coalesce(NOT cost_usd_is BETWEEN 0 AND 1e9, true)
                THEN 'cost_usd is not a number from 0 to 1e9'
            WHEN cache_age_s IS NOT NULL AND coalesce(NOT cache_age_s_is BETWEEN 0 AND 1e12, true)
                THEN 'cache_age_s is not a number from 0 to 1e12'
            WHEN tool_calls IS NOT NULL AND coalesce(NOT whole(tool_calls_is) <= 1000000, true)
                THEN 'tool_calls is not a whole number from 0 to 1e6'
            WHEN tool_ok IS NOT NULL AND lower(tool_ok) NOT IN ('true', 'false') AND coalesce(NOT whole(tool_ok_is) <= 1000000, true)
                THEN 'tool_ok is neither a boolean nor a whole number from 0 to 1e6'
            WHEN agent_override IS NOT NULL AND TRY_CAST(agent_override AS BOOLEAN) IS NULL
                THEN 'agent_override is not a boolean'
            WHEN schema_valid IS NOT NULL AND TRY_CAST(schema_valid AS BOOLEAN) IS NULL THEN 'schema_valid is not a boolean'
        END AS bad
    FROM (
        SELECT
            *,
            time_us(ts) AS ts_us,
            person("user") AS who,
            TRY_CAST(latency_ms AS DOUBLE) AS latency_ms_is,
            TRY_CAST(fallback_latency_ms AS DOUBLE) AS fallback_latency_ms_is,
            TRY_CAST(input_tokens AS DOUBLE) AS input_tokens_is,
            TRY_CAST(output_tokens AS DOUBLE) AS output_tokens_is,
            TRY_CAST(cost_usd AS DOUBLE) AS cost_usd_is,
            TRY_CAST(tool_calls AS DOUBLE) AS tool_calls_is,
            TRY_CAST(tool_ok AS DOUBLE) AS tool_ok_is,
            TRY_CAST(cache_age_s AS DOUBLE) AS cache_age_s_is,
            attempts IS NOT NULL AS tried,
            TRY_CAST(attempts AS STRUCT(provider VARCHAR, model VARCHAR, tier VARCHAR, status_code INTEGER, error VARCHAR, latency_ms DOUBLE)[])
                AS tries,
            CASE
                WHEN lower(status) IN ('ok', 'success', 'succeeded') THEN 'ok'
                WHEN lower(status) IN ('error', 'failure', 'failed') THEN 'error'
                WHEN lower(status) = 'refused' THEN 'refused'
                WHEN TRY_CAST(status AS INTEGER) BETWEEN 100 AND 399 THEN 'ok'
                WHEN TRY_CAST(status AS INTEGER) BETWEEN 400 AND 599 THEN 'error'
            END AS state
        FROM projected
    ) AS parsed
) AS cleaned
