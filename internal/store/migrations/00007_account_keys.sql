-- The keys that a user has made end with the user (N2).

-- +goose Up
CREATE INDEX account_keys_by_creator ON account_keys (created_by, id);
