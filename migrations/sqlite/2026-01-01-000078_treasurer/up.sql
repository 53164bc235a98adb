-- The bank that keeps the treasury, as flows of orders address it.
ALTER TABLE creditor ADD COLUMN treasurer TEXT;
