-- Whose record an entry stands in, and the subject of a decision. The record is read newest first, so its indexes follow the times.

-- +goose Up
ALTER TABLE record_entries ADD COLUMN organization TEXT NOT NULL DEFAULT '';
ALTER TABLE record_entries ADD COLUMN subject TEXT NOT NULL DEFAULT '';
ALTER TABLE record_entries ADD COLUMN effects TEXT NOT NULL DEFAULT '';

DROP INDEX record_entries_by_actor;
DROP INDEX record_entries_by_action;
DROP INDEX record_entries_by_resource;
CREATE INDEX record_entries_by_actor ON record_entries (actor, time, seq);
CREATE INDEX record_entries_by_action ON record_entries (action, time, seq);
CREATE INDEX record_entries_by_resource ON record_entries (resource_type, resource_id, time, seq);
CREATE INDEX record_entries_by_organization ON record_entries (organization, time, seq) WHERE organization <> '';
CREATE INDEX record_entries_by_subject ON record_entries (subject, time, seq) WHERE subject <> '';
