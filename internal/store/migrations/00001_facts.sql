-- The facts of the access model, and what goes with a change of them: the record, the outbox and the answers to repeated calls.
--
-- The same text is meant for SQLite, PostgreSQL and CockroachDB. Columns that a list is ordered by say COLLATE BINARY, so that pages follow byte
-- order everywhere (PostgreSQL spells it COLLATE "C"). Times are BIGINT microseconds since 1970 in UTC, 0 for none; lists and maps are
-- JSON in TEXT, NULL for a list that is not set. An empty string in organization means: of no organization.
--
-- Foreign keys between facts are checked at commit and never cascade: a fact that outlived what it belongs to would give access to whatever is
-- later created under the same ID (O4), and a silent cascade would leave its relationships behind in the engine. Only side tables, which
-- repeat a part of one fact for searching, go with their fact.

-- +goose Up
CREATE TABLE counters (
    name  TEXT   NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('outbox', 0), ('record', 0);

CREATE TABLE settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE users (
    id             TEXT COLLATE BINARY NOT NULL PRIMARY KEY,
    email          TEXT                NOT NULL,
    email_verified BOOLEAN             NOT NULL,
    name           TEXT                NOT NULL,
    type           TEXT                NOT NULL,
    active         BOOLEAN             NOT NULL,
    deleted        BOOLEAN             NOT NULL,
    organization   TEXT                NOT NULL
);
CREATE INDEX users_by_email ON users (email, id);
CREATE INDEX users_by_organization ON users (organization, id);
-- A verified address belongs to one user (I2); a tombstone holds none.
CREATE UNIQUE INDEX users_by_verified_email ON users (email) WHERE email_verified AND NOT deleted AND email <> '';

CREATE TABLE platform_grants (
    user_id TEXT COLLATE BINARY NOT NULL REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
    role    TEXT COLLATE BINARY NOT NULL,
    PRIMARY KEY (user_id, role)
);

CREATE TABLE organizations (
    id              TEXT COLLATE BINARY NOT NULL PRIMARY KEY,
    name            TEXT                NOT NULL,
    public_access   TEXT                NOT NULL,
    outside_sharing BOOLEAN             NOT NULL,
    allowed_ips     TEXT
);

CREATE TABLE memberships (
    organization TEXT COLLATE BINARY NOT NULL REFERENCES organizations (id) DEFERRABLE INITIALLY DEFERRED,
    user_id      TEXT COLLATE BINARY NOT NULL REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
    role         TEXT                NOT NULL,
    PRIMARY KEY (organization, user_id)
);
CREATE INDEX memberships_by_user ON memberships (user_id, organization);
CREATE INDEX memberships_by_role ON memberships (organization, role, user_id);

CREATE TABLE teams (
    id           TEXT COLLATE BINARY NOT NULL PRIMARY KEY,
    organization TEXT COLLATE BINARY NOT NULL REFERENCES organizations (id) DEFERRABLE INITIALLY DEFERRED,
    name         TEXT                NOT NULL
);
CREATE INDEX teams_by_organization ON teams (organization, id);

CREATE TABLE team_memberships (
    team    TEXT COLLATE BINARY NOT NULL REFERENCES teams (id) DEFERRABLE INITIALLY DEFERRED,
    user_id TEXT COLLATE BINARY NOT NULL REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
    role    TEXT                NOT NULL,
    PRIMARY KEY (team, user_id)
);
CREATE INDEX team_memberships_by_user ON team_memberships (user_id, team);

CREATE TABLE team_nestings (
    outer_team TEXT COLLATE BINARY NOT NULL REFERENCES teams (id) DEFERRABLE INITIALLY DEFERRED,
    inner_team TEXT COLLATE BINARY NOT NULL REFERENCES teams (id) DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (outer_team, inner_team)
);
CREATE INDEX team_nestings_by_inner ON team_nestings (inner_team, outer_team);

CREATE TABLE roles (
    id           TEXT COLLATE BINARY NOT NULL PRIMARY KEY,
    organization TEXT COLLATE BINARY NOT NULL,
    name         TEXT                NOT NULL
);
CREATE INDEX roles_by_organization ON roles (organization, id);

CREATE TABLE role_assignments (
    role    TEXT COLLATE BINARY NOT NULL REFERENCES roles (id) DEFERRABLE INITIALLY DEFERRED,
    user_id TEXT COLLATE BINARY NOT NULL REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (role, user_id)
);
CREATE INDEX role_assignments_by_user ON role_assignments (user_id, role);

CREATE TABLE email_groups (
    id           TEXT COLLATE BINARY NOT NULL PRIMARY KEY,
    organization TEXT COLLATE BINARY NOT NULL REFERENCES organizations (id) DEFERRABLE INITIALLY DEFERRED,
    name         TEXT                NOT NULL
);
CREATE INDEX email_groups_by_organization ON email_groups (organization, id);

CREATE TABLE group_memberships (
    group_id TEXT COLLATE BINARY NOT NULL REFERENCES email_groups (id) DEFERRABLE INITIALLY DEFERRED,
    member   TEXT COLLATE BINARY NOT NULL,
    PRIMARY KEY (group_id, member)
);
CREATE INDEX group_memberships_by_member ON group_memberships (member, group_id);

CREATE TABLE chatbots (
    id           TEXT COLLATE BINARY NOT NULL PRIMARY KEY,
    organization TEXT COLLATE BINARY NOT NULL REFERENCES organizations (id) DEFERRABLE INITIALLY DEFERRED,
    owner        TEXT COLLATE BINARY NOT NULL REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
    name         TEXT                NOT NULL,
    visibility   TEXT                NOT NULL,
    enabled      BOOLEAN             NOT NULL,
    public_mode  TEXT                NOT NULL,
    link_digest  TEXT                NOT NULL
);
CREATE INDEX chatbots_by_organization ON chatbots (organization, id);
CREATE INDEX chatbots_by_owner ON chatbots (owner, id);

CREATE TABLE shares (
    chatbot    TEXT COLLATE BINARY NOT NULL REFERENCES chatbots (id) DEFERRABLE INITIALLY DEFERRED,
    principal  TEXT COLLATE BINARY NOT NULL,
    level      TEXT                NOT NULL,
    expires_at BIGINT              NOT NULL,
    PRIMARY KEY (chatbot, principal)
);
CREATE INDEX shares_by_principal ON shares (principal, chatbot);

CREATE TABLE matrix_rows (
    chatbot TEXT COLLATE BINARY NOT NULL REFERENCES chatbots (id) DEFERRABLE INITIALLY DEFERRED,
    user_id TEXT COLLATE BINARY NOT NULL REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
    actions TEXT                NOT NULL,
    PRIMARY KEY (chatbot, user_id)
);
CREATE INDEX matrix_rows_by_user ON matrix_rows (user_id, chatbot);

CREATE TABLE policies (
    chatbot        TEXT COLLATE BINARY NOT NULL PRIMARY KEY REFERENCES chatbots (id) DEFERRABLE INITIALLY DEFERRED,
    email_domains  TEXT,
    user_types     TEXT,
    entities       TEXT,
    allowed_roles  TEXT,
    required_roles TEXT,
    allowed_users  TEXT,
    denied_users   TEXT
);
CREATE TABLE policy_names (
    chatbot TEXT COLLATE BINARY NOT NULL REFERENCES policies (chatbot) ON DELETE CASCADE,
    kind    TEXT                NOT NULL,
    id      TEXT                NOT NULL,
    PRIMARY KEY (chatbot, kind, id)
);
CREATE INDEX policy_names_by_name ON policy_names (kind, id, chatbot);

CREATE TABLE resources (
    type    TEXT COLLATE BINARY NOT NULL,
    id      TEXT COLLATE BINARY NOT NULL,
    chatbot TEXT COLLATE BINARY NOT NULL REFERENCES chatbots (id) DEFERRABLE INITIALLY DEFERRED,
    mode    TEXT                NOT NULL,
    allowed TEXT,
    PRIMARY KEY (type, id)
);
CREATE INDEX resources_by_chatbot ON resources (chatbot, type, id);
CREATE TABLE resource_names (
    type      TEXT NOT NULL,
    id        TEXT NOT NULL,
    principal TEXT NOT NULL,
    PRIMARY KEY (type, id, principal),
    FOREIGN KEY (type, id) REFERENCES resources (type, id) ON DELETE CASCADE
);
CREATE INDEX resource_names_by_principal ON resource_names (principal, type, id);

CREATE TABLE features (
    chatbot       TEXT COLLATE BINARY NOT NULL REFERENCES chatbots (id) DEFERRABLE INITIALLY DEFERRED,
    name          TEXT COLLATE BINARY NOT NULL,
    enabled       BOOLEAN             NOT NULL,
    allowed_roles TEXT,
    user_types    TEXT,
    limits        TEXT,
    PRIMARY KEY (chatbot, name)
);
CREATE TABLE feature_names (
    chatbot TEXT NOT NULL,
    name    TEXT NOT NULL,
    role    TEXT NOT NULL,
    PRIMARY KEY (chatbot, name, role),
    FOREIGN KEY (chatbot, name) REFERENCES features (chatbot, name) ON DELETE CASCADE
);
CREATE INDEX feature_names_by_role ON feature_names (role, chatbot, name);

CREATE TABLE account_keys (
    id             TEXT COLLATE BINARY NOT NULL PRIMARY KEY,
    digest         TEXT                NOT NULL UNIQUE,
    name           TEXT                NOT NULL,
    access         TEXT                NOT NULL,
    organization   TEXT COLLATE BINARY NOT NULL,
    actor_required BOOLEAN             NOT NULL,
    allowed_ips    TEXT,
    expires_at     BIGINT              NOT NULL,
    preview        TEXT                NOT NULL,
    created_by     TEXT                NOT NULL,
    created_at     BIGINT              NOT NULL,
    last_used      BIGINT              NOT NULL
);
CREATE INDEX account_keys_by_organization ON account_keys (organization, id);

CREATE TABLE record_entries (
    seq           BIGINT NOT NULL PRIMARY KEY,
    time          BIGINT NOT NULL,
    actor         TEXT   NOT NULL,
    key_id        TEXT   NOT NULL,
    action        TEXT   NOT NULL,
    resource_type TEXT   NOT NULL,
    resource_id   TEXT   NOT NULL,
    address       TEXT   NOT NULL,
    request_id    TEXT   NOT NULL,
    outcome       TEXT   NOT NULL,
    rule          TEXT   NOT NULL,
    detail        TEXT   NOT NULL,
    before_state  TEXT   NOT NULL,
    after_state   TEXT   NOT NULL
);
CREATE INDEX record_entries_by_time ON record_entries (time, seq);
CREATE INDEX record_entries_by_actor ON record_entries (actor, seq);
CREATE INDEX record_entries_by_action ON record_entries (action, seq);
CREATE INDEX record_entries_by_resource ON record_entries (resource_type, resource_id, seq);

CREATE TABLE outbox (
    seq     BIGINT NOT NULL PRIMARY KEY,
    updates BYTEA  NOT NULL
);

CREATE TABLE idempotent_answers (
    caller      TEXT   NOT NULL,
    actor       TEXT   NOT NULL,
    route       TEXT   NOT NULL,
    idem_key    TEXT   NOT NULL,
    body_digest TEXT   NOT NULL,
    status      BIGINT NOT NULL,
    answer      BYTEA  NOT NULL,
    answered_at BIGINT NOT NULL,
    PRIMARY KEY (caller, actor, route, idem_key)
);
CREATE INDEX idempotent_answers_by_time ON idempotent_answers (answered_at);
