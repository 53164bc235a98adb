-- Who works on an open line, and how far; without a row, nobody does.
CREATE TABLE work_item (
    creditor TEXT NOT NULL,
    reconciliation UUID NOT NULL,
    assignee TEXT,
    state TEXT NOT NULL,
    revision BIGINT NOT NULL,
    PRIMARY KEY (creditor, reconciliation)
);

-- What was done about a line: append only.
CREATE TABLE work_event (
    creditor TEXT NOT NULL,
    reconciliation UUID NOT NULL,
    id UUID NOT NULL,
    client UUID NOT NULL,
    assignee TEXT,
    state TEXT NOT NULL,
    remark TEXT,
    at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (creditor, reconciliation, id)
);
