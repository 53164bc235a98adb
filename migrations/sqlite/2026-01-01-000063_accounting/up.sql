-- Where in the budget the money of a service belongs, by day of issue.
CREATE TABLE accounting_plan (
    creditor TEXT NOT NULL,
    service_code TEXT NOT NULL,
    valid_from DATE NOT NULL,
    valid_until DATE,
    shares TEXT NOT NULL,
    revision BIGINT NOT NULL CHECK (revision > 0),
    PRIMARY KEY (creditor, service_code, valid_from),
    CHECK (valid_until IS NULL OR valid_until >= valid_from)
) WITHOUT ROWID;

-- What the office's collection orders cover of the treasurer's provisional credits, as the journal says.
CREATE TABLE order_cover (
    creditor TEXT NOT NULL,
    year INTEGER NOT NULL,
    provisional BIGINT NOT NULL,
    account TEXT NOT NULL,
    movement TEXT NOT NULL,
    order_number BIGINT NOT NULL,
    amount_cents BIGINT NOT NULL,
    PRIMARY KEY (creditor, year, provisional, account, movement)
) WITHOUT ROWID;

-- Officers read Italian; what came before was told in English only.
ALTER TABLE treasury_refusal ADD COLUMN reason_it TEXT;
