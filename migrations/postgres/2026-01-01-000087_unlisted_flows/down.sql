DELETE FROM flow_refusal WHERE flow_id IS NULL;
DROP INDEX flow_refusal_listed;
ALTER TABLE flow_refusal DROP COLUMN listed_sha256;
ALTER TABLE flow_refusal ALTER COLUMN psp_id SET NOT NULL;
ALTER TABLE flow_refusal ALTER COLUMN flow_id SET NOT NULL;
ALTER TABLE flow_refusal ALTER COLUMN revision SET NOT NULL;
