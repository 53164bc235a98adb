-- How a creditor wants its lines reconciled; without a row, to the cent and by one officer.
CREATE TABLE reconciliation_terms (
    creditor TEXT NOT NULL,
    tolerance_cents BIGINT NOT NULL,
    second_approver BOOLEAN NOT NULL,
    revision BIGINT NOT NULL,
    PRIMARY KEY (creditor)
) WITHOUT ROWID;

-- What officers decide. Each mark is written once: the row is its own history.
CREATE TABLE reconciliation_decision (
    creditor TEXT NOT NULL,
    id BLOB NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    line_kind TEXT,
    line_key TEXT,
    reason TEXT NOT NULL,
    state TEXT NOT NULL,
    proposed_by BLOB NOT NULL,
    proposed_at BIGINT NOT NULL,
    note TEXT NOT NULL,
    decided_by BLOB,
    decided_at BIGINT,
    decided_note TEXT,
    reopened_by BLOB,
    reopened_at BIGINT,
    reopened_note TEXT,
    revision BIGINT NOT NULL,
    PRIMARY KEY (creditor, id)
) WITHOUT ROWID;
-- A line is closed by one decision.
CREATE UNIQUE INDEX reconciliation_decision_by_line
    ON reconciliation_decision (creditor, line_kind, line_key)
    WHERE kind = 'force' AND state = 'in_force';

-- Flows that the same cash pays, as a decision in force says.
CREATE TABLE flow_companion (
    creditor TEXT NOT NULL,
    psp_id TEXT NOT NULL,
    flow_key TEXT NOT NULL,
    lead_psp TEXT NOT NULL,
    lead_key TEXT NOT NULL,
    decision BLOB NOT NULL,
    PRIMARY KEY (creditor, flow_key, psp_id)
) WITHOUT ROWID;
CREATE INDEX flow_companion_by_lead ON flow_companion (creditor, lead_key);
CREATE INDEX flow_companion_by_decision ON flow_companion (creditor, decision);

-- The decision that says what this entry pays; automatic matching leaves the entry alone.
ALTER TABLE treasury_entry ADD COLUMN held_by BLOB;
CREATE INDEX treasury_entry_by_decision ON treasury_entry (creditor, held_by)
    WHERE held_by IS NOT NULL;

ALTER TABLE reconciliation_history ADD COLUMN cause TEXT NOT NULL DEFAULT 'flow';
ALTER TABLE reconciliation_history ADD COLUMN decision BLOB;
ALTER TABLE reconciliation_history ADD COLUMN actor BLOB;
