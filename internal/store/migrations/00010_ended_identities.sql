-- Who was somebody to the identity providers until that user was deleted, and when: such a person comes back as nobody else, and by no token of before.

-- +goose Up
CREATE TABLE ended_identities (
    issuer    TEXT COLLATE BINARY NOT NULL,
    subject   TEXT COLLATE BINARY NOT NULL,
    user_id   TEXT COLLATE BINARY NOT NULL REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
    issued_at BIGINT              NOT NULL,
    PRIMARY KEY (issuer, subject)
);
