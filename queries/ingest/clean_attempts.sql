-- name: ingest/clean_attempts
-- what: types what a dialect projected, one row an attempt, and says of a row that cannot be used why (column bad)
-- from: projected, the output of a dialect's projection
-- params: hash_key varchar
-- grain: line

SELECT
    file,
    line,
    coalesce(skip, false) AS skip,
    attempt_id,
    group_key,
    coalesce(split, false) AS split,
    CASE WHEN length(request_id) > 256 THEN md5(request_id) ELSE request_id END AS request_id,
    make_timestamptz(started_us) AS started,
    make_timestamptz(
        greatest(coalesce(ended_us, started_us + CAST(TRY_CAST(latency_ms AS DOUBLE) * 1e3 AS BIGINT), started_us), started_us)
    ) AS ended,
    coalesce(ok, false) AS ok,
    coalesce(stream, false) AS stream,
    coalesce(first, false) AS first,
    CASE WHEN strlen(requested_model) > 256 THEN left(requested_model, 256) ELSE nullif(requested_model, '') END AS requested_model,
    CASE WHEN strlen(route) > 256 THEN left(route, 256) ELSE nullif(route, '') END AS route,
    CASE WHEN strlen(model) > 256 THEN left(model, 256) ELSE nullif(model, '') END AS model,
    CASE WHEN strlen(provider) > 256 THEN left(provider, 256) ELSE nullif(provider, '') END AS provider,
    CASE WHEN strlen(intended_model) > 256 THEN left(intended_model, 256) ELSE nullif(intended_model, '') END AS intended_model,
    CASE WHEN strlen(reason) > 256 THEN left(reason, 256) ELSE nullif(reason, '') END AS reason,
    coalesce(cached, false) AS cached,
    fallback,
    TRY_CAST(status_code AS INTEGER) AS status_code,
    CASE WHEN strlen(error) > 256 THEN left(error, 256) ELSE nullif(error, '') END AS error,
    CASE WHEN $hash_key IS NULL THEN CASE WHEN strlen(tenant) > 256 THEN left(tenant, 256) ELSE nullif(tenant, '') END
         ELSE left(sha256($hash_key || sha256($hash_key || tenant)), 32) END AS tenant,
    CASE WHEN $hash_key IS NULL THEN CASE WHEN strlen("user") > 256 THEN left("user", 256) ELSE nullif("user", '') END
         ELSE left(sha256($hash_key || sha256($hash_key || "user")), 32) END AS "user",
    CASE WHEN strlen(feature) > 256 THEN left(feature, 256) ELSE nullif(feature, '') END AS feature,
    CASE WHEN strlen(intent) > 256 THEN left(intent, 256) ELSE nullif(intent, '') END AS intent,
    CASE WHEN strlen(traffic_class) > 256 THEN left(traffic_class, 256) ELSE nullif(traffic_class, '') END AS traffic_class,
    greatest(TRY_CAST(input_tokens AS BIGINT), 0) AS input_tokens,
    greatest(TRY_CAST(output_tokens AS BIGINT), 0) AS output_tokens,
    CASE WHEN TRY_CAST(cost_usd AS DOUBLE) BETWEEN 0 AND 1e9 THEN TRY_CAST(cost_usd AS DOUBLE) END AS cost_usd,
    greatest(tool_calls, 0) AS tool_calls,
    CASE WHEN strlen(prompt_version) > 256 THEN left(prompt_version, 256) ELSE nullif(prompt_version, '') END AS prompt_version,
    coalesce(drill, false) AS drill,
    CASE
        WHEN skip THEN NULL
        WHEN started IS NULL AND group_key IS NULL AND model IS NULL
            THEN 'not a JSON object with the fields of this source'
        WHEN group_key IS NULL OR attempt_id IS NULL THEN 'there is no id to join the attempts of a request by'
        WHEN started IS NULL THEN 'the start time is missing'
        WHEN started_us IS NULL THEN 'the start time is not a time'
        WHEN started_us < 946684800000000 OR started_us >= 4102444800000000
            THEN 'the start time lies before 2000 or after 2099'
        WHEN ok IS NULL THEN 'the record does not say whether the attempt succeeded'
    END AS bad
FROM (
    SELECT
        *,
        -- Seconds, milliseconds, microseconds or nanoseconds since 1970 are told apart by their size.
        coalesce(
            epoch_us(TRY_CAST(started AS TIMESTAMPTZ)),
            CASE
                WHEN abs(TRY_CAST(started AS DOUBLE)) < 1e11 THEN TRY_CAST(round(TRY_CAST(started AS DOUBLE) * 1e6) AS BIGINT)
                WHEN abs(TRY_CAST(started AS DOUBLE)) < 1e14 THEN TRY_CAST(round(TRY_CAST(started AS DOUBLE) * 1e3) AS BIGINT)
                WHEN abs(TRY_CAST(started AS DOUBLE)) < 1e17 THEN TRY_CAST(round(TRY_CAST(started AS DOUBLE)) AS BIGINT)
                ELSE TRY_CAST(round(TRY_CAST(started AS DOUBLE) / 1e3) AS BIGINT)
            END
        ) AS started_us,
        coalesce(
            epoch_us(TRY_CAST(ended AS TIMESTAMPTZ)),
            CASE
                WHEN abs(TRY_CAST(ended AS DOUBLE)) < 1e11 THEN TRY_CAST(round(TRY_CAST(ended AS DOUBLE) * 1e6) AS BIGINT)
                WHEN abs(TRY_CAST(ended AS DOUBLE)) < 1e14 THEN TRY_CAST(round(TRY_CAST(ended AS DOUBLE) * 1e3) AS BIGINT)
                WHEN abs(TRY_CAST(ended AS DOUBLE)) < 1e17 THEN TRY_CAST(round(TRY_CAST(ended AS DOUBLE)) AS BIGINT)
                ELSE TRY_CAST(round(TRY_CAST(ended AS DOUBLE) / 1e3) AS BIGINT)
            END
        ) AS ended_us
    FROM projected
) AS parsed
