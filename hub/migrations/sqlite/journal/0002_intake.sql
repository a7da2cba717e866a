-- Expand only: a hub that does not know this table goes on beside it.
-- Commands (alarms) that no leader could take, kept until one has committed them. A marked row has lost its body; its id
-- stays for a while, so that a repetition is not kept again.
CREATE TABLE intake (
    id           INTEGER PRIMARY KEY,
    district     INTEGER NOT NULL,
    command      BLOB    NOT NULL UNIQUE,
    body         BLOB    NOT NULL,
    marked_at_ms INTEGER
) STRICT;

CREATE INDEX intake_waiting ON intake (district, id) WHERE marked_at_ms IS NULL;
