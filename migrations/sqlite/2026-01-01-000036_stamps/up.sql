-- The digital revenue stamp that a transfer bought: signed XML, as the receipt carried it.
ALTER TABLE receipt_transfer ADD COLUMN stamp BLOB;
