-- The journal: one row per commit, one head per district. All that a hub acknowledges is here first.
-- Numbers and meanings are the same in migrations/postgres.

-- head is what fences: an append moves it by compare-and-set on (district, term, owner, last_seq).
CREATE TABLE head (
    district   INTEGER NOT NULL PRIMARY KEY,
    last_seq   INTEGER NOT NULL DEFAULT 0,
    term       INTEGER NOT NULL DEFAULT 0,
    owner      BLOB    NOT NULL,
    history    BLOB    NOT NULL,            -- the log's own identity; new only after a restore
    beat_at_ms INTEGER NOT NULL DEFAULT 0,
    format     INTEGER NOT NULL DEFAULT 1,  -- the highest event version in the log
    wake_seq   INTEGER NOT NULL DEFAULT 0   -- wakes of commits up to here are in the outbox
) STRICT;

CREATE TABLE event (
    district INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    term     INTEGER NOT NULL,
    at_ms    INTEGER NOT NULL,
    sum      BLOB    NOT NULL,              -- of district, seq, term, at_ms and body: a torn row is seen
    body     BLOB    NOT NULL,
    PRIMARY KEY (district, seq)
) STRICT;

-- Which commits are about an incident: its timeline and its explanation are read from the log by this.
CREATE TABLE event_about (
    district INTEGER NOT NULL,
    incident INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    PRIMARY KEY (district, incident, seq)
) STRICT, WITHOUT ROWID;

-- What must be kept with an event and must be erasable without it: words, numbers, names.
CREATE TABLE sealed (
    reference BLOB    NOT NULL PRIMARY KEY,
    district  INTEGER NOT NULL,
    seq       INTEGER NOT NULL,
    body      BLOB    NOT NULL
) STRICT;

-- A snapshot is complete when its row is here; its parts are written before it, one transaction each,
-- so that a large one never holds up an append.
CREATE TABLE snapshot (
    district INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    at_ms    INTEGER NOT NULL,
    parts    INTEGER NOT NULL,
    PRIMARY KEY (district, seq)
) STRICT;

CREATE TABLE snapshot_part (
    district INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    part     INTEGER NOT NULL,
    sum      BLOB    NOT NULL,
    body     BLOB    NOT NULL,
    PRIMARY KEY (district, seq, part)
) STRICT;

-- Who must be woken, derived from commits; a row leaves when it was delivered.
CREATE TABLE wake (
    id         INTEGER PRIMARY KEY,
    district   INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    ordinal    INTEGER NOT NULL,
    due_at_ms  INTEGER NOT NULL,
    tries      INTEGER NOT NULL DEFAULT 0,
    failed_why TEXT,                        -- set when the last try was used up: for the operator
    body       BLOB    NOT NULL,
    UNIQUE (district, seq, ordinal)
) STRICT;

CREATE INDEX wake_due ON wake (district, due_at_ms) WHERE failed_why IS NULL;
