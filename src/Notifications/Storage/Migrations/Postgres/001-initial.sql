-- Times are Unix milliseconds, ids are the 16 bytes of a UUIDv7 in network order, flags are 0 or 1. Keys sort by code point (COLLATE "C"),
-- whatever the database's own collation is. No foreign keys: rows of one transaction are written together, and checks would cost the hot path.

CREATE TABLE settings (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    value BYTEA NOT NULL
);

CREATE TABLE tenants (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    created_at BIGINT NOT NULL,
    broadcast_no BIGINT NOT NULL DEFAULT 0    -- number of the newest broadcast
) WITH (fillfactor = 50);

CREATE TABLE api_keys (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    tenant TEXT COLLATE "C" NOT NULL,
    name TEXT NOT NULL,
    hash BYTEA NOT NULL UNIQUE,               -- SHA-256 of the key; the key itself is never stored
    scopes TEXT NOT NULL,                     -- space-separated
    created_at BIGINT NOT NULL
);
CREATE INDEX api_keys_tenant ON api_keys (tenant, id);

-- Who owns a partition of the log, and up to where it is committed.
CREATE TABLE partitions (
    id INTEGER NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,                      -- '' where nobody does
    epoch BIGINT NOT NULL,
    position BIGINT NOT NULL,
    expires_at BIGINT NOT NULL DEFAULT 0,     -- by this database's clock
    attempts INTEGER NOT NULL DEFAULT 0       -- owners that began a batch since the last commit
) WITH (fillfactor = 20, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);

-- The processes that run.
CREATE TABLE nodes (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    roles TEXT NOT NULL,
    address TEXT NOT NULL,
    version TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,               -- by this database's clock
    stats BYTEA NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE events (
    id BYTEA NOT NULL PRIMARY KEY,
    tenant TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    external_id TEXT COLLATE "C",
    fingerprint BYTEA,
    accepted_at BIGINT NOT NULL,
    stored_at BIGINT NOT NULL,
    recipients TEXT NOT NULL,                 -- the event's "to", a line each
    ordering_key TEXT,
    category TEXT,
    content BYTEA NOT NULL,                   -- what a recipient sees, the members of an item that all share
    decisions BYTEA NOT NULL,                 -- what routing decided, with reasons, as JSON
    withdrawn_at BIGINT
);
CREATE UNIQUE INDEX events_external ON events (tenant, source, external_id) WHERE external_id IS NOT NULL;

-- One row per user: the counter of their log and what is derived from it. None of what changes is indexed, and pages keep room, so that an
-- update is heap-only.
CREATE TABLE heads (
    tenant TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    counter BIGINT NOT NULL DEFAULT 0,
    unseen BIGINT NOT NULL DEFAULT 0,
    unread BIGINT NOT NULL DEFAULT 0,
    items BIGINT NOT NULL DEFAULT 0,          -- how many inbox rows there are
    oldest_seq BIGINT NOT NULL DEFAULT 1,     -- what is older has been deleted by retention
    broadcast_no BIGINT NOT NULL,             -- the newest broadcast that was taken
    PRIMARY KEY (tenant, user_id)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);

CREATE TABLE inbox (
    tenant TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    rev BIGINT NOT NULL,
    event_id BYTEA NOT NULL,
    category TEXT,
    created_at BIGINT NOT NULL,
    seen_at BIGINT,
    read_at BIGINT,
    archived_at BIGINT,
    snoozed_until BIGINT,
    withdrawn_at BIGINT,
    deleted INTEGER NOT NULL DEFAULT 0,       -- by its user; kept so that other devices learn of it
    PRIMARY KEY (tenant, user_id, seq)
);
-- A new item has rev = seq, so an insert pays for none of these but the second.
CREATE INDEX inbox_changes ON inbox (tenant, user_id, rev) WHERE rev <> seq;
CREATE INDEX inbox_event ON inbox (event_id);
CREATE INDEX inbox_snoozed ON inbox (snoozed_until) WHERE snoozed_until IS NOT NULL;

-- Up to where each device of a user has everything; of its own, so that no acknowledgement waits for a head.
CREATE TABLE positions (
    tenant TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    device TEXT COLLATE "C" NOT NULL,         -- '' is shared by all connections that name none
    position BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, user_id, device)
) WITH (fillfactor = 70);

CREATE TABLE broadcasts (
    tenant TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    event_id BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, number)
);
CREATE INDEX broadcasts_event ON broadcasts (event_id);

CREATE TABLE subscriptions (
    tenant TEXT COLLATE "C" NOT NULL,
    topic TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, topic, user_id)
);
CREATE INDEX subscriptions_user ON subscriptions (tenant, user_id, topic);

-- Events with more recipients than one transaction takes, and those that wait behind one for their order.
CREATE TABLE fanouts (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    partition INTEGER NOT NULL,
    tenant TEXT COLLATE "C" NOT NULL,
    ordering_key TEXT COLLATE "C" NOT NULL,
    event_id BYTEA NOT NULL,
    cursor TEXT COLLATE "C" NOT NULL DEFAULT '', -- the last user done, by code point
    done BIGINT NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
CREATE INDEX fanouts_partition ON fanouts (partition, id);
CREATE UNIQUE INDEX fanouts_event ON fanouts (event_id);

-- Log entries that could not become events.
CREATE TABLE dead_letters (
    id BYTEA NOT NULL PRIMARY KEY,
    tenant TEXT COLLATE "C" NOT NULL,
    event_id BYTEA NOT NULL,
    partition INTEGER NOT NULL,
    position BIGINT NOT NULL,
    reason TEXT NOT NULL,
    error TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    payload BYTEA NOT NULL
);
CREATE INDEX dead_letters_event ON dead_letters (event_id);
