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
    nullif(left(trim(requested_model), 256), '') AS requested_model,
    nullif(left(trim(route), 256), '') AS route,
    nullif(left(trim(model), 256), '') AS model,
    nullif(left(trim(provider), 256), '') AS provider,
    nullif(left(trim(intended_model), 256), '') AS intended_model,
    nullif(left(trim(reason), 256), '') AS reason,
    coalesce(cached, false) AS cached,
    fallback,
    TRY_CAST(status_code AS INTEGER) AS status_code,
    nullif(left(trim(error), 256), '') AS error,
    CASE WHEN $hash_key IS NULL THEN nullif(left(trim(tenant), 256), '')
         ELSE left(sha256($hash_key || sha256($hash_key || tenant)), 32) END AS tenant,
    CASE WHEN $hash_key IS NULL THEN nullif(left(trim("user"), 256), '')
         ELSE left(sha256($hash_key || sha256($hash_key || "user")), 32) END AS "user",
    nullif(left(trim(feature), 256), '') AS feature,
    nullif(left(trim(intent), 256), '') AS intent,
    nullif(left(trim(traffic_class), 256), '') AS traffic_class,
    greatest(TRY_CAST(input_tokens AS BIGINT), 0) AS input_tokens,
    greatest(TRY_CAST(output_tokens AS BIGINT), 0) AS output_tokens,
    CASE WHEN TRY_CAST(cost_usd AS DOUBLE) BETWEEN 0 AND 1e9 THEN TRY_CAST(cost_usd AS DOUBLE) END AS cost_usd,
    greatest(tool_calls, 0) AS tool_calls,
    nullif(left(trim(prompt_version), 256), '') AS prompt_version,
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
        CASE
            WHEN TRY_CAST(started AS DOUBLE) IS NULL THEN epoch_us(TRY_CAST(started AS TIMESTAMPTZ))
            WHEN abs(TRY_CAST(started AS DOUBLE)) < 1e11 THEN TRY_CAST(round(TRY_CAST(started AS DOUBLE) * 1e6) AS BIGINT)
            WHEN abs(TRY_CAST(started AS DOUBLE)) < 1e14 THEN TRY_CAST(round(TRY_CAST(started AS DOUBLE) * 1e3) AS BIGINT)
            WHEN abs(TRY_CAST(started AS DOUBLE)) < 1e17 THEN TRY_CAST(round(TRY_CAST(started AS DOUBLE)) AS BIGINT)
            ELSE TRY_CAST(round(TRY_CAST(started AS DOUBLE) / 1e3) AS BIGINT)
        END AS started_us,
        CASE
            WHEN TRY_CAST(ended AS DOUBLE) IS NULL THEN epoch_us(TRY_CAST(ended AS TIMESTAMPTZ))
            WHEN abs(TRY_CAST(ended AS DOUBLE)) < 1e11 THEN TRY_CAST(round(TRY_CAST(ended AS DOUBLE) * 1e6) AS BIGINT)
            WHEN abs(TRY_CAST(ended AS DOUBLE)) < 1e14 THEN TRY_CAST(round(TRY_CAST(ended AS DOUBLE) * 1e3) AS BIGINT)
            WHEN abs(TRY_CAST(ended AS DOUBLE)) < 1e17 THEN TRY_CAST(round(TRY_CAST(ended AS DOUBLE)) AS BIGINT)
            ELSE TRY_CAST(round(TRY_CAST(ended AS DOUBLE) / 1e3) AS BIGINT)
        END AS ended_us
    FROM projected
) AS parsed
