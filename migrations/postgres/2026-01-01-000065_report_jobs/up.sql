-- Reports made by a job, and their files in parts, until they expire.
CREATE TABLE report_job (
    creditor TEXT NOT NULL,
    id UUID NOT NULL,
    question JSONB NOT NULL,
    state TEXT NOT NULL,
    rows_written BIGINT NOT NULL CHECK (rows_written >= 0),
    length BIGINT,
    rows_sha256 TEXT,
    control_totals JSONB,
    failure JSONB,
    created_at TIMESTAMPTZ NOT NULL,
    made_at TIMESTAMPTZ,
    expires_at TIMESTAMPTZ,
    PRIMARY KEY (creditor, id),
    CHECK ((length IS NULL) = (rows_sha256 IS NULL))
);

CREATE TABLE report_part (
    creditor TEXT NOT NULL,
    report UUID NOT NULL,
    part INTEGER NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (creditor, report, part)
);
