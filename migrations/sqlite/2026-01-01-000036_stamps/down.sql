ALTER TABLE receipt_transfer DROP COLUMN stamp;
