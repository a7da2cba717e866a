-- Expand only: a hub that does not know this table goes on beside it.
-- Which hubs live and which form of rows each of them reads: head.format rises only when all of them read the newer one.
CREATE TABLE reader (
    district BIGINT      NOT NULL,
    owner    UUID        NOT NULL,
    reads    INTEGER     NOT NULL,
    seen_at  TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (district, owner)
);
