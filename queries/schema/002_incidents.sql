-- name: schema/002_incidents
-- what: what is wrong at the moment, and which channel was told of it

-- One row an incident that is open, from the first check that found it until every channel knows that it has passed.
CREATE TABLE incident (
    kind VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,
    started TIMESTAMPTZ NOT NULL
);

-- What a channel was last told of an open incident; labels are those under which Alertmanager holds it, as JSON.
CREATE TABLE told (
    kind VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,
    channel VARCHAR NOT NULL,
    severity VARCHAR NOT NULL,
    told_at TIMESTAMPTZ NOT NULL,
    labels VARCHAR
);
