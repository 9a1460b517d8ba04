-- Channels, preferences and the clock; the same tables as on the server engine.

-- What a tenant has configured. A reader keeps it until the version changes.
ALTER TABLE tenants ADD COLUMN version INTEGER NOT NULL DEFAULT 0;         -- raised with each change of policy, templates and webhooks
ALTER TABLE tenants ADD COLUMN has_profiles INTEGER NOT NULL DEFAULT 0;   -- whether any user has a profile: else none is looked for
ALTER TABLE tenants ADD COLUMN policy BLOB;                              -- JSON; null is the default policy

-- What is known of a user: contact and wishes.
CREATE TABLE profiles (
    tenant TEXT NOT NULL,
    user_id TEXT NOT NULL,
    email TEXT,
    name TEXT,
    locale TEXT,
    time_zone TEXT,
    preferences BLOB,                        -- JSON; null where the user has changed nothing
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, user_id)
);

-- Users that were deleted: who, when, by whom. A user who is named again goes on counting where the log ended.
CREATE TABLE deletions (
    tenant TEXT NOT NULL,
    user_id TEXT NOT NULL,
    deleted_at INTEGER NOT NULL,
    deleted_by TEXT NOT NULL,                 -- id of the key
    counter INTEGER NOT NULL,                  -- where the user's log ended
    removed BLOB NOT NULL,                   -- how many rows of what, JSON
    PRIMARY KEY (tenant, user_id)
);

ALTER TABLE events ADD COLUMN options BLOB;           -- channels, template and so on, JSON; null where the event has none
ALTER TABLE events ADD COLUMN expires_at INTEGER;
ALTER TABLE events ADD COLUMN state TEXT;              -- scheduled, cancelled, expired; null else
CREATE INDEX events_expiring ON events (expires_at) WHERE expires_at IS NOT NULL;

ALTER TABLE inbox ADD COLUMN content BLOB;            -- of this item alone, rendered from a template; null where it is the event's
ALTER TABLE inbox ADD COLUMN shown_event BLOB;        -- the event that replaced the first one, which event_id goes on naming; null else
ALTER TABLE inbox ADD COLUMN collapse_key TEXT;
CREATE INDEX inbox_collapse ON inbox (tenant, user_id, collapse_key, seq) WHERE collapse_key IS NOT NULL;
DROP INDEX inbox_event;
CREATE INDEX inbox_event ON inbox (event_id, user_id);
CREATE INDEX inbox_shown ON inbox (shown_event) WHERE shown_event IS NOT NULL;

ALTER TABLE fanouts ADD COLUMN tally BLOB;            -- what was decided so far, JSON
ALTER TABLE fanouts ADD COLUMN stage INTEGER NOT NULL DEFAULT 0; -- 0: everyone who is named; 1: everyone, without the inbox

-- Events that wait for their time.
CREATE TABLE scheduled (
    event_id BLOB NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    partition INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    payload BLOB NOT NULL                    -- as in the log
);
CREATE INDEX scheduled_due ON scheduled (partition, due_at);
CREATE INDEX scheduled_tenant ON scheduled (tenant, due_at, event_id);

-- What was decided for a person and channel beside the inbox, and what became of it. Written twice in its life; what waits is in the queue.
CREATE TABLE deliveries (
    tenant TEXT NOT NULL,
    id BLOB NOT NULL,
    event_id BLOB,                           -- null for a digest and a test
    user_id TEXT,                 -- null for an address and a tenant's webhook
    channel TEXT NOT NULL,                    -- email, webhook; inbox only where it was skipped
    target TEXT NOT NULL,                     -- address, or id of the webhook; '' where there is none
    kind TEXT NOT NULL,                       -- event, digest, test
    category TEXT,
    seq INTEGER,                               -- the inbox item it belongs to
    state TEXT NOT NULL,                      -- pending, sent, rejected, dead, cancelled, skipped
    reason TEXT NOT NULL,                     -- why it is so: stable names
    created_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,                   -- when it was first to be sent
    finished_at INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    last_attempt_at INTEGER,
    last_code INTEGER,
    last_error TEXT,
    last_response TEXT,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX deliveries_event ON deliveries (event_id) WHERE event_id IS NOT NULL;
CREATE INDEX deliveries_user ON deliveries (tenant, user_id, id) WHERE user_id IS NOT NULL;

-- What is to be sent. A claim moves due_at to where it ends, so that what a dead process had comes back by itself.
CREATE TABLE delivery_queue (
    id BLOB NOT NULL PRIMARY KEY,            -- the delivery
    tenant TEXT NOT NULL,
    channel TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    owner TEXT NOT NULL DEFAULT '',           -- node that has it, '' where nobody does
    attempts INTEGER NOT NULL DEFAULT 0,      -- begun ones
    lost INTEGER NOT NULL DEFAULT 0,          -- of those, begun by a process that was not heard of again
    recheck INTEGER NOT NULL DEFAULT 0        -- 0: send; 1: it waited, ask again whether it is wanted; 2: only if its item was not seen
);
CREATE INDEX delivery_queue_due ON delivery_queue (channel, due_at);

-- What waits for a digest, and what was in it.
CREATE TABLE digest_items (
    tenant TEXT NOT NULL,
    user_id TEXT NOT NULL,
    channel TEXT NOT NULL,
    event_id BLOB NOT NULL,
    seq INTEGER,
    category TEXT,
    due_at INTEGER NOT NULL,                   -- when the digest is closed
    delivery_id BLOB,                        -- the digest, once it is closed
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, user_id, channel, event_id)
);
CREATE INDEX digest_items_due ON digest_items (due_at, tenant, user_id) WHERE delivery_id IS NULL;
CREATE INDEX digest_items_delivery ON digest_items (delivery_id) WHERE delivery_id IS NOT NULL;

-- How often a user was told of a category in the current window of its throttle.
CREATE TABLE throttles (
    tenant TEXT NOT NULL,
    user_id TEXT NOT NULL,
    category TEXT NOT NULL,
    window_start INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (tenant, user_id, category)
);

CREATE TABLE webhooks (
    tenant TEXT NOT NULL,
    id BLOB NOT NULL,
    url TEXT NOT NULL,
    types TEXT NOT NULL,                      -- a line each; '' is all
    user_id TEXT,                 -- null: the tenant's
    secret BLOB NOT NULL,
    old_secret BLOB,                         -- signs too, until
    old_secret_until INTEGER,
    disabled_at INTEGER,                       -- null while it is in use
    disabled_reason TEXT,
    failing_since INTEGER,                     -- null while the last attempt went well
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX webhooks_user ON webhooks (tenant, user_id) WHERE user_id IS NOT NULL;

CREATE TABLE templates (
    tenant TEXT NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,                  -- from 1, never used twice
    document BLOB,                           -- JSON; null where this version is the deletion
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, key, version)
);

-- Addresses that are no user's and want no more mail of a category ('' is every one).
CREATE TABLE suppressions (
    tenant TEXT NOT NULL,
    address TEXT NOT NULL,        -- lower case
    category TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, address, category)
);

ALTER TABLE dead_letters ADD COLUMN kind TEXT NOT NULL DEFAULT 'event'; -- event: a log entry; delivery
ALTER TABLE dead_letters ADD COLUMN delivery_id BLOB;
ALTER TABLE dead_letters ADD COLUMN channel TEXT;
ALTER TABLE dead_letters ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE dead_letters ADD COLUMN code INTEGER;
ALTER TABLE dead_letters ADD COLUMN response TEXT;
CREATE INDEX dead_letters_tenant ON dead_letters (tenant, id);
CREATE INDEX dead_letters_delivery ON dead_letters (delivery_id) WHERE delivery_id IS NOT NULL;

-- What the clock drives, for all nodes together.
CREATE TABLE jobs (
    name TEXT NOT NULL PRIMARY KEY,
    next_at INTEGER NOT NULL,
    owner TEXT NOT NULL DEFAULT '',
    lease_until INTEGER NOT NULL DEFAULT 0,    -- by this database's clock
    started_at INTEGER,
    finished_at INTEGER,
    succeeded_at INTEGER,
    failures INTEGER NOT NULL DEFAULT 0,      -- since the last success
    result TEXT,
    error TEXT
);

-- Long work that somebody asked for: where it is, so that it goes on after a restart.
CREATE TABLE operations (
    tenant TEXT NOT NULL,
    id BLOB NOT NULL,
    kind TEXT NOT NULL,
    request BLOB NOT NULL,                   -- JSON
    state TEXT NOT NULL,                      -- pending, running, finished, failed, cancelled
    cursor BLOB,
    total INTEGER,
    done INTEGER NOT NULL DEFAULT 0,
    counts BLOB NOT NULL,                    -- by result, JSON
    error TEXT,
    owner TEXT NOT NULL DEFAULT '',
    lease_until INTEGER NOT NULL DEFAULT 0,    -- by this database's clock
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    finished_at INTEGER,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX operations_open ON operations (created_at) WHERE state IN ('pending', 'running');
