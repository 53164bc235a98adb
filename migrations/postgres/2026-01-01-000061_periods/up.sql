-- Months that were closed, each once; its figures are those of the last closing.
CREATE TABLE accounting_period (
    creditor TEXT NOT NULL,
    id UUID NOT NULL,
    first_day DATE NOT NULL,
    state TEXT NOT NULL,
    figures JSONB NOT NULL,
    closed_by UUID NOT NULL,
    closed_at TIMESTAMPTZ NOT NULL,
    closed_note TEXT NOT NULL,
    reopened_by UUID,
    reopened_at TIMESTAMPTZ,
    reopened_note TEXT,
    revision BIGINT NOT NULL,
    PRIMARY KEY (creditor, id)
);
CREATE UNIQUE INDEX accounting_period_by_day ON accounting_period (creditor, first_day);

-- Every closing and reopening: append only.
CREATE TABLE accounting_period_event (
    creditor TEXT NOT NULL,
    period UUID NOT NULL,
    id UUID NOT NULL,
    state TEXT NOT NULL,
    figures JSONB NOT NULL,
    client UUID NOT NULL,
    note TEXT NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (creditor, period, id)
);

-- First day of the month in whose figures a line was counted first.
ALTER TABLE reconciliation ADD COLUMN period DATE NOT NULL DEFAULT '2000-01-01';
UPDATE reconciliation SET period = CAST(date_trunc('month', since) AS DATE);
-- First day of the month in whose figures a change counts.
ALTER TABLE reconciliation_history ADD COLUMN period DATE NOT NULL DEFAULT '2000-01-01';
UPDATE reconciliation_history SET period = CAST(date_trunc('month', since) AS DATE);
