-- Reports made by a job, and their files in parts, until they expire.
CREATE TABLE report_job (
    creditor TEXT NOT NULL,
    id BLOB NOT NULL,
    question TEXT NOT NULL,
    state TEXT NOT NULL,
    rows_written BIGINT NOT NULL CHECK (rows_written >= 0),
    length BIGINT,
    rows_sha256 TEXT,
    control_totals TEXT,
    failure TEXT,
    created_at BIGINT NOT NULL,
    made_at BIGINT,
    expires_at BIGINT,
    PRIMARY KEY (creditor, id),
    CHECK ((length IS NULL) = (rows_sha256 IS NULL))
) WITHOUT ROWID;

CREATE TABLE report_part (
    creditor TEXT NOT NULL,
    report BLOB NOT NULL,
    part INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (creditor, report, part)
);
