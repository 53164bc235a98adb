-- What of a part of a payment was not owed and goes back to who paid. What came before is taken as a whole.
ALTER TABLE receipt_transfer ADD COLUMN owed_back_cents BIGINT NOT NULL DEFAULT 0;
UPDATE receipt_transfer SET owed_back_cents = amount_cents WHERE own AND EXISTS
    (SELECT 1 FROM receipt r WHERE r.creditor = receipt_transfer.creditor
     AND r.receipt_id = receipt_transfer.receipt_id
     AND r.anomaly IN ('paid_twice', 'paid_after_withdrawal')
     AND NOT EXISTS (SELECT 1 FROM canteen_movement m
         WHERE m.creditor = r.creditor AND m.receipt_id = r.receipt_id));
