-- Work to do later, enqueued in the transaction of the business event (an outbox).
CREATE TABLE job (
    creditor TEXT NOT NULL,
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    -- At most one job of a kind has this key; NULL for jobs that may be many.
    once_key TEXT,
    payload JSONB NOT NULL,
    -- 0 waiting or running, 1 done, 2 given up
    state SMALLINT NOT NULL CHECK (state IN (0, 1, 2)),
    run_at TIMESTAMPTZ NOT NULL,
    attempts INTEGER NOT NULL CHECK (attempts >= 0),
    lease_until TIMESTAMPTZ,
    lease_by UUID,
    last_error TEXT,
    result JSONB,
    created_at TIMESTAMPTZ NOT NULL,
    finished_at TIMESTAMPTZ,
    PRIMARY KEY (creditor, id),
    UNIQUE (creditor, kind, once_key),
    CHECK ((state = 0) = (finished_at IS NULL))
);

-- Small: only what is still to do.
CREATE INDEX job_waiting ON job (creditor, run_at) WHERE finished_at IS NULL;
