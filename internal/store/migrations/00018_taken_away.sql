-- Roles that an administrator took from a user, or the user gave up: an issuer does not give them back, until its tokens have stopped naming them
-- once (D2). A row without an issuer says what was taken away; one with an issuer says that this one has stopped naming it since. And what was taken
-- in of the tokens of the newest second, as digests, of which several may come in any order.

-- +goose Up
CREATE TABLE taken_away (
    user_id TEXT COLLATE BINARY NOT NULL REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
    kind    TEXT                NOT NULL,
    target  TEXT COLLATE BINARY NOT NULL,
    issuer  TEXT COLLATE BINARY NOT NULL,
    PRIMARY KEY (user_id, kind, target, issuer)
);
CREATE INDEX taken_away_by_target ON taken_away (kind, target);

ALTER TABLE identities ADD COLUMN taken_in TEXT NOT NULL DEFAULT '';
