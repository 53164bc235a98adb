UPDATE receipt_transfer SET owed_back_cents = owed_back_cents + kept_cents WHERE kept_cents > 0;
ALTER TABLE receipt_transfer DROP COLUMN kept_cents;
