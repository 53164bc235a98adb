CREATE TABLE flow (
    creditor TEXT NOT NULL,
    id BLOB NOT NULL,
    psp_id TEXT NOT NULL,
    flow_id TEXT NOT NULL,
    flow_key TEXT NOT NULL,
    revision BIGINT NOT NULL,
    flow_at BIGINT NOT NULL,
    regulation TEXT NOT NULL,
    regulation_on DATE NOT NULL,
    receiver TEXT NOT NULL,
    declared_count BIGINT NOT NULL,
    declared_sum_cents BIGINT NOT NULL,
    computed_count BIGINT NOT NULL,
    computed_sum_cents BIGINT NOT NULL,
    state TEXT NOT NULL,
    previous_revision BIGINT,
    published_at BIGINT NOT NULL,
    fetched_at BIGINT NOT NULL,
    PRIMARY KEY (creditor, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX flow_by_revision ON flow (creditor, psp_id, flow_id, revision);
-- One revision of a flow is in force.
CREATE UNIQUE INDEX flow_live ON flow (creditor, psp_id, flow_id) WHERE state = 'live';
CREATE INDEX flow_by_key ON flow (creditor, flow_key);
CREATE INDEX flow_by_day ON flow (creditor, regulation_on);

CREATE TABLE flow_document (
    creditor TEXT NOT NULL,
    psp_id TEXT NOT NULL,
    flow_id TEXT NOT NULL,
    revision BIGINT NOT NULL,
    part INTEGER NOT NULL,
    body BLOB NOT NULL,
    sha256 BLOB NOT NULL,
    fetched_at BIGINT NOT NULL,
    PRIMARY KEY (creditor, psp_id, flow_id, revision, part)
);

CREATE TABLE flow_line (
    creditor TEXT NOT NULL,
    flow BLOB NOT NULL,
    line_no INTEGER NOT NULL,
    iuv TEXT NOT NULL,
    iur TEXT NOT NULL,
    idx SMALLINT NOT NULL,
    amount_cents BIGINT NOT NULL,
    outcome SMALLINT NOT NULL,
    paid_on DATE NOT NULL,
    PRIMARY KEY (creditor, flow, line_no)
) WITHOUT ROWID;
CREATE INDEX flow_line_by_iuv ON flow_line (creditor, iuv);
CREATE INDEX flow_line_by_iur ON flow_line (creditor, iur);

CREATE TABLE treasury_entry (
    creditor TEXT NOT NULL,
    id BLOB NOT NULL,
    year INTEGER NOT NULL,
    account TEXT NOT NULL,
    number TEXT NOT NULL,
    direction TEXT NOT NULL,
    document TEXT NOT NULL,
    operation TEXT NOT NULL,
    provisional BIGINT,
    amount_cents BIGINT NOT NULL,
    booked_on DATE NOT NULL,
    value_on DATE,
    remittance TEXT NOT NULL,
    payer TEXT NOT NULL,
    bank_reference TEXT,
    reference_kind TEXT NOT NULL,
    reference TEXT,
    reference_joined TEXT,
    reference_open TEXT,
    matched_psp TEXT,
    matched_key TEXT,
    match_quality TEXT,
    ingested_at BIGINT NOT NULL,
    PRIMARY KEY (creditor, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX treasury_entry_by_number ON treasury_entry (creditor, year, account, number);
CREATE INDEX treasury_entry_by_reference ON treasury_entry (creditor, reference);
CREATE INDEX treasury_entry_by_joined ON treasury_entry (creditor, reference_joined);
CREATE INDEX treasury_entry_by_open ON treasury_entry (creditor, reference_open);
CREATE INDEX treasury_entry_by_match ON treasury_entry (creditor, matched_key);

CREATE TABLE reconciliation (
    creditor TEXT NOT NULL,
    id BLOB NOT NULL,
    line_kind TEXT NOT NULL,
    line_key TEXT NOT NULL,
    code TEXT NOT NULL,
    flags TEXT NOT NULL,
    rule TEXT NOT NULL,
    rule_version SMALLINT NOT NULL,
    explanation TEXT NOT NULL,
    amount_cents BIGINT NOT NULL,
    since DATE NOT NULL,
    iuv TEXT,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (creditor, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX reconciliation_by_line ON reconciliation (creditor, line_kind, line_key);
CREATE INDEX reconciliation_by_code ON reconciliation (creditor, code, id);
CREATE INDEX reconciliation_by_age ON reconciliation (creditor, since, id);
CREATE INDEX reconciliation_by_iuv ON reconciliation (creditor, iuv);

CREATE TABLE reconciliation_history (
    creditor TEXT NOT NULL,
    line_kind TEXT NOT NULL,
    line_key TEXT NOT NULL,
    id BLOB NOT NULL,
    code TEXT NOT NULL,
    flags TEXT NOT NULL,
    rule TEXT NOT NULL,
    rule_version SMALLINT NOT NULL,
    explanation TEXT NOT NULL,
    amount_cents BIGINT NOT NULL,
    since DATE NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (creditor, line_kind, line_key, id)
) WITHOUT ROWID;

CREATE TABLE flow_cursor (
    creditor TEXT NOT NULL,
    published_at BIGINT NOT NULL,
    pulled_at BIGINT NOT NULL,
    PRIMARY KEY (creditor)
) WITHOUT ROWID;

CREATE TABLE settlement_lock (
    creditor TEXT NOT NULL,
    PRIMARY KEY (creditor)
) WITHOUT ROWID;
