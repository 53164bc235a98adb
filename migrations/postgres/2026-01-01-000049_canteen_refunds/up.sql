-- What the town paid back of a canteen bill that was paid. Append only.
CREATE TABLE canteen_bill_refund (
    creditor TEXT NOT NULL,
    receipt_id TEXT NOT NULL,
    id UUID NOT NULL,
    pupil_tax_code TEXT NOT NULL,
    payee_tax_code TEXT NOT NULL,
    amount_cents BIGINT NOT NULL CHECK (amount_cents > 0),
    paid_on DATE NOT NULL,
    note TEXT,
    at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (creditor, receipt_id, id)
);
CREATE INDEX canteen_bill_refund_by_day ON canteen_bill_refund (creditor, paid_on);
