-- Invitations to organizations, and what became of them. A token is kept as its digest.

-- +goose Up
CREATE TABLE invitations (
    id           TEXT COLLATE BINARY NOT NULL PRIMARY KEY,
    organization TEXT COLLATE BINARY NOT NULL REFERENCES organizations (id) DEFERRABLE INITIALLY DEFERRED,
    email        TEXT                NOT NULL,
    role         TEXT                NOT NULL,
    shares       TEXT,
    inviter      TEXT                NOT NULL,
    key_id       TEXT                NOT NULL,
    confined     TEXT                NOT NULL,
    revision     BIGINT              NOT NULL,
    digest       TEXT                NOT NULL,
    created_at   BIGINT              NOT NULL,
    expires_at   BIGINT              NOT NULL,
    state        TEXT                NOT NULL,
    accepted_by  TEXT                NOT NULL,
    closed_at    BIGINT              NOT NULL,
    reason       TEXT                NOT NULL
);
-- One is pending for an organization and an address (N1).
CREATE UNIQUE INDEX invitations_pending ON invitations (organization, email) WHERE state = 'pending';
CREATE INDEX invitations_by_organization ON invitations (organization, id);
CREATE INDEX invitations_by_email ON invitations (email, id);
CREATE INDEX invitations_by_inviter ON invitations (inviter);
CREATE INDEX invitations_by_expiry ON invitations (state, expires_at, id);

-- The chatbots that come with an invitation.
CREATE TABLE invitation_chatbots (
    invitation TEXT COLLATE BINARY NOT NULL REFERENCES invitations (id) ON DELETE CASCADE,
    chatbot    TEXT COLLATE BINARY NOT NULL,
    PRIMARY KEY (invitation, chatbot)
);
CREATE INDEX invitation_chatbots_by_chatbot ON invitation_chatbots (chatbot, invitation);
