-- Positions whose notices the platform's archive (ACA) has to be told of, one row for each.
CREATE TABLE archive_feed (
    creditor TEXT NOT NULL,
    position_id UUID NOT NULL,
    due_at TIMESTAMPTZ NOT NULL,
    mark BIGINT NOT NULL,
    attempts INTEGER NOT NULL,
    PRIMARY KEY (creditor, position_id)
);
CREATE INDEX archive_feed_by_due ON archive_feed (creditor, due_at);

-- Receipts that flows name and nobody sent: when the platform was asked for each.
CREATE TABLE receipt_search (
    creditor TEXT NOT NULL,
    receipt_id TEXT NOT NULL,
    iuv TEXT NOT NULL,
    asked_at TIMESTAMPTZ NOT NULL,
    attempts INTEGER NOT NULL,
    next_at TIMESTAMPTZ NOT NULL,
    outcome TEXT NOT NULL,
    PRIMARY KEY (creditor, receipt_id, iuv)
);
CREATE INDEX receipt_search_by_day ON receipt_search (creditor, asked_at);
