-- name: spark/json_records
-- what: Spark SQL: the record of every line, or of every file; null where that is not one JSON object and nothing else
-- from: texts, lines or whole files
-- params: schema varchar
-- Read as an array of one record, because Spark would overlook whatever stands behind a lone one.

SELECT file, line, CASE WHEN SIZE(records) = 1 THEN TRY_ELEMENT_AT(records, 1) END AS record
FROM (
    SELECT
        file,
        NAMED_STRUCT('block', block, 'row', row, 'nth', 0) AS line,
        CASE WHEN value RLIKE '}\\s*$'
             THEN FROM_JSON(CONCAT('[', value, ']'), :schema, MAP('allowSingleQuotes', 'false')) END AS records
    FROM (SELECT file, block, row, readable(value) AS value FROM texts WHERE value RLIKE '\\S') AS read
) AS parsed
