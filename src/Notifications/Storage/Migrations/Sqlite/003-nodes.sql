-- The processes that run. The embedded engine has one and writes nothing here; the table is the same on both engines.
CREATE TABLE nodes (
    id TEXT NOT NULL PRIMARY KEY,
    roles TEXT NOT NULL,                      -- names, separated by commas
    address TEXT NOT NULL,
    version TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,              -- by this database's clock
    stats BLOB NOT NULL                       -- JSON
) WITHOUT ROWID;
