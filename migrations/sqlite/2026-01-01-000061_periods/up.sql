-- Months that were closed, each once; its figures are those of the last closing.
CREATE TABLE accounting_period (
    creditor TEXT NOT NULL,
    id BLOB NOT NULL,
    first_day DATE NOT NULL,
    state TEXT NOT NULL,
    figures TEXT NOT NULL,
    closed_by BLOB NOT NULL,
    closed_at BIGINT NOT NULL,
    closed_note TEXT NOT NULL,
    reopened_by BLOB,
    reopened_at BIGINT,
    reopened_note TEXT,
    revision BIGINT NOT NULL,
    PRIMARY KEY (creditor, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX accounting_period_by_day ON accounting_period (creditor, first_day);

-- Every closing and reopening: append only.
CREATE TABLE accounting_period_event (
    creditor TEXT NOT NULL,
    period BLOB NOT NULL,
    id BLOB NOT NULL,
    state TEXT NOT NULL,
    figures TEXT NOT NULL,
    client BLOB NOT NULL,
    note TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (creditor, period, id)
) WITHOUT ROWID;

-- First day of the month in whose figures a line was counted first.
ALTER TABLE reconciliation ADD COLUMN period DATE NOT NULL DEFAULT '2000-01-01';
UPDATE reconciliation SET period = date(since, 'start of month');
-- First day of the month in whose figures a change counts.
ALTER TABLE reconciliation_history ADD COLUMN period DATE NOT NULL DEFAULT '2000-01-01';
UPDATE reconciliation_history SET period = date(since, 'start of month');
