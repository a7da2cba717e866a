-- Expand only: a hub that does not know this table goes on beside it.
-- Commands (alarms) that no leader could take, kept until one has committed them. A marked row has lost its body; its id
-- stays for a while, so that a repetition is not kept again.
CREATE TABLE intake (
    id        BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    district  BIGINT NOT NULL,
    command   UUID   NOT NULL UNIQUE,
    body      BYTEA  NOT NULL,
    marked_at TIMESTAMPTZ
);

CREATE INDEX intake_waiting ON intake (district, id) WHERE marked_at IS NULL;
