-- People who come, go and come back: which tokens of a user stay refused (N2), how a role in an organization came about (O7) and since when it is
-- held, and chatbots that nobody owns until their organization has an owner again (O3).

-- +goose Up
ALTER TABLE users ADD COLUMN tokens_after BIGINT NOT NULL DEFAULT 0;
ALTER TABLE memberships ADD COLUMN source TEXT NOT NULL DEFAULT 'accepted';
ALTER TABLE memberships ADD COLUMN since BIGINT NOT NULL DEFAULT 0;
ALTER TABLE chatbots ADD COLUMN ownerless BOOLEAN NOT NULL DEFAULT FALSE;

-- When users were offboarded was not kept. It was before the newest entry of the record; those who came back have had their identities marked.
UPDATE users SET tokens_after = (SELECT COALESCE(MAX(time), 0) FROM record_entries) WHERE (deleted OR NOT active) AND tokens_after = 0;
UPDATE users SET tokens_after = COALESCE((SELECT MAX(issued_at) FROM ended_identities WHERE ended_identities.user_id = users.id), 0)
    WHERE active AND NOT deleted AND tokens_after = 0;
UPDATE users SET tokens_after = COALESCE((SELECT MAX(issued_at) FROM identities WHERE identities.user_id = users.id AND issued_at % 1000000 <> 0), 0)
    WHERE active AND NOT deleted AND tokens_after = 0;
