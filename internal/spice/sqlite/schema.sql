-- One row. The ID is part of every token that is given out for a revision, and so
-- tells tokens of this file from tokens of another.
CREATE TABLE meta (
  one       INTEGER PRIMARY KEY CHECK (one = 1),
  unique_id TEXT NOT NULL
);

-- Every write transaction that garbage collection has not passed yet, with the
-- time of its start in nanoseconds since 1970. Times rise strictly with numbers.
CREATE TABLE txn (
  id       INTEGER PRIMARY KEY,
  at       INTEGER NOT NULL UNIQUE,
  metadata BLOB
);

-- deleted_tx is 9223372036854775807 while a relationship lives. It closes the
-- primary key, which therefore admits one living row for each relationship.
-- The expiration is in microseconds since 1970.
CREATE TABLE relationship (
  resource_type    TEXT    NOT NULL,
  resource_id      TEXT    NOT NULL,
  relation         TEXT    NOT NULL,
  subject_type     TEXT    NOT NULL,
  subject_id       TEXT    NOT NULL,
  subject_relation TEXT    NOT NULL,
  deleted_tx       INTEGER NOT NULL,
  created_tx       INTEGER NOT NULL,
  caveat_name      TEXT,
  caveat_context   BLOB,
  expiration       INTEGER,
  PRIMARY KEY (resource_type, resource_id, relation, subject_type, subject_id, subject_relation, deleted_tx)
) WITHOUT ROWID;

CREATE INDEX relationship_by_subject ON relationship
  (subject_type, subject_id, subject_relation, resource_type, relation, resource_id, deleted_tx);

-- A check looks for the subject sets of a resource, of which there are few, between
-- its direct subjects, of which there can be many.
CREATE INDEX relationship_subject_sets ON relationship
  (resource_type, resource_id, relation, deleted_tx) WHERE subject_relation <> '...';

-- The next two indexes hold only what garbage collection looks for.
CREATE INDEX relationship_deleted ON relationship (deleted_tx) WHERE deleted_tx < 9223372036854775807;
CREATE INDEX relationship_expiring ON relationship (expiration) WHERE expiration IS NOT NULL;

-- Everything else that has versions: object definitions, caveats, the unified
-- schema and its hash, counters.
CREATE TABLE document (
  kind       TEXT    NOT NULL,
  name       TEXT    NOT NULL,
  deleted_tx INTEGER NOT NULL,
  created_tx INTEGER NOT NULL,
  value      BLOB    NOT NULL,
  PRIMARY KEY (kind, name, deleted_tx)
) WITHOUT ROWID;

CREATE INDEX document_deleted ON document (deleted_tx) WHERE deleted_tx < 9223372036854775807;

-- What each transaction changed, in order, for watchers that catch up.
CREATE TABLE change (
  tx      INTEGER NOT NULL,
  seq     INTEGER NOT NULL,
  entries BLOB    NOT NULL,
  PRIMARY KEY (tx, seq)
) WITHOUT ROWID;
