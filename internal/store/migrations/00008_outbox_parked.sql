-- What the engine refuses for good is parked, where it keeps nothing else waiting, and is tried again under a new number. first_seq is the number
-- under which such an entry was committed, and 0 for one that was never parked.

-- +goose Up
ALTER TABLE outbox ADD COLUMN first_seq BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN committed_at BIGINT NOT NULL DEFAULT 0;

CREATE TABLE outbox_parked (
    seq          BIGINT NOT NULL PRIMARY KEY,
    updates      BYTEA  NOT NULL,
    first_seq    BIGINT NOT NULL,
    committed_at BIGINT NOT NULL,
    parked_at    BIGINT NOT NULL,
    reason       TEXT   NOT NULL
);
