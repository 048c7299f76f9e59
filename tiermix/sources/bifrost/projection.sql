-- source: bifrost
-- what: Bifrost's log store; one row a member of a fallback chain, whose root is parent_request_id; index 0 was asked for

SELECT
    file,
    coalesce(status = 'processing', false) AS skip,
    id AS attempt_id,
    'call:' || coalesce(nullif(parent_request_id, ''), id) AS group_key,
    false AS split,
    coalesce(nullif(parent_request_id, ''), id) AS request_id,
    timestamp AS started,
    latency AS latency_ms,
    CASE status WHEN 'success' THEN true WHEN 'error' THEN false END AS ok,
    CASE WHEN TRY_CAST(fallback_index AS INTEGER) = 0 THEN coalesce(nullif(alias, ''), model) END AS requested_model,
    provider || '/' || model AS route,
    model,
    provider,
    CASE WHEN TRY_CAST(fallback_index AS INTEGER) = 0 THEN model END AS intended_model,
    coalesce(TRY_CAST(fallback_index AS INTEGER) > 0, false) AS fallback,
    error_details.status_code AS status_code,
    CASE WHEN status = 'error' THEN coalesce(error_details.type, error_details.status_code, 'error') END AS error,
    coalesce(team_id, customer_id, virtual_key_name) AS tenant,
    user_id AS "user",
    metadata.feature AS feature,
    metadata.intent AS intent,
    metadata.traffic_class AS traffic_class,
    token_usage.prompt_tokens AS input_tokens,
    token_usage.completion_tokens AS output_tokens,
    cost AS cost_usd
FROM records
