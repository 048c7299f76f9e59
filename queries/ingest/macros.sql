-- name: ingest/macros
-- what: what the cleaning of requests and of attempts has in common, for this connection only

CREATE OR REPLACE TEMP MACRO bounded(name) AS
    CASE WHEN strlen(name) > 256 THEN left(name, 256) ELSE nullif(name, '') END;

-- A tenant or user, hashed under the key when there is one.
CREATE OR REPLACE TEMP MACRO identity(name, hash_key) AS
    CASE WHEN hash_key IS NULL THEN bounded(name) ELSE left(sha256(hash_key || sha256(hash_key || name)), 32) END;

-- Microseconds since 1970 of a time as text. Seconds, milliseconds, microseconds and nanoseconds are told apart by size.
CREATE OR REPLACE TEMP MACRO time_us(moment) AS coalesce(
    epoch_us(TRY_CAST(moment AS TIMESTAMPTZ)),
    CASE
        WHEN abs(TRY_CAST(moment AS DOUBLE)) < 1e11 THEN TRY_CAST(round(TRY_CAST(moment AS DOUBLE) * 1e6) AS BIGINT)
        WHEN abs(TRY_CAST(moment AS DOUBLE)) < 1e14 THEN TRY_CAST(round(TRY_CAST(moment AS DOUBLE) * 1e3) AS BIGINT)
        WHEN abs(TRY_CAST(moment AS DOUBLE)) < 1e17 THEN TRY_CAST(round(TRY_CAST(moment AS DOUBLE)) AS BIGINT)
        ELSE TRY_CAST(round(TRY_CAST(moment AS DOUBLE) / 1e3) AS BIGINT)
    END
);
