-- Who has dealt with what could not be read of a file, and how.
ALTER TABLE treasury_refusal ADD COLUMN closed_at TIMESTAMPTZ;
ALTER TABLE treasury_refusal ADD COLUMN closed_by UUID;
ALTER TABLE treasury_refusal ADD COLUMN closed_note TEXT;
ALTER TABLE treasury_refusal ADD COLUMN closed_entry UUID;

CREATE INDEX treasury_refusal_open ON treasury_refusal (creditor, id) WHERE closed_at IS NULL;
