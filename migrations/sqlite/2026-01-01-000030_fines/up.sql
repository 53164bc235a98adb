ALTER TABLE position ADD COLUMN joint_debtors SMALLINT NOT NULL DEFAULT 0;

CREATE TABLE joint_debtor (
    creditor TEXT NOT NULL,
    position_id BLOB NOT NULL,
    place SMALLINT NOT NULL,
    kind TEXT NOT NULL,
    tax_code TEXT NOT NULL,
    full_name TEXT NOT NULL,
    contact TEXT NOT NULL,
    PRIMARY KEY (creditor, position_id, place)
) WITHOUT ROWID;
CREATE INDEX joint_debtor_by_tax_code ON joint_debtor (creditor, tax_code, position_id);

CREATE TABLE former_price (
    creditor TEXT NOT NULL,
    position_id BLOB NOT NULL,
    revision BIGINT NOT NULL,
    replaced_at BIGINT NOT NULL,
    details TEXT NOT NULL,
    assessment_rows TEXT NOT NULL,
    notices TEXT NOT NULL,
    PRIMARY KEY (creditor, position_id, revision)
) WITHOUT ROWID;
