-- source: databricks
-- what: the usage table of Databricks' AI gateway; one row a request, with all attempts and why they failed

SELECT
    file,
    -- Calls of tools are in the same table.
    event_time IS NOT NULL AND destination_model IS NULL AND destination_name IS NULL
        AND coalesce(TRY_CAST(status_code AS INTEGER), 200) < 400 AS skip,
    event_time AS ts,
    coalesce(request_id, invocation_id) AS request_id,
    coalesce(request_tags.tenant, request_tags.team) AS tenant,
    requester AS "user",
    coalesce(request_tags.feature, endpoint_name) AS feature,
    request_tags.intent AS intent,
    request_tags.traffic_class AS traffic_class,
    -- An attempt names a destination, which only the one that served says the model of.
    CASE WHEN rerouted AND routing_information.attempts[1].destination <> coalesce(destination_name, '')
        THEN routing_information.attempts[1].destination
        WHEN NOT rerouted OR routing_information.attempts[1].destination = destination_name
            THEN coalesce(destination_model, destination_name) END AS requested_model,
    coalesce(destination_model, destination_name) AS served_model,
    CASE WHEN len(routing_information.attempts) > 1 THEN coalesce(routing_information.attempts[1].error_code,
        CAST(routing_information.attempts[1].status_code AS VARCHAR)) END AS reason,
    list_transform(routing_information.attempts, lambda a: struct_pack(provider := CAST(NULL AS VARCHAR),
        model := CASE WHEN a.destination = destination_name AND destination_model IS NOT NULL THEN destination_model ELSE a.destination END, tier := CAST(NULL AS VARCHAR), status_code := a.status_code, error := a.error_code,
        latency_ms := a.latency)) AS attempts,
    CAST(rerouted AS VARCHAR) AS fallback,
    latency_ms,
    input_tokens,
    output_tokens,
    coalesce(status_code, '') AS status,
    CASE WHEN TRY_CAST(status_code AS INTEGER) >= 400 THEN status_code END AS error
FROM (
    -- Without attempts, or without what they were, a row cannot tell.
    SELECT *, CASE WHEN len(list_filter(routing_information.attempts, lambda a: a.action = 'FALLBACK')) > 0 THEN true
        WHEN len(routing_information.attempts) = 1 OR len(list_filter(routing_information.attempts, lambda a: a.action IS NULL)) = 0
            AND len(routing_information.attempts) > 0 THEN false END AS rerouted
    FROM records
) AS read
