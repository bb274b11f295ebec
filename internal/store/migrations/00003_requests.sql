-- What is asked to be shared, and what became of it. No foreign keys: a request outlives what it names, as what was decided.

-- +goose Up
CREATE TABLE requests (
    id               TEXT COLLATE BINARY NOT NULL PRIMARY KEY,
    chatbot          TEXT                NOT NULL,
    principal        TEXT                NOT NULL,
    level            TEXT                NOT NULL,
    share_expires_at BIGINT              NOT NULL,
    requester        TEXT                NOT NULL,
    created_at       BIGINT              NOT NULL,
    expires_at       BIGINT              NOT NULL,
    state            TEXT                NOT NULL,
    revision         BIGINT              NOT NULL,
    decided_by       TEXT                NOT NULL,
    decided_at       BIGINT              NOT NULL,
    detail           TEXT                NOT NULL,
    orphaned         BOOLEAN             NOT NULL
);
-- One is pending for a chatbot and a principal (S9).
CREATE UNIQUE INDEX requests_pending ON requests (chatbot, principal) WHERE state = 'pending';
CREATE INDEX requests_by_chatbot ON requests (chatbot, id);
CREATE INDEX requests_by_principal ON requests (principal, id);
CREATE INDEX requests_by_requester ON requests (requester, id);
CREATE INDEX requests_by_state ON requests (state, id);
CREATE INDEX requests_by_expiry ON requests (state, expires_at, id);
INSERT INTO counters (name, value) VALUES ('request', 0);
