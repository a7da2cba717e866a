-- Expand only. What several hubs on one office tell each other: that names have changed, that sessions were revoked, and
-- the tickets they gave out. A hub alone keeps tickets in memory.
CREATE TABLE registry (
    id      INTEGER PRIMARY KEY,
    version INTEGER NOT NULL
) STRICT;
INSERT INTO registry (id, version) VALUES (1, 0);

CREATE TABLE ticket (
    code       BLOB    PRIMARY KEY,
    session    INTEGER NOT NULL REFERENCES session (id),
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX session_revoked ON session (revoked_at) WHERE revoked_at IS NOT NULL;
