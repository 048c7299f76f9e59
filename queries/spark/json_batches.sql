-- name: spark/json_batches
-- what: Spark SQL: the records in the array of every line, or of every file; one null record for what is no array of them
-- from: texts, lines or whole files
-- params: schema varchar

SELECT file, NAMED_STRUCT('block', block, 'row', row, 'nth', nth) AS line, record
FROM (
    SELECT
        file, block, row,
        CASE WHEN value RLIKE '^\\s*\\[' AND value RLIKE '\\]\\s*$'
             THEN FROM_JSON(value, :schema, MAP('allowSingleQuotes', 'false')) END AS records
    FROM (SELECT file, block, row, readable(value) AS value FROM texts WHERE value RLIKE '\\S') AS read
) AS parsed
LATERAL VIEW POSEXPLODE(COALESCE(records, ARRAY(NULL))) AS nth, record
