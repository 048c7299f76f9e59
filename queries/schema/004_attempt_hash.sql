-- name: schema/004_attempt_hash
-- what: numbers beside the ids of attempts and their groups, for the same reason as that of a request

ALTER TABLE attempt_log ADD COLUMN attempt_hash UBIGINT;
ALTER TABLE attempt_log ADD COLUMN group_hash UBIGINT;
ALTER TABLE request_log ADD COLUMN group_hash UBIGINT;
UPDATE attempt_log SET attempt_hash = hash(attempt_id), group_hash = hash(group_key);
UPDATE request_log SET group_hash = hash(group_key) WHERE group_key IS NOT NULL;
