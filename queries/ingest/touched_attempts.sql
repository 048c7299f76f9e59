-- name: ingest/touched_attempts
-- what: all attempts, old and new, of the groups that got new ones in this batch: lone, the only ones of their group, and attempts
-- from: touched and touched_rows

CREATE OR REPLACE TEMP TABLE all_attempts AS
SELECT a.* FROM attempt_log AS a
WHERE a.rowid IN (SELECT r FROM touched_rows) AND a.group_key IN (SELECT group_key FROM touched);
CREATE OR REPLACE TEMP TABLE lone_groups AS SELECT group_key FROM all_attempts GROUP BY group_key HAVING count(*) = 1;
CREATE OR REPLACE TEMP VIEW lone AS SELECT a.* FROM all_attempts AS a SEMI JOIN lone_groups AS l ON l.group_key = a.group_key;
CREATE OR REPLACE TEMP VIEW attempts AS SELECT a.* FROM all_attempts AS a ANTI JOIN lone_groups AS l ON l.group_key = a.group_key
