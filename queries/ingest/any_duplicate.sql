-- name: ingest/any_duplicate
-- what: whether a request of this batch is in it twice, or in the store from before
-- params: batch_id integer
-- returns: twice, known

SELECT
    count(*) <> count(DISTINCT request_id) AS twice,
    EXISTS (
        SELECT 1 FROM request_log AS old JOIN request_log AS new ON old.request_id = new.request_id
        WHERE old.batch_id <> $batch_id AND new.batch_id = $batch_id
    ) AS known
FROM request_log WHERE batch_id = $batch_id
