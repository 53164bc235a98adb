DROP TABLE treasury_also;
ALTER TABLE treasury_entry DROP COLUMN reference_also;
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
-- What texts say is not known there.
INSERT INTO flow_companion (creditor, psp_id, flow_key, lead_psp, lead_key, decision)
    SELECT b.creditor, b.psp_id, b.flow_key, l.psp_id, l.flow_key, b.cause
    FROM flow_bond b
    JOIN reconciliation_decision d ON d.creditor = b.creditor AND d.id = b.cause
    JOIN flow_bond l ON l.creditor = b.creditor AND l.cause = b.cause
    WHERE NOT EXISTS (SELECT 1 FROM flow_bond m WHERE m.creditor = l.creditor AND m.cause = l.cause
        AND (m.flow_key < l.flow_key OR (m.flow_key = l.flow_key AND m.psp_id < l.psp_id)));
DROP TABLE flow_bond;
