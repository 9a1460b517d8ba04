-- Columns that the server engine needs, so that both engines run the same statements.
ALTER TABLE partitions ADD COLUMN expires_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE partitions ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
CREATE INDEX dead_letters_event ON dead_letters (event_id);
