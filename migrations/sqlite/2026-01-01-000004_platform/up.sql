-- Who may call the API. `creditor` is a tax code, or `platform` for the operator of the engine.
CREATE TABLE api_client (
    creditor TEXT NOT NULL,
    id BLOB NOT NULL,
    label TEXT NOT NULL,
    roles TEXT NOT NULL,
    -- SHA-256 of the secret, which is random and long.
    secret_hash BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT,
    PRIMARY KEY (creditor, id)
) WITHOUT ROWID;

-- The first answer to a request with an idempotency key, stored in the transaction of what it did.
CREATE TABLE idempotency (
    creditor TEXT NOT NULL,
    client_id BLOB NOT NULL,
    operation TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    -- SHA-256 of the body of the request.
    body_hash BLOB NOT NULL,
    status SMALLINT NOT NULL,
    etag TEXT,
    location TEXT,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (creditor, client_id, operation, idempotency_key)
) WITHOUT ROWID;
CREATE INDEX idempotency_by_age ON idempotency (creditor, created_at);
