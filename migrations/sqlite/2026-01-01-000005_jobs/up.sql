-- Work to do later, enqueued in the transaction of the business event (an outbox).
CREATE TABLE job (
    creditor TEXT NOT NULL,
    id BLOB NOT NULL,
    kind TEXT NOT NULL,
    -- At most one job of a kind has this key; NULL for jobs that may be many.
    once_key TEXT,
    payload TEXT NOT NULL,
    -- 0 waiting or running, 1 done, 2 given up
    state SMALLINT NOT NULL CHECK (state IN (0, 1, 2)),
    run_at BIGINT NOT NULL,
    attempts INTEGER NOT NULL CHECK (attempts >= 0),
    lease_until BIGINT,
    lease_by BLOB,
    last_error TEXT,
    result TEXT,
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    PRIMARY KEY (creditor, id),
    UNIQUE (creditor, kind, once_key),
    CHECK ((state = 0) = (finished_at IS NULL))
) WITHOUT ROWID;

-- Small: only what is still to do.
CREATE INDEX job_waiting ON job (creditor, run_at) WHERE finished_at IS NULL;
