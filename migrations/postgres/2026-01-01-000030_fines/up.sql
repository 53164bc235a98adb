ALTER TABLE position ADD COLUMN joint_debtors SMALLINT NOT NULL DEFAULT 0;

CREATE TABLE joint_debtor (
    creditor TEXT NOT NULL,
    position_id UUID NOT NULL,
    place SMALLINT NOT NULL,
    kind TEXT NOT NULL,
    tax_code TEXT NOT NULL,
    full_name TEXT NOT NULL,
    contact JSONB NOT NULL,
    PRIMARY KEY (creditor, position_id, place)
);
CREATE INDEX joint_debtor_by_tax_code ON joint_debtor (creditor, tax_code, position_id);

CREATE TABLE former_price (
    creditor TEXT NOT NULL,
    position_id UUID NOT NULL,
    revision BIGINT NOT NULL,
    replaced_at TIMESTAMPTZ NOT NULL,
    details JSONB NOT NULL,
    assessment_rows JSONB NOT NULL,
    notices JSONB NOT NULL,
    PRIMARY KEY (creditor, position_id, revision)
);
