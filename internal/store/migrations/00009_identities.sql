-- Who somebody is to the identity providers, and which facts these gave. An issuer takes back only what it has given: what it has given is
-- noted with the fact, and ends with it.

-- +goose Up
CREATE TABLE identities (
    issuer    TEXT COLLATE BINARY NOT NULL,
    subject   TEXT COLLATE BINARY NOT NULL,
    user_id   TEXT COLLATE BINARY NOT NULL REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
    issued_at BIGINT              NOT NULL,
    email     TEXT                NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE UNIQUE INDEX identities_by_user ON identities (user_id, issuer);

ALTER TABLE memberships ADD COLUMN given_by TEXT NOT NULL DEFAULT '';
ALTER TABLE role_assignments ADD COLUMN given_by TEXT NOT NULL DEFAULT '';
ALTER TABLE platform_grants ADD COLUMN given_by TEXT NOT NULL DEFAULT '';
