-- name: spark/casts
-- what: how DuckDB reads text as a number, a truth, a time or JSON, said in Spark SQL, whose own casts differ
-- Written as functions and put in the place of casts before Spark sees a statement, so that no cluster has to know them.
-- Nothing here depends on the settings of a session: not on its time zone, and not on ANSI mode.
-- Not read, because no log writes them: hexadecimal and binary numbers, years before Christ, 24:00:00.

CREATE TEMPORARY FUNCTION text_to_double(s STRING) RETURNS DOUBLE RETURN
    CASE WHEN LENGTH(s) <= 400
              AND s RLIKE '(?i)^\\s*[+-]?(([0-9]+(_[0-9]+)*([.][0-9]*)?|[.][0-9]+)(e[+-]?[0-9]+)?|inf|infinity|nan)\\s*$'
         THEN TRY_CAST(REPLACE(s, '_', '') AS DOUBLE) END;

-- Halves go away from zero. The exponent is bounded because a decimal of 1e-999999999 would be worked out digit by digit.
CREATE TEMPORARY FUNCTION text_to_bigint(s STRING) RETURNS BIGINT RETURN
    CASE WHEN s RLIKE '^-?[0-9]{1,18}$' THEN TRY_CAST(s AS BIGINT)
         WHEN LENGTH(s) <= 400
              AND s RLIKE '(?i)^\\s*[+-]?([0-9]+(_[0-9]+)*([.][0-9]*)?|[.][0-9]+)(e[+-]?0*[0-9]{1,3})?\\s*$'
         THEN TRY_CAST(TRY_CAST(REPLACE(s, '_', '') AS DECIMAL(38, 0)) AS BIGINT) END;

CREATE TEMPORARY FUNCTION text_to_int(s STRING) RETURNS INT RETURN TRY_CAST(text_to_bigint(s) AS INT);

-- Halves go to the even neighbour here.
CREATE TEMPORARY FUNCTION double_to_bigint(d DOUBLE) RETURNS BIGINT RETURN TRY_CAST(RINT(d) AS BIGINT);

CREATE TEMPORARY FUNCTION double_to_int(d DOUBLE) RETURNS INT RETURN TRY_CAST(RINT(d) AS INT);

CREATE TEMPORARY FUNCTION text_to_boolean(s STRING) RETURNS BOOLEAN RETURN
    CASE WHEN LOWER(s) IN ('true', 't', 'yes', 'y', '1') THEN true
         WHEN LOWER(s) IN ('false', 'f', 'no', 'n', '0') THEN false END;

-- A time without a zone is UTC, and one without seconds is at second 0, which Spark takes only without a zone.
CREATE TEMPORARY FUNCTION text_to_timestamp(s STRING) RETURNS TIMESTAMP RETURN
    CASE WHEN s RLIKE '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$'
         THEN TRY_CAST(s AS TIMESTAMP)
         WHEN LENGTH(s) > 100 THEN NULL
         WHEN s RLIKE '^\\s*[0-9]{4,6}([-/ \\\\])[0-9]{1,2}\\1[0-9]{1,2}$'
         THEN TRY_CAST(CONCAT(REGEXP_REPLACE(TRIM(s), '[-/ \\\\]', '-'), ' 00:00:00Z') AS TIMESTAMP)
         WHEN s RLIKE CONCAT(
             '^\\s*[0-9]{4,6}([-/ \\\\])[0-9]{1,2}\\1[0-9]{1,2}[T ]\\s*[0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}([.][0-9]*)?)?',
             '(Z|[+-][0-9]{2}(:?[0-9]{2}(:?[0-9]{2})?)?| [A-Za-z][A-Za-z0-9_/+-]+)?\\s*$')
         THEN TRY_CAST(CONCAT(
             REGEXP_REPLACE(
                 REGEXP_REPLACE(s, '^\\s*([0-9]+).([0-9]+).([0-9]+)[T ]\\s*(.*?)\\s*$', '$1-$2-$3 $4'),
                 ' ([0-9]+:[0-9]+)(Z|[+-]| |$)', ' $1:00$2'),
             CASE WHEN s RLIKE '[T ]\\s*[0-9:.]+\\s*$' THEN 'Z' ELSE '' END) AS TIMESTAMP)
    END;

CREATE TEMPORARY FUNCTION text_to_json(s STRING) RETURNS STRING RETURN
    CASE WHEN JSON_ARRAY_LENGTH(CONCAT('[', s, ']')) = 1 THEN s END;

-- What DuckDB reads of a line: nothing above 16 MiB, broken UTF-8, or half a surrogate pair; "\\" cannot begin an escape.
CREATE TEMPORARY FUNCTION readable(s STRING) RETURNS STRING RETURN
    CASE WHEN OCTET_LENGTH(s) <= 16777216
              AND CAST(s AS BINARY) = ENCODE(s, 'UTF-8')
              AND NOT (s RLIKE '\\\\u[dD][89a-fA-F]'
                       AND REPLACE(s, '\\\\', '--') RLIKE
                           '(?i)\\\\ud[89ab][0-9a-f]{2}(?!\\\\ud[c-f])|(?<!\\\\ud[89ab][0-9a-f]{2})\\\\ud[c-f]')
         THEN CASE WHEN STARTSWITH(s, DECODE(UNHEX('EFBBBF'), 'UTF-8')) THEN SUBSTRING(s, 2) ELSE s END END;

-- Spark hands on a JSON number with a fraction as Java writes it, 1.7944785045E9; DuckDB and most gateways write
-- 1794478504.5. The text of a time can be part of an id.
CREATE TEMPORARY FUNCTION number_in_full(s STRING) RETURNS STRING RETURN
    CASE WHEN SUBSTRING(s, 2, 1) = '.' AND s RLIKE '^[0-9][.][0-9]+E([7-9]|1[0-5])$'
         THEN REGEXP_REPLACE(CAST(TRY_CAST(s AS DECIMAL(38, 18)) AS STRING), '([.][0-9]+?)0*$', '$1')
         ELSE s END;
