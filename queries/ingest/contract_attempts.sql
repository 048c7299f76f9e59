-- name: ingest/contract_attempts
-- what: the columns that a projection may fill where a row is an attempt; those it leaves out are null
-- split: group_key may span several requests. stream: `started` may be the start of the request and not of the attempt.
-- first: this attempt is known to have none before it in its request.
-- fallback: true or false where the row itself can tell, null where it cannot.

SELECT
    CAST(NULL AS VARCHAR) AS file, CAST(NULL AS BIGINT) AS line, CAST(NULL AS BOOLEAN) AS skip,
    CAST(NULL AS VARCHAR) AS attempt_id, CAST(NULL AS VARCHAR) AS group_key, CAST(NULL AS BOOLEAN) AS split,
    CAST(NULL AS VARCHAR) AS request_id, CAST(NULL AS VARCHAR) AS started, CAST(NULL AS VARCHAR) AS ended,
    CAST(NULL AS VARCHAR) AS latency_ms, CAST(NULL AS BOOLEAN) AS ok, CAST(NULL AS BOOLEAN) AS stream, CAST(NULL AS BOOLEAN) AS first,
    CAST(NULL AS VARCHAR) AS requested_model, CAST(NULL AS VARCHAR) AS route, CAST(NULL AS VARCHAR) AS model,
    CAST(NULL AS VARCHAR) AS provider, CAST(NULL AS VARCHAR) AS intended_model, CAST(NULL AS VARCHAR) AS reason,
    CAST(NULL AS BOOLEAN) AS cached, CAST(NULL AS BOOLEAN) AS fallback, CAST(NULL AS VARCHAR) AS status_code,
    CAST(NULL AS VARCHAR) AS error, CAST(NULL AS VARCHAR) AS tenant, CAST(NULL AS VARCHAR) AS "user",
    CAST(NULL AS VARCHAR) AS feature, CAST(NULL AS VARCHAR) AS intent, CAST(NULL AS VARCHAR) AS traffic_class,
    CAST(NULL AS VARCHAR) AS input_tokens, CAST(NULL AS VARCHAR) AS output_tokens, CAST(NULL AS VARCHAR) AS cost_usd,
    CAST(NULL AS BIGINT) AS tool_calls, CAST(NULL AS VARCHAR) AS prompt_version, CAST(NULL AS BOOLEAN) AS drill
LIMIT 0
