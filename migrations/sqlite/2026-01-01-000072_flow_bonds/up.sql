-- Flows that the same cash pays: the cause is a decision in force, or an entry whose text means all of them.
CREATE TABLE flow_bond (
    creditor TEXT NOT NULL,
    cause BLOB NOT NULL,
    psp_id TEXT NOT NULL,
    flow_key TEXT NOT NULL,
    PRIMARY KEY (creditor, cause, flow_key, psp_id)
) WITHOUT ROWID;
CREATE INDEX flow_bond_by_flow ON flow_bond (creditor, flow_key);
INSERT INTO flow_bond (creditor, cause, psp_id, flow_key)
    SELECT creditor, decision, psp_id, flow_key FROM flow_companion;
DROP TABLE flow_companion;

-- Flows that the text of an entry names besides the first, separated by blanks.
ALTER TABLE treasury_entry ADD COLUMN reference_also TEXT;
-- The same, to be found by.
CREATE TABLE treasury_also (
    creditor TEXT NOT NULL,
    reference TEXT NOT NULL,
    entry BLOB NOT NULL,
    PRIMARY KEY (creditor, reference, entry)
) WITHOUT ROWID;
