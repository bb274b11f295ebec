-- To whom account keys belong, with which key each was made, why it is refused, and the secret before the present one (B5). A key of before belongs to
-- the user who made it, or who made the key that it was made with. Where that key is gone nobody knows whose it was, and the key is refused until
-- somebody takes it over.

-- +goose Up
ALTER TABLE account_keys ADD COLUMN belongs_to TEXT NOT NULL DEFAULT '';
ALTER TABLE account_keys ADD COLUMN parent TEXT NOT NULL DEFAULT '';
ALTER TABLE account_keys ADD COLUMN refused_for TEXT NOT NULL DEFAULT '';
ALTER TABLE account_keys ADD COLUMN refused_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE account_keys ADD COLUMN version BIGINT NOT NULL DEFAULT 0;
ALTER TABLE account_keys ADD COLUMN former_digest TEXT NOT NULL DEFAULT '';
ALTER TABLE account_keys ADD COLUMN former_until BIGINT NOT NULL DEFAULT 0;
CREATE INDEX account_keys_by_parent ON account_keys (parent, id);
CREATE INDEX account_keys_by_former_digest ON account_keys (former_digest);

UPDATE account_keys SET parent = substr(created_by, 5) WHERE substr(created_by, 1, 4) = 'key:' AND created_by <> 'key:root';

WITH RECURSIVE held (id, person) AS (
    SELECT id, substr(created_by, 6) FROM account_keys WHERE substr(created_by, 1, 5) = 'user:'
    UNION ALL
    SELECT k.id, held.person FROM account_keys k JOIN held ON k.parent = held.id
)
UPDATE account_keys SET belongs_to = (SELECT person FROM held WHERE held.id = account_keys.id) WHERE id IN (SELECT id FROM held);

WITH RECURSIVE stray (id) AS (
    SELECT id FROM account_keys WHERE parent <> '' AND parent NOT IN (SELECT id FROM account_keys)
    UNION ALL
    SELECT k.id FROM account_keys k JOIN stray ON k.parent = stray.id
)
UPDATE account_keys SET refused_for = 'the key that made it is gone, and with it who that belonged to' WHERE id IN (SELECT id FROM stray);
