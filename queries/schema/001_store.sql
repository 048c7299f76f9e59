-- name: schema/001_store
-- what: the tables of a new store; a later version adds files 002_..., and changes nothing here but how a column is packed
-- Ids repeat next to nothing: zstd makes them smaller than a dictionary does, in less than half the time.

CREATE TABLE meta (key VARCHAR NOT NULL, value VARCHAR NOT NULL);

-- How kinds of requests ended. Everything that decides a tier is here and not in the rows, so that tiers can be declared
-- or changed at any time without touching a request.
CREATE TABLE outcomes (
    outcome_id UBIGINT NOT NULL,
    requested_model VARCHAR,
    served_model VARCHAR,
    provider VARCHAR,
    route VARCHAR,
    intended_model VARCHAR,
    logged_tier VARCHAR,
    logged_intended VARCHAR,
    cached BOOLEAN NOT NULL,
    reason VARCHAR,
    status VARCHAR NOT NULL,
    fallback BOOLEAN
);

-- The tiers of the outcomes under the configuration of the last ingest.
CREATE TABLE outcome_tiers (
    outcome_id UBIGINT NOT NULL,
    tier VARCHAR NOT NULL,
    tier_rank INTEGER NOT NULL,
    intended_tier VARCHAR,
    demoted BOOLEAN,
    reason VARCHAR
);

CREATE TABLE request_log (
    ts TIMESTAMPTZ NOT NULL,
    request_id VARCHAR NOT NULL USING COMPRESSION zstd,
    outcome_id UBIGINT NOT NULL,
    tenant VARCHAR,
    "user" VARCHAR,
    feature VARCHAR,
    intent VARCHAR,
    traffic_class VARCHAR,
    attempts STRUCT(provider VARCHAR, model VARCHAR, tier VARCHAR, status_code INTEGER, error VARCHAR, latency_ms DOUBLE)[],
    latency_ms DOUBLE,
    fallback_latency_ms DOUBLE,
    input_tokens BIGINT,
    output_tokens BIGINT,
    cost_usd DOUBLE,
    error VARCHAR,
    tool_calls BIGINT,
    tool_ok BIGINT,
    agent_override BOOLEAN,
    schema_valid BOOLEAN,
    cache_age_s DOUBLE,
    prompt_version VARCHAR,
    drill BOOLEAN NOT NULL,
    has_id BOOLEAN NOT NULL,
    source VARCHAR NOT NULL,
    group_key VARCHAR,
    batch_id INTEGER NOT NULL
);

-- The rows of gateways that log attempts. A request is folded from them, and again when a late attempt arrives.
CREATE TABLE attempt_log (
    source VARCHAR NOT NULL,
    attempt_id VARCHAR NOT NULL USING COMPRESSION zstd,
    group_key VARCHAR NOT NULL USING COMPRESSION zstd,
    split BOOLEAN NOT NULL,
    request_id VARCHAR NOT NULL USING COMPRESSION zstd,
    started TIMESTAMPTZ NOT NULL,
    ended TIMESTAMPTZ NOT NULL,
    ok BOOLEAN NOT NULL,
    stream BOOLEAN NOT NULL,
    first BOOLEAN NOT NULL,
    requested_model VARCHAR,
    route VARCHAR,
    model VARCHAR,
    provider VARCHAR,
    intended_model VARCHAR,
    reason VARCHAR,
    cached BOOLEAN NOT NULL,
    fallback BOOLEAN,
    status_code INTEGER,
    error VARCHAR,
    tenant VARCHAR,
    "user" VARCHAR,
    feature VARCHAR,
    intent VARCHAR,
    traffic_class VARCHAR,
    input_tokens BIGINT,
    output_tokens BIGINT,
    cost_usd DOUBLE,
    tool_calls BIGINT,
    prompt_version VARCHAR,
    drill BOOLEAN NOT NULL,
    batch_id INTEGER NOT NULL
);

-- Rollups. Rows of one key add up: a later batch appends, and a corrected request appends its old self negated.
-- minute and hour count from 1970 in UTC. Drills are not in them.
CREATE TABLE mix_minute (minute INTEGER NOT NULL, outcome_id UBIGINT NOT NULL, requests BIGINT NOT NULL);
CREATE TABLE mix_hour (
    hour INTEGER NOT NULL, dim VARCHAR NOT NULL, value VARCHAR, outcome_id UBIGINT NOT NULL, requests BIGINT NOT NULL
);

CREATE TABLE ledger (
    batch_id INTEGER NOT NULL,
    path VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    bytes BIGINT NOT NULL,
    modified_ns BIGINT NOT NULL,
    fingerprint VARCHAR NOT NULL,
    lines BIGINT NOT NULL,
    accepted BIGINT NOT NULL,
    duplicate BIGINT NOT NULL,
    quarantined BIGINT NOT NULL,
    ingested_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE quarantine (
    batch_id INTEGER NOT NULL,
    path VARCHAR NOT NULL,
    line BIGINT NOT NULL,
    byte_offset BIGINT NOT NULL,
    reason VARCHAR NOT NULL,
    excerpt VARCHAR,
    digest VARCHAR NOT NULL
);

CREATE VIEW requests AS
SELECT
    l.ts, l.request_id, l.tenant, l."user", l.feature, l.intent, l.traffic_class,
    t.tier, t.intended_tier, o.requested_model, o.served_model, o.provider, t.reason,
    l.attempts, o.fallback, l.latency_ms, l.fallback_latency_ms, l.input_tokens, l.output_tokens, l.cost_usd,
    o.status, l.error, l.tool_calls, l.tool_ok, l.agent_override, l.schema_valid, l.cache_age_s, l.prompt_version,
    l.drill, l.source, t.demoted
FROM request_log AS l
JOIN outcomes AS o USING (outcome_id)
JOIN outcome_tiers AS t USING (outcome_id);
