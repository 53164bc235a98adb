-- A row of the list of flows that cannot be read names no flow. It is known by the digest of what it says, for
-- the list shows it again.
ALTER TABLE flow_refusal RENAME TO flow_refusal_before;
CREATE TABLE flow_refusal (
    creditor TEXT NOT NULL,
    id BLOB NOT NULL,
    psp_id TEXT,
    flow_id TEXT,
    revision BIGINT,
    place INTEGER,
    body TEXT NOT NULL,
    reason TEXT NOT NULL,
    reason_it TEXT NOT NULL,
    refused_at BIGINT NOT NULL,
    closed_at BIGINT,
    closed_by BLOB,
    closed_note TEXT,
    listed_sha256 BLOB,
    PRIMARY KEY (creditor, id)
) WITHOUT ROWID;
INSERT INTO flow_refusal (creditor, id, psp_id, flow_id, revision, place, body, reason, reason_it, refused_at,
    closed_at, closed_by, closed_note)
    SELECT creditor, id, psp_id, flow_id, revision, place, body, reason, reason_it, refused_at,
        closed_at, closed_by, closed_note FROM flow_refusal_before;
DROP TABLE flow_refusal_before;
CREATE INDEX flow_refusal_by_flow ON flow_refusal (creditor, psp_id, flow_id, revision);
CREATE INDEX flow_refusal_open ON flow_refusal (creditor, id) WHERE closed_at IS NULL;
CREATE UNIQUE INDEX flow_refusal_listed ON flow_refusal (creditor, listed_sha256) WHERE listed_sha256 IS NOT NULL;
