-- A row of the list of flows that cannot be read names no flow. It is known by the digest of what it says, for
-- the list shows it again.
ALTER TABLE flow_refusal ALTER COLUMN psp_id DROP NOT NULL;
ALTER TABLE flow_refusal ALTER COLUMN flow_id DROP NOT NULL;
ALTER TABLE flow_refusal ALTER COLUMN revision DROP NOT NULL;
ALTER TABLE flow_refusal ADD COLUMN listed_sha256 BYTEA;
CREATE UNIQUE INDEX flow_refusal_listed ON flow_refusal (creditor, listed_sha256) WHERE listed_sha256 IS NOT NULL;
