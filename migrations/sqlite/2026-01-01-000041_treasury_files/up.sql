CREATE TABLE treasury_file (
    creditor TEXT NOT NULL,
    sha256 BLOB NOT NULL,
    id BLOB NOT NULL,
    ingested_at BIGINT NOT NULL,
    PRIMARY KEY (creditor, sha256)
) WITHOUT ROWID;

-- What a file says about money and could not be made an entry: kept as it came.
CREATE TABLE treasury_refusal (
    creditor TEXT NOT NULL,
    id BLOB NOT NULL,
    file BLOB NOT NULL,
    line BIGINT NOT NULL,
    remittance TEXT NOT NULL,
    reason TEXT NOT NULL,
    ingested_at BIGINT NOT NULL,
    PRIMARY KEY (creditor, id)
) WITHOUT ROWID;

CREATE INDEX treasury_entry_by_provisional ON treasury_entry (creditor, provisional)
    WHERE provisional IS NOT NULL;
