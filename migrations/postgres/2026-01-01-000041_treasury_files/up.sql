CREATE TABLE treasury_file (
    creditor TEXT NOT NULL,
    sha256 BYTEA NOT NULL,
    id UUID NOT NULL,
    ingested_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (creditor, sha256)
);

-- What a file says about money and could not be made an entry: kept as it came.
CREATE TABLE treasury_refusal (
    creditor TEXT NOT NULL,
    id UUID NOT NULL,
    file UUID NOT NULL,
    line BIGINT NOT NULL,
    remittance TEXT NOT NULL,
    reason TEXT NOT NULL,
    ingested_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (creditor, id)
);

CREATE INDEX treasury_entry_by_provisional ON treasury_entry (creditor, provisional)
    WHERE provisional IS NOT NULL;
