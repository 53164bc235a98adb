-- What was odd about the amounts of a receipt, against the price of its notice when it came.
CREATE TABLE receipt_remark (
    creditor TEXT NOT NULL,
    iuv TEXT NOT NULL,
    receipt_id TEXT NOT NULL,
    flag TEXT NOT NULL,
    PRIMARY KEY (creditor, iuv, receipt_id, flag)
);

-- Payments of what was not owed.
CREATE INDEX receipt_overpaid ON receipt (creditor, id)
    WHERE anomaly IN ('paid_twice', 'paid_after_withdrawal');
