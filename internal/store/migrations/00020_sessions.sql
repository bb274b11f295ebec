-- Sessions of people in the console (D6), and the one-time links with which they sign in (D4). A digest stands for each secret. Sessions that have
-- ended are deleted; the record tells of them.

-- +goose Up
CREATE TABLE sessions (
    id           TEXT COLLATE BINARY NOT NULL PRIMARY KEY,
    digest       TEXT COLLATE BINARY NOT NULL UNIQUE,
    user_id      TEXT COLLATE BINARY NOT NULL REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
    method       TEXT                NOT NULL,
    device       TEXT                NOT NULL,
    address      TEXT                NOT NULL,
    created_at   BIGINT              NOT NULL,
    signed_in_at BIGINT              NOT NULL,
    last_seen    BIGINT              NOT NULL,
    expires_at   BIGINT              NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id, id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE sign_in_links (
    digest     TEXT COLLATE BINARY NOT NULL PRIMARY KEY,
    user_id    TEXT COLLATE BINARY NOT NULL REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
    expires_at BIGINT              NOT NULL
);
CREATE INDEX sign_in_links_by_user ON sign_in_links (user_id);
CREATE INDEX sign_in_links_by_expiry ON sign_in_links (expires_at);
