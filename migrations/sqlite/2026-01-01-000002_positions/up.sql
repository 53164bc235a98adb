CREATE TABLE position (
    creditor TEXT NOT NULL,
    id BLOB NOT NULL,
    reference TEXT,
    service_code TEXT NOT NULL,
    debtor_kind TEXT NOT NULL,
    debtor_tax_code TEXT NOT NULL,
    debtor_full_name TEXT NOT NULL,
    debtor_contact TEXT NOT NULL,
    description TEXT NOT NULL,
    details TEXT NOT NULL,
    assessment_rows TEXT NOT NULL,
    issued_on DATE NOT NULL,
    created_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    PRIMARY KEY (creditor, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX position_by_reference ON position (creditor, reference);
CREATE INDEX position_by_debtor ON position (creditor, debtor_tax_code, id);

CREATE TABLE notice (
    creditor TEXT NOT NULL,
    number TEXT NOT NULL,
    iuv TEXT NOT NULL,
    position_id BLOB NOT NULL,
    service_code TEXT NOT NULL,
    option_no SMALLINT NOT NULL,
    option_kind TEXT NOT NULL,
    sequence SMALLINT NOT NULL,
    description TEXT NOT NULL,
    due_on DATE,
    amount_cents BIGINT NOT NULL CHECK (amount_cents > 0),
    terms TEXT NOT NULL,
    state TEXT NOT NULL,
    paid_on DATE,
    PRIMARY KEY (creditor, number)
) WITHOUT ROWID;
CREATE UNIQUE INDEX notice_by_iuv ON notice (creditor, iuv);
CREATE INDEX notice_by_position ON notice (creditor, position_id, option_no, sequence);

CREATE TABLE notice_event (
    creditor TEXT NOT NULL,
    notice_number TEXT NOT NULL,
    id BLOB NOT NULL,
    at BIGINT NOT NULL,
    from_state TEXT NOT NULL,
    event TEXT NOT NULL,
    to_state TEXT NOT NULL,
    anomaly TEXT,
    actor TEXT NOT NULL,
    PRIMARY KEY (creditor, notice_number, id)
) WITHOUT ROWID;

CREATE TABLE number_sequence (
    creditor TEXT NOT NULL,
    segregation_code TEXT NOT NULL,
    next_value BIGINT NOT NULL,
    PRIMARY KEY (creditor, segregation_code)
) WITHOUT ROWID;

CREATE TABLE quote (
    creditor TEXT NOT NULL,
    notice_number TEXT NOT NULL,
    id BLOB NOT NULL,
    at BIGINT NOT NULL,
    amount_cents BIGINT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (creditor, notice_number, id)
) WITHOUT ROWID;

CREATE TABLE receipt (
    creditor TEXT NOT NULL,
    receipt_id TEXT NOT NULL,
    id BLOB NOT NULL,
    notice_number TEXT NOT NULL,
    iuv TEXT NOT NULL,
    primary_creditor TEXT NOT NULL,
    position_id BLOB,
    service_code TEXT,
    amount_cents BIGINT NOT NULL,
    fee_cents BIGINT,
    description TEXT NOT NULL,
    paid_at BIGINT,
    paid_on DATE NOT NULL,
    application_on DATE,
    transfer_on DATE,
    psp_id TEXT NOT NULL,
    psp_name TEXT NOT NULL,
    psp_channel TEXT NOT NULL,
    method TEXT,
    parties TEXT NOT NULL,
    stand_in BOOLEAN NOT NULL,
    anomaly TEXT,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (creditor, receipt_id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX receipt_by_id ON receipt (creditor, id);
CREATE INDEX receipt_by_notice ON receipt (creditor, notice_number);
CREATE INDEX receipt_by_iuv ON receipt (creditor, iuv);
CREATE INDEX receipt_by_day ON receipt (creditor, paid_on);

CREATE TABLE receipt_transfer (
    creditor TEXT NOT NULL,
    receipt_id TEXT NOT NULL,
    idx SMALLINT NOT NULL,
    beneficiary TEXT NOT NULL,
    iban TEXT,
    amount_cents BIGINT NOT NULL,
    taxonomy TEXT NOT NULL,
    own BOOLEAN NOT NULL,
    PRIMARY KEY (creditor, receipt_id, idx)
) WITHOUT ROWID;

CREATE TABLE receipt_message (
    creditor TEXT NOT NULL,
    receipt_id TEXT NOT NULL,
    id BLOB NOT NULL,
    body BLOB NOT NULL,
    sha256 BLOB NOT NULL,
    received_at BIGINT NOT NULL,
    conflicting BOOLEAN NOT NULL,
    PRIMARY KEY (creditor, receipt_id, id)
);

CREATE TABLE ledger (
    creditor TEXT NOT NULL,
    id BLOB NOT NULL,
    line SMALLINT NOT NULL,
    reason TEXT NOT NULL,
    day DATE NOT NULL,
    reference TEXT NOT NULL,
    debit TEXT NOT NULL,
    credit TEXT NOT NULL CHECK (credit <> debit),
    amount_cents BIGINT NOT NULL CHECK (amount_cents > 0),
    notice_number TEXT,
    service_code TEXT,
    beneficiary TEXT NOT NULL,
    PRIMARY KEY (creditor, id, line)
) WITHOUT ROWID;
CREATE INDEX ledger_by_reference ON ledger (creditor, reference);
