ALTER TABLE flow_refusal RENAME TO flow_refusal_after;
CREATE TABLE flow_refusal (
    creditor TEXT NOT NULL,
    id BLOB NOT NULL,
    psp_id TEXT NOT NULL,
    flow_id TEXT NOT NULL,
    revision BIGINT NOT NULL,
    place INTEGER,
    body TEXT NOT NULL,
    reason TEXT NOT NULL,
    reason_it TEXT NOT NULL,
    refused_at BIGINT NOT NULL,
    closed_at BIGINT,
    closed_by BLOB,
    closed_note TEXT,
    PRIMARY KEY (creditor, id)
) WITHOUT ROWID;
INSERT INTO flow_refusal SELECT creditor, id, psp_id, flow_id, revision, place, body, reason, reason_it, refused_at,
    closed_at, closed_by, closed_note FROM flow_refusal_after WHERE flow_id IS NOT NULL;
DROP TABLE flow_refusal_after;
CREATE INDEX flow_refusal_by_flow ON flow_refusal (creditor, psp_id, flow_id, revision);
CREATE INDEX flow_refusal_open ON flow_refusal (creditor, id) WHERE closed_at IS NULL;
