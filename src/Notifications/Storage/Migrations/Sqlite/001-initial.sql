-- Times are Unix milliseconds, ids are the 16 bytes of a UUIDv7 in network order, flags are 0 or 1.

CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE tenants (
    id TEXT NOT NULL PRIMARY KEY,
    created_at INTEGER NOT NULL,
    broadcast_no INTEGER NOT NULL DEFAULT 0   -- number of the newest broadcast
) WITHOUT ROWID;

CREATE TABLE api_keys (
    id TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    hash BLOB NOT NULL UNIQUE,                -- SHA-256 of the key; the key itself is never stored
    scopes TEXT NOT NULL,                     -- space-separated
    created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX api_keys_tenant ON api_keys (tenant, id);

-- The event log. AUTOINCREMENT, because a trimmed log would otherwise give old ids to new entries.
CREATE TABLE log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    partition INTEGER NOT NULL,
    tenant TEXT NOT NULL,
    source TEXT NOT NULL,
    external_id TEXT,
    fingerprint BLOB,
    event_id BLOB NOT NULL,
    appended_at INTEGER NOT NULL,
    payload BLOB NOT NULL
);
CREATE INDEX log_partition ON log (partition, id);
CREATE UNIQUE INDEX log_external ON log (tenant, source, external_id) WHERE external_id IS NOT NULL;

-- Who owns a partition of the log, and up to where it is committed.
CREATE TABLE partitions (
    id INTEGER NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    position INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE events (
    id BLOB NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    source TEXT NOT NULL,
    external_id TEXT,
    fingerprint BLOB,
    accepted_at INTEGER NOT NULL,
    stored_at INTEGER NOT NULL,
    recipients TEXT NOT NULL,                 -- the event's "to", a line each
    ordering_key TEXT,
    category TEXT,
    content BLOB NOT NULL,                    -- what a recipient sees, the members of an item that all share
    decisions BLOB NOT NULL,                  -- what routing decided, with reasons, as JSON
    withdrawn_at INTEGER
);
CREATE UNIQUE INDEX events_external ON events (tenant, source, external_id) WHERE external_id IS NOT NULL;

-- One row per user: the counter of their log and what is derived from it.
CREATE TABLE heads (
    tenant TEXT NOT NULL,
    user_id TEXT NOT NULL,
    counter INTEGER NOT NULL DEFAULT 0,
    unseen INTEGER NOT NULL DEFAULT 0,
    unread INTEGER NOT NULL DEFAULT 0,
    items INTEGER NOT NULL DEFAULT 0,         -- how many inbox rows there are
    oldest_seq INTEGER NOT NULL DEFAULT 1,    -- what is older has been deleted by retention
    broadcast_no INTEGER NOT NULL,            -- the newest broadcast that was taken
    PRIMARY KEY (tenant, user_id)
) WITHOUT ROWID;

CREATE TABLE inbox (
    tenant TEXT NOT NULL,
    user_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    event_id BLOB NOT NULL,
    category TEXT,
    created_at INTEGER NOT NULL,
    seen_at INTEGER,
    read_at INTEGER,
    archived_at INTEGER,
    snoozed_until INTEGER,
    withdrawn_at INTEGER,
    deleted INTEGER NOT NULL DEFAULT 0,       -- by its user; kept so that other devices learn of it
    PRIMARY KEY (tenant, user_id, seq)
) WITHOUT ROWID;
-- A new item has rev = seq, so an insert pays for none of these but the second.
CREATE INDEX inbox_changes ON inbox (tenant, user_id, rev) WHERE rev <> seq;
CREATE INDEX inbox_event ON inbox (event_id);
CREATE INDEX inbox_snoozed ON inbox (snoozed_until) WHERE snoozed_until IS NOT NULL;

-- Up to where each device of a user has everything; of its own, so that no acknowledgement waits for a head.
CREATE TABLE positions (
    tenant TEXT NOT NULL,
    user_id TEXT NOT NULL,
    device TEXT NOT NULL,                     -- '' is shared by all connections that name none
    position INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, user_id, device)
) WITHOUT ROWID;

CREATE TABLE broadcasts (
    tenant TEXT NOT NULL,
    number INTEGER NOT NULL,
    event_id BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, number)
) WITHOUT ROWID;
CREATE INDEX broadcasts_event ON broadcasts (event_id);

CREATE TABLE subscriptions (
    tenant TEXT NOT NULL,
    topic TEXT NOT NULL,
    user_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, topic, user_id)
) WITHOUT ROWID;
CREATE INDEX subscriptions_user ON subscriptions (tenant, user_id, topic);

-- Events with more recipients than one transaction takes, and those that wait behind one for their order.
CREATE TABLE fanouts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    partition INTEGER NOT NULL,
    tenant TEXT NOT NULL,
    ordering_key TEXT NOT NULL,
    event_id BLOB NOT NULL,
    cursor TEXT NOT NULL DEFAULT '',          -- the last user done, in ordinal order
    done INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX fanouts_partition ON fanouts (partition, id);
CREATE UNIQUE INDEX fanouts_event ON fanouts (event_id);

-- Log entries that could not become events.
CREATE TABLE dead_letters (
    id BLOB NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    event_id BLOB NOT NULL,
    partition INTEGER NOT NULL,
    position INTEGER NOT NULL,
    reason TEXT NOT NULL,
    error TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    payload BLOB NOT NULL
);
