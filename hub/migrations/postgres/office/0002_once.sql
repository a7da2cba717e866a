-- What came of a POST that is to take effect once, for 72 h. `row` is a keyed hash of whose key it was, `body` the hash of
-- what was sent; `answer` is sealed under a key that only the caller's own key gives, so that a stolen file signs nobody in.
CREATE TABLE once (
    row     BYTEA    PRIMARY KEY,
    body    BYTEA    NOT NULL,
    answer  BYTEA    NOT NULL,
    made_at BIGINT NOT NULL
);
CREATE INDEX once_made ON once (made_at);
