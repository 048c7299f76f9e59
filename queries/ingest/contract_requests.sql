-- name: ingest/contract_requests
-- what: the columns that a projection may fill where a row is a request; those it leaves out are null
-- Scalars are text, as the log has them; ingest/clean_requests types them.

SELECT
    CAST(NULL AS VARCHAR) AS file, CAST(NULL AS BIGINT) AS line, CAST(NULL AS BOOLEAN) AS skip,
    CAST(NULL AS VARCHAR) AS ts, CAST(NULL AS VARCHAR) AS request_id, CAST(NULL AS VARCHAR) AS tenant,
    CAST(NULL AS VARCHAR) AS "user", CAST(NULL AS VARCHAR) AS feature, CAST(NULL AS VARCHAR) AS intent,
    CAST(NULL AS VARCHAR) AS traffic_class, CAST(NULL AS VARCHAR) AS tier, CAST(NULL AS VARCHAR) AS intended_tier,
    CAST(NULL AS VARCHAR) AS requested_model, CAST(NULL AS VARCHAR) AS served_model, CAST(NULL AS VARCHAR) AS provider,
    CAST(NULL AS VARCHAR) AS route, CAST(NULL AS VARCHAR) AS intended_model, CAST(NULL AS VARCHAR) AS cached,
    CAST(NULL AS VARCHAR) AS reason,
    CAST(NULL AS STRUCT(provider VARCHAR, model VARCHAR, tier VARCHAR, status_code INTEGER, error VARCHAR, latency_ms DOUBLE)[])
        AS attempts,
    CAST(NULL AS VARCHAR) AS fallback, CAST(NULL AS VARCHAR) AS latency_ms, CAST(NULL AS VARCHAR) AS fallback_latency_ms,
    CAST(NULL AS VARCHAR) AS input_tokens, CAST(NULL AS VARCHAR) AS output_tokens, CAST(NULL AS VARCHAR) AS cost_usd,
    CAST(NULL AS VARCHAR) AS status, CAST(NULL AS VARCHAR) AS error, CAST(NULL AS VARCHAR) AS tool_calls,
    CAST(NULL AS VARCHAR) AS tool_ok, CAST(NULL AS VARCHAR) AS agent_override, CAST(NULL AS VARCHAR) AS schema_valid,
    CAST(NULL AS VARCHAR) AS cache_age_s, CAST(NULL AS VARCHAR) AS prompt_version, CAST(NULL AS VARCHAR) AS drill
LIMIT 0
