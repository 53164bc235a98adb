DROP INDEX order_cover_by_office;
DELETE FROM order_cover WHERE told = 'office';
ALTER TABLE order_cover DROP COLUMN recorded_at;
ALTER TABLE order_cover DROP COLUMN client;
ALTER TABLE order_cover DROP COLUMN order_on;
ALTER TABLE order_cover DROP COLUMN told;
