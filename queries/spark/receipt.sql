-- name: spark/receipt
-- what: how many rows the logs held, and why those that could not be used could not
-- from: staged, cleaned requests or attempts
-- returns: reason, skip, rows

SELECT bad AS reason, skip, count(*) AS rows
FROM staged
GROUP BY bad, skip
ORDER BY rows DESC, reason
