-- name: ingest/clean_attempts
-- what: types what a dialect projected, one row an attempt, and says of a row that cannot be used why (column bad)
-- from: projected, the output of a dialect's projection
-- params: hash_key varchar
-- grain: line
-- A number that cannot be, such as negative tokens, counts as missing: what the gateway says of the attempt still holds.

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
        greatest(coalesce(ended_us, started_us + took_us, started_us), started_us)
    ) AS ended,
    coalesce(ok, false) AS ok,
    coalesce(stream, false) AS stream,
    coalesce(first, false) AS first,
    bounded(requested_model) AS requested_model,
    bounded(route) AS route,
    bounded(model) AS model,
    bounded(provider) AS provider,
    bounded(intended_model) AS intended_model,
    bounded(reason) AS reason,
    coalesce(cached, false) AS cached,
    fallback,
    TRY_CAST(status_code AS INTEGER) AS status_code,
    bounded(error) AS error,
    identity(tenant, $hash_key) AS tenant,
    identity(person("user"), $hash_key) AS "user",
    bounded(feature) AS feature,
    bounded(intent) AS intent,
    bounded(traffic_class) AS traffic_class,
    whole(input_tokens) AS input_tokens,
    whole(output_tokens) AS output_tokens,
    CASE WHEN TRY_CAST(cost_usd AS DOUBLE) BETWEEN 0 AND 1e9 THEN TRY_CAST(cost_usd AS DOUBLE) END AS cost_usd,
    whole(tool_calls) AS tool_calls,
    bounded(prompt_version) AS prompt_version,
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
        WHEN astray(started) THEN 'the start time has an offset that no zone has'
        WHEN ok IS NULL THEN 'the record does not say whether the attempt succeeded'
        WHEN nested(model) THEN 'model is not a text'
        WHEN nested(requested_model) THEN 'requested_model is not a text'
        WHEN nested(provider) THEN 'provider is not a text'
    END AS bad
FROM (
    SELECT
        *,
        time_us(started) AS started_us,
        CASE WHEN time_us(ended) BETWEEN 946684800000000 AND 4102444799999999 THEN time_us(ended) END AS ended_us,
        CASE WHEN TRY_CAST(latency_ms AS DOUBLE) BETWEEN 0 AND 1e12
            THEN CAST(TRY_CAST(latency_ms AS DOUBLE) * 1e3 AS BIGINT) END AS took_us
    FROM projected
) AS parsed
