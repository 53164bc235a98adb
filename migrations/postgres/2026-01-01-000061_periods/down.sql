ALTER TABLE reconciliation_history DROP COLUMN period;
ALTER TABLE reconciliation DROP COLUMN period;
DROP TABLE accounting_period_event;
DROP TABLE accounting_period;
