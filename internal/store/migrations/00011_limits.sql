-- Equal refusals of one caller are one entry of the record with a count of those that followed it, and the time of the last. An e-mail names who
-- caused it and from which organization, and when it may be sent at the earliest: by these e-mails to outsiders are limited.

-- +goose Up
ALTER TABLE record_entries ADD COLUMN repeats BIGINT NOT NULL DEFAULT 0;
ALTER TABLE record_entries ADD COLUMN last_time BIGINT NOT NULL DEFAULT 0;

ALTER TABLE mails ADD COLUMN sender TEXT NOT NULL DEFAULT '';
ALTER TABLE mails ADD COLUMN sent_from TEXT NOT NULL DEFAULT '';
ALTER TABLE mails ADD COLUMN chatbot TEXT NOT NULL DEFAULT '';
ALTER TABLE mails ADD COLUMN not_before BIGINT NOT NULL DEFAULT 0;
CREATE INDEX mails_by_sender ON mails (sender, not_before);
CREATE INDEX mails_by_recipient ON mails (recipient, not_before);
