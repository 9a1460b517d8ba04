-- The two tables that grow with every event, and from which retention deletes the oldest rows. By default a fifth of a table must be dead, or new, before
-- it is vacuumed: of ten million rows two million, all at once, while the file grows instead of taking new rows where the old ones were. A twentieth keeps
-- portions small. Not less: rows that expire together lie together, and where they are on under a fiftieth of the pages, vacuum leaves the indexes alone.
ALTER TABLE inbox SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05);
ALTER TABLE events SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05);
