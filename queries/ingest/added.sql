-- name: ingest/added
-- what: how many requests a batch has added, and whether one of them is in it twice or in the store from before
-- params: batch_id integer
-- returns: requests, twice, known

SELECT
    count(*) AS requests,
    count(*) <> count(DISTINCT request_id) AS twice,
    EXISTS (
        SELECT 1 FROM request_log AS old JOIN request_log AS new ON old.request_id = new.request_id
        WHERE old.batch_id <> $batch_id AND new.batch_id = $batch_id
    ) AS known
FROM request_log WHERE batch_id = $batch_id
