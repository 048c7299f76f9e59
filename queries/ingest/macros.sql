-- name: ingest/macros
-- what: what the cleaning of requests and of attempts has in common, for this connection only

CREATE OR REPLACE TEMP MACRO bounded(name) AS
    CASE WHEN strlen(name) > 256 THEN left(name, 256) ELSE nullif(name, '') END;

-- A tenant or user, hashed under the key when there is one.
CREATE OR REPLACE TEMP MACRO identity(name, hash_key) AS
    CASE WHEN hash_key IS NULL THEN bounded(name) ELSE left(sha256(hash_key || sha256(hash_key || name)), 32) END;

-- A time in the spelling that DuckDB reads, from others that ISO 8601 and RFC 3339 allow: small t and z, a comma before the
-- fraction, a blank before the offset, no separators, and a leap second, which counts as the second before it.
CREATE OR REPLACE TEMP MACRO usual_time(moment) AS
    regexp_replace(regexp_replace(regexp_replace(regexp_replace(upper(trim(moment)),
        '^([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})', '\1-\2-\3T\4:\5:\6'),
        '(:[0-9]{2}),([0-9])', '\1.\2'),
        ' ([+-][0-9]{2})', '\1'),
        '(:[0-9]{2}):60', '\1:59');

-- Whether a text is what a JSON object or list looks like where a single value should stand.
-- The comparisons alone rule out almost every text, and cost next to nothing.
CREATE OR REPLACE TEMP MACRO nested(value) AS
    (value >= '{' OR value >= '[' AND value < ']') AND left(value, 1) IN ('{', '[') AND right(value, 1) IN ('}', ']')
    AND regexp_matches(value, '^(\{("|\}$)|\[(["\[{]|\]$|-?[0-9]|true|false|null))');

-- Whom a JSON text in the place of a user names: Claude Code sends who calls, from which device and in which session as one.
CREATE OR REPLACE TEMP MACRO person(name) AS
    CASE WHEN nested(name) THEN coalesce(nullif(json_extract_string(TRY_CAST(name AS JSON), '$.account_uuid'), ''),
        nullif(json_extract_string(TRY_CAST(name AS JSON), '$.device_id'), ''), name) ELSE name END;

-- What a text says when it is read as a number: DuckDB's JSON reader takes a truth value for 1 or 0.
CREATE OR REPLACE TEMP MACRO as_number(value) AS CASE WHEN value = 'true' THEN '1' WHEN value = 'false' THEN '0' ELSE value END;

-- What a text says when it is read as a truth value: a number other than 0 is true.
CREATE OR REPLACE TEMP MACRO as_truth(value) AS
    CASE WHEN value IN ('true', 'false') THEN value
        WHEN TRY_CAST(value AS DOUBLE) <> 0 THEN 'true' WHEN TRY_CAST(value AS DOUBLE) = 0 THEN 'false' ELSE value END;

-- A list of structs, as DuckDB's JSON reader takes it; of a value that is no list one that holds nothing.
CREATE OR REPLACE TEMP MACRO as_structs(value, structure) AS
    CASE WHEN value IS NOT NULL THEN coalesce(json_transform(value, structure), [NULL]) END;

-- A count, which may be written with a decimal point, or null when it is negative, absurd or has a fraction.
CREATE OR REPLACE TEMP MACRO whole(value) AS
    CASE WHEN TRY_CAST(value AS DOUBLE) BETWEEN 0 AND 1e12 AND TRY_CAST(value AS DOUBLE) = floor(TRY_CAST(value AS DOUBLE))
        THEN CAST(TRY_CAST(value AS DOUBLE) AS BIGINT) END;

-- Whether a time has a zone offset that there is none of, 16 hours or more or 60 minutes and more. DuckDB takes those, too.
-- The usual ends keep most times from the regular expression.
CREATE OR REPLACE TEMP MACRO astray(moment) AS CASE WHEN moment LIKE '%+00:00' OR moment LIKE '%Z' THEN false
    ELSE regexp_matches(moment, '[Tt: ][0-9.,]+ ?[+-](1[6-9]|[2-9][0-9]|[0-9]{2}:?[6-9][0-9])') END;

-- A text as a time, unless it begins as a number of seconds since 1970 does until 2030, or of a part of them: DuckDB takes five
-- times as long to refuse a text as to read one.
CREATE OR REPLACE TEMP MACRO dated(moment) AS TRY_CAST(CASE WHEN moment >= '19' THEN moment END AS TIMESTAMPTZ);

-- Microseconds since 1970 of a time as text. Seconds, milliseconds, microseconds and nanoseconds are told apart by size.
CREATE OR REPLACE TEMP MACRO time_us(moment) AS CASE
    WHEN dated(moment) IS NOT NULL THEN epoch_us(dated(moment))
    WHEN abs(TRY_CAST(moment AS DOUBLE)) < 1e11 THEN TRY_CAST(round(TRY_CAST(moment AS DOUBLE) * 1e6) AS BIGINT)
    WHEN abs(TRY_CAST(moment AS DOUBLE)) < 1e14 THEN TRY_CAST(round(TRY_CAST(moment AS DOUBLE) * 1e3) AS BIGINT)
    WHEN abs(TRY_CAST(moment AS DOUBLE)) < 1e17 THEN TRY_CAST(round(TRY_CAST(moment AS DOUBLE)) AS BIGINT)
    WHEN TRY_CAST(moment AS DOUBLE) IS NOT NULL THEN TRY_CAST(round(TRY_CAST(moment AS DOUBLE) / 1e3) AS BIGINT)
    ELSE epoch_us(TRY_CAST(usual_time(moment) AS TIMESTAMPTZ))
END;
