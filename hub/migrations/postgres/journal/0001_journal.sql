-- The journal: one row per commit, one head per district. All that a hub acknowledges is here first.
-- Numbers and meanings are the same in migrations/sqlite. Every migration is expand or contract, and says which: a hub of
-- the version before runs beside it until all are replaced.

-- head is what fences: an append moves it by compare-and-set on (district, term, owner, last_seq).
CREATE TABLE head (
    district   BIGINT  NOT NULL PRIMARY KEY,
    last_seq   BIGINT  NOT NULL DEFAULT 0,
    term       BIGINT  NOT NULL DEFAULT 0,
    owner      UUID    NOT NULL,
    history    UUID    NOT NULL,            -- the log's own identity; new only after a restore or a loss
    beat_at_ms BIGINT  NOT NULL DEFAULT 0,  -- by the district's clock
    format     INTEGER NOT NULL DEFAULT 1,  -- the highest event version in the log
    wake_seq   BIGINT  NOT NULL DEFAULT 0,  -- wakes of commits up to here are in the outbox
    beaten_at  TIMESTAMPTZ NOT NULL,        -- by this server's clock: how long the leader has been silent
    timeline   INTEGER NOT NULL             -- of the server at the last claim: another one after a failover
) WITH (fillfactor = 10);                   -- updated all the time: room for it on its page, no index touched

CREATE TABLE event (
    district BIGINT NOT NULL,
    seq      BIGINT NOT NULL,
    term     BIGINT NOT NULL,
    at_ms    BIGINT NOT NULL,
    sum      BYTEA  NOT NULL,               -- of district, seq, term, at_ms and body: a torn row is seen
    body     BYTEA  NOT NULL,
    PRIMARY KEY (district, seq)
);

-- Which commits are about an incident: its timeline and its explanation are read from the log by this.
CREATE TABLE event_about (
    district BIGINT NOT NULL,
    incident BIGINT NOT NULL,
    seq      BIGINT NOT NULL,
    PRIMARY KEY (district, incident, seq)
);

-- What must be kept with an event and must be erasable without it: words, numbers, names.
CREATE TABLE sealed (
    reference UUID   NOT NULL PRIMARY KEY,
    district  BIGINT NOT NULL,
    seq       BIGINT NOT NULL,
    body      BYTEA  NOT NULL
);

-- A snapshot is complete when its row is here; its parts are written before it, one statement each.
CREATE TABLE snapshot (
    district BIGINT  NOT NULL,
    seq      BIGINT  NOT NULL,
    at_ms    BIGINT  NOT NULL,
    parts    BIGINT  NOT NULL,
    PRIMARY KEY (district, seq)
);

CREATE TABLE snapshot_part (
    district BIGINT NOT NULL,
    seq      BIGINT NOT NULL,
    part     BIGINT NOT NULL,
    sum      BYTEA  NOT NULL,
    body     BYTEA  NOT NULL,
    PRIMARY KEY (district, seq, part)
);

-- Who must be woken, derived from commits; a row leaves when it was delivered.
CREATE TABLE wake (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    district   BIGINT NOT NULL,
    seq        BIGINT NOT NULL,
    ordinal    BIGINT NOT NULL,
    due_at_ms  BIGINT NOT NULL,
    tries      BIGINT NOT NULL DEFAULT 0,
    failed_why TEXT,                        -- set when the last try was used up: for the operator
    body       BYTEA  NOT NULL,
    UNIQUE (district, seq, ordinal)
);

CREATE INDEX wake_due ON wake (district, due_at_ms) WHERE failed_why IS NULL;
