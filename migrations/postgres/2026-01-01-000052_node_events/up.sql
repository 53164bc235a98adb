-- One row for each call between the node and a creditor: identifiers, no personal data.
CREATE TABLE node_event (
    creditor TEXT NOT NULL,
    id UUID NOT NULL,
    asked_at TIMESTAMPTZ NOT NULL,
    millis BIGINT NOT NULL,
    caller TEXT NOT NULL,
    operation TEXT NOT NULL,
    station TEXT,
    notice_number TEXT,
    iuv TEXT,
    receipt_id TEXT,
    psp_id TEXT,
    outcome TEXT NOT NULL,
    PRIMARY KEY (creditor, id)
);
CREATE INDEX node_event_by_notice ON node_event (creditor, notice_number, id);
CREATE INDEX node_event_by_iuv ON node_event (creditor, iuv, id);
CREATE INDEX node_event_by_receipt ON node_event (creditor, receipt_id, id) WHERE receipt_id IS NOT NULL;
CREATE INDEX node_event_by_day ON node_event (creditor, asked_at);

-- Their messages hold personal data: kept apart, for a shorter time.
CREATE TABLE node_event_message (
    creditor TEXT NOT NULL,
    event_id UUID NOT NULL,
    asked_at TIMESTAMPTZ NOT NULL,
    request BYTEA NOT NULL,
    response BYTEA NOT NULL,
    PRIMARY KEY (creditor, event_id)
);
CREATE INDEX node_event_message_by_day ON node_event_message (creditor, asked_at);
