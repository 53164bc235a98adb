-- Who works on an open line, and how far; without a row, nobody does.
CREATE TABLE work_item (
    creditor TEXT NOT NULL,
    reconciliation BLOB NOT NULL,
    assignee TEXT,
    state TEXT NOT NULL,
    revision BIGINT NOT NULL,
    PRIMARY KEY (creditor, reconciliation)
) WITHOUT ROWID;

-- What was done about a line: append only.
CREATE TABLE work_event (
    creditor TEXT NOT NULL,
    reconciliation BLOB NOT NULL,
    id BLOB NOT NULL,
    client BLOB NOT NULL,
    assignee TEXT,
    state TEXT NOT NULL,
    remark TEXT,
    at BIGINT NOT NULL,
    PRIMARY KEY (creditor, reconciliation, id)
) WITHOUT ROWID;
