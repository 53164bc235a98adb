-- What people look for in the details of a position: plates, report numbers, pupils.
CREATE TABLE position_mark (
    creditor TEXT NOT NULL,
    mark TEXT NOT NULL,
    kind TEXT NOT NULL,
    position_id UUID NOT NULL,
    PRIMARY KEY (creditor, mark, kind, position_id)
);

CREATE INDEX flow_by_regulation ON flow (creditor, regulation);
CREATE INDEX treasury_entry_by_bank_reference ON treasury_entry (creditor, bank_reference)
    WHERE bank_reference IS NOT NULL;
