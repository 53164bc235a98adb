ALTER TABLE creditor DROP COLUMN treasurer;
