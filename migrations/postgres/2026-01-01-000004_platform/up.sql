-- Who may call the API. `creditor` is a tax code, or `platform` for the operator of the engine.
CREATE TABLE api_client (
    creditor TEXT NOT NULL,
    id UUID NOT NULL,
    label TEXT NOT NULL,
    roles JSONB NOT NULL,
    -- SHA-256 of the secret, which is random and long.
    secret_hash BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    revoked_at TIMESTAMPTZ,
    PRIMARY KEY (creditor, id)
);

-- The first answer to a request with an idempotency key, stored in the transaction of what it did.
CREATE TABLE idempotency (
    creditor TEXT NOT NULL,
    client_id UUID NOT NULL,
    operation TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    -- SHA-256 of the body of the request.
    body_hash BYTEA NOT NULL,
    status SMALLINT NOT NULL,
    etag TEXT,
    location TEXT,
    body TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (creditor, client_id, operation, idempotency_key)
);
CREATE INDEX idempotency_by_age ON idempotency (creditor, created_at);
