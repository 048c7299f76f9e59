-- name: schema/006_source_once
-- what: the source of a request or an attempt is that of its batch, which the ledger has; it no longer stands in every row

DROP VIEW requests;
ALTER TABLE request_log DROP COLUMN source;
ALTER TABLE attempt_log DROP COLUMN source;
CREATE VIEW requests AS
SELECT
    l.ts, l.request_id, l.tenant, l."user", l.feature, l.intent, l.traffic_class,
    t.tier, t.intended_tier, o.requested_model, o.served_model, o.provider, t.reason,
    l.attempts, o.fallback, l.latency_ms, l.fallback_latency_ms, l.input_tokens, l.output_tokens, l.cost_usd,
    o.status, l.error, l.tool_calls, l.tool_ok, l.agent_override, l.schema_valid, l.cache_age_s, l.prompt_version,
    l.drill, b.source, t.demoted
FROM request_log AS l
JOIN outcomes AS o USING (outcome_id)
JOIN outcome_tiers AS t USING (outcome_id)
JOIN (SELECT DISTINCT batch_id, source FROM ledger) AS b USING (batch_id);
