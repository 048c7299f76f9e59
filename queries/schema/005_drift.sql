-- name: schema/005_drift
-- what: from which days on a level was accepted by hand

CREATE TABLE drift_acknowledged (
    slo VARCHAR NOT NULL,
    day DATE NOT NULL,
    reason VARCHAR NOT NULL,
    entered TIMESTAMPTZ NOT NULL
);
