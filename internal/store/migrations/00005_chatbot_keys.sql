-- The API keys of chatbots (3.6), and what a chatbot's public link is made of, beside the hash key (3.4). A link that is older than this table
-- was never given to anybody.

-- +goose Up
CREATE TABLE chatbot_keys (
    id                  TEXT COLLATE BINARY NOT NULL PRIMARY KEY,
    digest              TEXT                NOT NULL UNIQUE,
    chatbot             TEXT COLLATE BINARY NOT NULL REFERENCES chatbots (id) DEFERRABLE INITIALLY DEFERRED,
    name                TEXT                NOT NULL,
    level               TEXT                NOT NULL,
    expires_at          BIGINT              NOT NULL,
    allowed_ips         TEXT,
    preview             TEXT                NOT NULL,
    created_by          TEXT                NOT NULL,
    created_at          BIGINT              NOT NULL,
    last_used           BIGINT              NOT NULL,
    creator_lost_deploy BOOLEAN             NOT NULL
);
CREATE INDEX chatbot_keys_by_chatbot ON chatbot_keys (chatbot, id);

ALTER TABLE chatbots ADD COLUMN link_nonce TEXT NOT NULL DEFAULT '';
