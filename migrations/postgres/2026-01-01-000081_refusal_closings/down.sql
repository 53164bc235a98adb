DROP INDEX treasury_refusal_open;
ALTER TABLE treasury_refusal DROP COLUMN closed_entry;
ALTER TABLE treasury_refusal DROP COLUMN closed_note;
ALTER TABLE treasury_refusal DROP COLUMN closed_by;
ALTER TABLE treasury_refusal DROP COLUMN closed_at;
