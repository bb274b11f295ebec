-- What people are told, and the e-mails that wait to be sent.

-- +goose Up
CREATE TABLE notifications (
    id         TEXT COLLATE BINARY NOT NULL PRIMARY KEY,
    user_id    TEXT COLLATE BINARY NOT NULL REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
    kind       TEXT                NOT NULL,
    about      TEXT                NOT NULL,
    created_at BIGINT              NOT NULL,
    read_at    BIGINT              NOT NULL
);
CREATE INDEX notifications_by_user ON notifications (user_id, id);
INSERT INTO counters (name, value) VALUES ('notification', 0);

CREATE TABLE mails (
    id         TEXT COLLATE BINARY NOT NULL PRIMARY KEY,
    recipient  TEXT                NOT NULL,
    user_id    TEXT                NOT NULL,
    about      TEXT                NOT NULL,
    invitation TEXT                NOT NULL,
    state      TEXT                NOT NULL,
    attempts   BIGINT              NOT NULL,
    due        BIGINT              NOT NULL,
    last_error TEXT                NOT NULL,
    created_at BIGINT              NOT NULL
);
CREATE INDEX mails_by_due ON mails (state, due, id);
CREATE INDEX mails_by_user ON mails (user_id);
CREATE INDEX mails_by_invitation ON mails (invitation);
