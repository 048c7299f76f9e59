-- source: litellm
-- what: LiteLLM's StandardLoggingPayload; one row an attempt
--
-- The proxy gives all attempts of a request one litellm_call_id, while trace_id may be a session of many requests. The
-- in-process router gives every attempt its own litellm_call_id and the attempts of a request one trace_id. Only the
-- proxy knows an API key, a route or a caller's address. Versions before 1.83 have no litellm_call_id at all.
-- Without any of these ids a record is a request of its own. Calls of tools (MCP), of files, batches and the like, and the
-- proxy's own health checks, which a key of that name makes, are no requests of a model and are skipped.
-- A provider that refuses may answer with another model by itself: no attempt fails, and only the usage names that model.
-- While all deployments of a group cool down, a request for it fails before any is called, and the record names the group of
-- the fallback; the group that was asked for stands in the error alone.
-- Before 1.98, which brought session_id, fallbacks of messages and responses kept the name of the group that was asked for.

SELECT
    file,
    started_at_all AND (metadata.user_api_key_alias = 'litellm-internal-health-check'
        OR regexp_matches(coalesce(call_type, ''), 'mcp|files?$|file_content|batch(es)?$|fine_tuning|assistant|thread|vector_store|_items$|container|skill')
            AND coalesce(call_type, '') NOT LIKE '%completion%'
        -- Before call ids, responses of a model that only chats were logged once more, as the chat that they were made of; of
        -- a stream that answers that is the only record.
        OR (litellm_call_id IS NULL AND call_type = 'acompletion' AND metadata.user_api_key_request_route LIKE '%/responses'
            AND NOT (lower(status) = 'success' AND coalesce(lower(stream) = 'true', false)))
        OR (lower(status) = 'success' AND coalesce(model, '') = '' AND coalesce(model_group, '') = '')) AS skip,
    -- The id alone is not unique: cache hits repeat the answer's, and some versions repeat it for every failed attempt.
    md5(concat_ws('|', id, litellm_call_id, trace_id, status, startTime, model)) AS attempt_id,
    CASE
        WHEN litellm_call_id IS NOT NULL AND (proxied OR trace_id IS NULL) THEN 'call:' || litellm_call_id
        -- A session may go on under several keys or users, a request does not.
        WHEN proxied AND trace_id IS NOT NULL
            THEN concat_ws('/', 'trace:' || trace_id, metadata.user_api_key_hash, nullif(end_user, ''))
        WHEN trace_id IS NOT NULL THEN 'trace:' || trace_id
        ELSE 'id:' || id
    END AS group_key,
    NOT (litellm_call_id IS NOT NULL AND (proxied OR trace_id IS NULL)) AS split,
    coalesce(litellm_call_id, trace_id || '/' || id, id, trace_id) AS request_id,  -- some gateways number their answers from 0
    startTime AS started,
    endTime AS ended,
    CASE lower(status) WHEN 'success' THEN true WHEN 'failure' THEN false END AS ok,
    -- Without a router there is no group: the model was called by its own name.
    -- Where nothing joins an answer to the failures before it, its group is the one that served.
    CASE WHEN NOT (unlinked AND lower(status) = 'success') THEN coalesce(passed, nullif(model_group, ''), nullif(model, '')) END
        AS requested_model,
    coalesce(stand_in, passed, nullif(hidden_params.additional_headers."x-litellm-model-group", ''), nullif(model_group, ''), nullif(model, ''))
        AS route,
    -- The answer names the exact snapshot, but the proxy restamps some answers with the alias and not others; there only
    -- the deployment gives a model one name.
    CASE WHEN stand_in IS NOT NULL THEN stand_in
         WHEN passed IS NOT NULL THEN NULL
         WHEN litellm_call_id IS NULL AND call_type = 'aresponses' THEN coalesce(nullif(response.model, ''), nullif(model, ''))
         WHEN NOT proxied AND starts_with(response.model, split_part(model, '/', -1)) THEN response.model ELSE nullif(model, '') END
        AS model,
    CASE WHEN passed IS NULL THEN custom_llm_provider END AS provider,
    coalesce(metadata.routing_decision.savings_baseline_model, CASE WHEN stand_in IS NOT NULL THEN model END) AS intended_model,
    CASE WHEN stand_in IS NOT NULL THEN 'refusal'
         WHEN metadata.routing_decision.router_type IS NOT NULL THEN metadata.routing_decision.router_type || '_router'
         WHEN lower(metadata.azure_spillover) = 'true' THEN 'azure_spillover'
         WHEN (lower(model_parameters.service_tier) IN ('priority', 'scale')
                AND lower(response.service_tier) IN ('default', 'standard', 'flex', 'batch'))
             OR (lower(model_parameters.service_tier) IN ('default', 'standard')
                AND lower(response.service_tier) IN ('flex', 'batch'))
             THEN 'service_tier_' || lower(response.service_tier) END AS reason,
    lower(cache_hit) = 'true' AS cached,
    -- Failed attempts are logged too, so that a request without any is one without a fallback, if they can be joined.
    coalesce(TRY_CAST(hidden_params.additional_headers."x-litellm-attempted-fallbacks" AS INTEGER) > 0,
             CASE WHEN NOT (unlinked OR nameless AND lower(status) = 'failure') THEN false END) AS fallback,
    lower(stream) = 'true' AS stream,
    -- A success that counts no retry and no fallback has no failed attempt before it. Nor has a failure that the proxy logs
    -- where nothing is streamed: since 1.73, which also brought the route, it logs the first failure of a request alone.
    -- (Only where no call id tells requests apart anyway.)
    (TRY_CAST(hidden_params.additional_headers."x-litellm-attempted-fallbacks" AS INTEGER) = 0
        AND TRY_CAST(hidden_params.additional_headers."x-litellm-attempted-retries" AS INTEGER) = 0)
        OR (lower(status) = 'failure' AND litellm_call_id IS NULL AND metadata.user_api_key_request_route IS NOT NULL
            AND lower(model_parameters.stream) = 'false') AS first,
    nullif(error_information.error_code, '') AS status_code,
    nullif(error_information.error_class, '') AS error,
    coalesce(nullif(metadata.user_api_key_team_id, ''), nullif(metadata.user_api_key_team_alias, ''),
             nullif(metadata.user_api_key_org_id, ''), nullif(metadata.user_api_key_alias, '')) AS tenant,
    coalesce(nullif(end_user, ''), nullif(metadata.user_api_key_user_id, '')) AS "user",
    coalesce(metadata.requester_metadata.feature,
             nullif(regexp_extract(tags, '(^|[|])feature:([^|]*)', 2), '')) AS feature,
    coalesce(metadata.requester_metadata.intent,
             nullif(regexp_extract(tags, '(^|[|])intent:([^|]*)', 2), '')) AS intent,
    coalesce(metadata.requester_metadata.traffic_class,
             nullif(regexp_extract(tags, '(^|[|])traffic_class:([^|]*)', 2), '')) AS traffic_class,
    prompt_tokens AS input_tokens,
    completion_tokens AS output_tokens,
    response_cost AS cost_usd
FROM (
    SELECT
        *,
        array_to_string(request_tags, '|') AS tags,
        startTime IS NOT NULL AS started_at_all,
        -- The last of the provider's own tries is the one that answered.
        CASE WHEN metadata.usage_object.iterations[-1]."type" = 'fallback_message'
            THEN metadata.usage_object.iterations[-1].model END AS stand_in,
        proxied AND session_id IS NULL AND regexp_matches(coalesce(call_type, ''), '(messages|responses)$') AS nameless,
        CASE WHEN error_information.error_class LIKE 'RouterRateLimitError%'
            THEN nullif(regexp_extract(error_information.error_message, 'Passed model=(.*?)[.] pre-call-checks', 1), '') END AS passed,
        trace_id IS NULL AND (litellm_call_id IS NULL AND proxied OR NOT proxied AND coalesce(model_group, '') <> '') AS unlinked
    FROM (
        SELECT *, metadata.user_api_key_hash IS NOT NULL OR metadata.user_api_key_request_route IS NOT NULL
            OR requester_ip_address IS NOT NULL AS proxied
        FROM records
    ) AS known
) AS located
