ALTER TABLE receipt_transfer DROP COLUMN owed_back_cents;
