CREATE TABLE position (
    creditor TEXT NOT NULL,
    id UUID NOT NULL,
    reference TEXT,
    service_code TEXT NOT NULL,
    debtor_kind TEXT NOT NULL,
    debtor_tax_code TEXT NOT NULL,
    debtor_full_name TEXT NOT NULL,
    debtor_contact JSONB NOT NULL,
    description TEXT NOT NULL,
    details JSONB NOT NULL,
    assessment_rows JSONB NOT NULL,
    issued_on DATE NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    revision BIGINT NOT NULL,
    PRIMARY KEY (creditor, id)
);
CREATE UNIQUE INDEX position_by_reference ON position (creditor, reference);
CREATE INDEX position_by_debtor ON position (creditor, debtor_tax_code, id);

CREATE TABLE notice (
    creditor TEXT NOT NULL,
    number TEXT NOT NULL,
    iuv TEXT NOT NULL,
    position_id UUID NOT NULL,
    service_code TEXT NOT NULL,
    option_no SMALLINT NOT NULL,
    option_kind TEXT NOT NULL,
    sequence SMALLINT NOT NULL,
    description TEXT NOT NULL,
    due_on DATE,
    amount_cents BIGINT NOT NULL CHECK (amount_cents > 0),
    terms JSONB NOT NULL,
    state TEXT NOT NULL,
    paid_on DATE,
    PRIMARY KEY (creditor, number)
);
CREATE UNIQUE INDEX notice_by_iuv ON notice (creditor, iuv);
CREATE INDEX notice_by_position ON notice (creditor, position_id, option_no, sequence);

CREATE TABLE notice_event (
    creditor TEXT NOT NULL,
    notice_number TEXT NOT NULL,
    id UUID NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    from_state TEXT NOT NULL,
    event TEXT NOT NULL,
    to_state TEXT NOT NULL,
    anomaly TEXT,
    actor TEXT NOT NULL,
    PRIMARY KEY (creditor, notice_number, id)
);

CREATE TABLE number_sequence (
    creditor TEXT NOT NULL,
    segregation_code TEXT NOT NULL,
    next_value BIGINT NOT NULL,
    PRIMARY KEY (creditor, segregation_code)
);

CREATE TABLE quote (
    creditor TEXT NOT NULL,
    notice_number TEXT NOT NULL,
    id UUID NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    amount_cents BIGINT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (creditor, notice_number, id)
);

CREATE TABLE receipt (
    creditor TEXT NOT NULL,
    receipt_id TEXT NOT NULL,
    id UUID NOT NULL,
    notice_number TEXT NOT NULL,
    iuv TEXT NOT NULL,
    primary_creditor TEXT NOT NULL,
    position_id UUID,
    service_code TEXT,
    amount_cents BIGINT NOT NULL,
    fee_cents BIGINT,
    description TEXT NOT NULL,
    paid_at TIMESTAMPTZ,
    paid_on DATE NOT NULL,
    application_on DATE,
    transfer_on DATE,
    psp_id TEXT NOT NULL,
    psp_name TEXT NOT NULL,
    psp_channel TEXT NOT NULL,
    method TEXT,
    parties JSONB NOT NULL,
    stand_in BOOLEAN NOT NULL,
    anomaly TEXT,
    received_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (creditor, receipt_id)
);
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
);

CREATE TABLE receipt_message (
    creditor TEXT NOT NULL,
    receipt_id TEXT NOT NULL,
    id UUID NOT NULL,
    body BYTEA NOT NULL,
    sha256 BYTEA NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    conflicting BOOLEAN NOT NULL,
    PRIMARY KEY (creditor, receipt_id, id)
);

CREATE TABLE ledger (
    creditor TEXT NOT NULL,
    id UUID NOT NULL,
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
);
CREATE INDEX ledger_by_reference ON ledger (creditor, reference);
