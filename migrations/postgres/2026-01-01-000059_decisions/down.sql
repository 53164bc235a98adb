ALTER TABLE reconciliation_history DROP COLUMN actor;
ALTER TABLE reconciliation_history DROP COLUMN decision;
ALTER TABLE reconciliation_history DROP COLUMN cause;
DROP INDEX treasury_entry_by_decision;
ALTER TABLE treasury_entry DROP COLUMN held_by;
DROP TABLE flow_companion;
DROP TABLE reconciliation_decision;
DROP TABLE reconciliation_terms;
