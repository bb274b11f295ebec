-- Which issuer gave a user the type, and so may take it back (D1); '' where somebody else set it, whose it stays (D2). Until now a token that said the
-- type decided it, so that the type of users who have signed in is the issuer's who named them last.

-- +goose Up
ALTER TABLE users ADD COLUMN type_given_by TEXT COLLATE BINARY NOT NULL DEFAULT '';

UPDATE users SET type_given_by = (SELECT issuer FROM identities WHERE identities.user_id = users.id ORDER BY issued_at DESC, issuer LIMIT 1)
WHERE type = 'internal' AND id IN (SELECT user_id FROM identities);
