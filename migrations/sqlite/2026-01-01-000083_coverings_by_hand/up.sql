-- What the office records of its orders before the journal names them: `movement` is its id.
ALTER TABLE order_cover ADD COLUMN told TEXT NOT NULL DEFAULT 'journal';
ALTER TABLE order_cover ADD COLUMN order_on DATE;
ALTER TABLE order_cover ADD COLUMN client BLOB;
ALTER TABLE order_cover ADD COLUMN recorded_at BIGINT;
CREATE INDEX order_cover_by_office ON order_cover (creditor, movement) WHERE told = 'office';
