-- What cannot be read of flows, kept as it came: a row beside those that can be read, or (no place) a whole
-- revision.
CREATE TABLE flow_refusal (
    creditor TEXT NOT NULL,
    id UUID NOT NULL,
    psp_id TEXT NOT NULL,
    flow_id TEXT NOT NULL,
    revision BIGINT NOT NULL,
    place INTEGER,
    body TEXT NOT NULL,
    reason TEXT NOT NULL,
    reason_it TEXT NOT NULL,
    refused_at TIMESTAMPTZ NOT NULL,
    closed_at TIMESTAMPTZ,
    closed_by UUID,
    closed_note TEXT,
    PRIMARY KEY (creditor, id)
);
CREATE INDEX flow_refusal_by_flow ON flow_refusal (creditor, psp_id, flow_id, revision);
CREATE INDEX flow_refusal_open ON flow_refusal (creditor, id) WHERE closed_at IS NULL;
