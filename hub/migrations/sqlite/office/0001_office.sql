-- The office: who may sign in, who the volunteers are, what was done by whom. Times are milliseconds since 1970 UTC.

-- An account signs in by password or by a one-time link. `districts` is a JSON list of numbers.
CREATE TABLE account (
    id          INTEGER PRIMARY KEY,
    name        TEXT    NOT NULL UNIQUE,
    display     TEXT    NOT NULL,
    role        TEXT    NOT NULL,
    districts   TEXT    NOT NULL,
    team        INTEGER,
    password    TEXT,
    made_at     INTEGER NOT NULL,
    disabled_at INTEGER
) STRICT;

-- A phone or browser of somebody without an account: a resident. Its key is what the log knows of it.
CREATE TABLE device (
    id          INTEGER PRIMARY KEY,
    district    INTEGER NOT NULL,
    caller_key  INTEGER NOT NULL,
    name        TEXT    NOT NULL,
    home_lat    REAL,
    home_lng    REAL,
    made_at     INTEGER NOT NULL
) STRICT;

-- Only hashes of tokens are kept: a stolen file signs nobody in. `next` and `previous` make the rotation. Whose it is:
-- exactly one of account, volunteer, device; role and districts are read from there, so that a change holds at once.
CREATE TABLE session (
    id          INTEGER PRIMARY KEY,
    token       BLOB    NOT NULL UNIQUE,
    next        BLOB    UNIQUE,
    previous    BLOB,
    account     INTEGER REFERENCES account (id),
    volunteer   INTEGER REFERENCES person (volunteer),
    device      INTEGER REFERENCES device (id),
    made_at     INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    revoked_at  INTEGER
) STRICT;
CREATE INDEX session_previous ON session (previous) WHERE previous IS NOT NULL;
CREATE INDEX session_account ON session (account) WHERE account IS NOT NULL;
CREATE INDEX session_volunteer ON session (volunteer) WHERE volunteer IS NOT NULL;

-- A link signs in once, before it expires, whoever opens it.
CREATE TABLE link (
    code        BLOB    PRIMARY KEY,
    account     INTEGER REFERENCES account (id),
    volunteer   INTEGER REFERENCES person (volunteer),
    made_at     INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    used_at     INTEGER
) STRICT;

-- The registry of those who help. The live half knows only the id; name, number and home stay here.
CREATE TABLE person (
    volunteer   INTEGER PRIMARY KEY,
    district    INTEGER NOT NULL,
    person_key  TEXT    NOT NULL,
    number      TEXT,
    name        TEXT    NOT NULL,
    phone       TEXT,
    address     TEXT,
    home_lat    REAL    NOT NULL,
    home_lng    REAL    NOT NULL,
    class       TEXT    NOT NULL,
    made_at     INTEGER NOT NULL,
    retired_at  INTEGER,
    UNIQUE (district, number)
) STRICT;
CREATE INDEX person_phone ON person (district, phone) WHERE phone IS NOT NULL;

-- What residents can order.
CREATE TABLE menu_item (
    district    INTEGER NOT NULL,
    code        TEXT    NOT NULL,
    category    TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    fee_fen     INTEGER NOT NULL,
    review      INTEGER NOT NULL,
    words       TEXT    NOT NULL,
    PRIMARY KEY (district, code)
) STRICT;

-- Commands that an office transaction owes the live half; sent under their derived id until taken.
CREATE TABLE outbox (
    id          BLOB    PRIMARY KEY,
    import      TEXT    NOT NULL,
    district    INTEGER NOT NULL,
    place       INTEGER NOT NULL,
    command     TEXT    NOT NULL,
    made_at     INTEGER NOT NULL,
    sent_at     INTEGER,
    refused     TEXT
) STRICT;
CREATE INDEX outbox_waiting ON outbox (district, made_at, place) WHERE sent_at IS NULL;

-- Who did what, without personal data; each row's hash covers the one before it.
CREATE TABLE audit (
    id          INTEGER PRIMARY KEY,
    at          INTEGER NOT NULL,
    actor       TEXT    NOT NULL,
    verb        TEXT    NOT NULL,
    resource    TEXT    NOT NULL,
    detail      TEXT    NOT NULL,
    hash        BLOB    NOT NULL
) STRICT;
