-- What of a part of a payment was not owed and the creditor keeps, by a decision in force: it is no longer owed
-- back. Reopening moves it back.
ALTER TABLE receipt_transfer ADD COLUMN kept_cents BIGINT NOT NULL DEFAULT 0;
UPDATE receipt_transfer SET kept_cents = owed_back_cents, owed_back_cents = 0
WHERE own AND owed_back_cents > 0 AND EXISTS
    (SELECT 1 FROM reconciliation_decision d WHERE d.creditor = receipt_transfer.creditor
     AND d.kind = 'force' AND d.state = 'in_force' AND d.line_kind = 'receipt' AND d.reason <> 'refunded'
     AND d.line_key = receipt_transfer.receipt_id || '/' || receipt_transfer.idx);
