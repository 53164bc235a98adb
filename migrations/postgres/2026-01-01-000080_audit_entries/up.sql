-- Who changed what: append only. The one column that is ever set later is the number of the seal.
CREATE TABLE audit_entry (
    creditor TEXT NOT NULL,
    id UUID NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    actor TEXT NOT NULL,
    client UUID,
    actor_name TEXT NOT NULL,
    request UUID,
    action TEXT NOT NULL,
    entity_type TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    before JSONB NOT NULL,
    after JSONB NOT NULL,
    seal BIGINT,
    PRIMARY KEY (creditor, id)
);
CREATE INDEX audit_entry_by_time ON audit_entry (creditor, at, id);
CREATE INDEX audit_entry_by_entity ON audit_entry (creditor, entity_id, at, id);
CREATE INDEX audit_entry_by_type ON audit_entry (creditor, entity_type, at, id);
CREATE INDEX audit_entry_by_action ON audit_entry (creditor, action, at, id);
CREATE INDEX audit_entry_by_actor ON audit_entry (creditor, actor, client, at, id);
-- Those of a seal, and those that have none yet.
CREATE INDEX audit_entry_by_seal ON audit_entry (creditor, seal, id);

-- The chain: each seal is over the one before and over its entries, whose ids and digests it keeps.
CREATE TABLE audit_seal (
    creditor TEXT NOT NULL,
    number BIGINT NOT NULL,
    sealed_at TIMESTAMPTZ NOT NULL,
    entry_count BIGINT NOT NULL,
    first_entry UUID NOT NULL,
    last_entry UUID NOT NULL,
    entries BYTEA NOT NULL,
    previous BYTEA NOT NULL,
    sha256 BYTEA NOT NULL,
    PRIMARY KEY (creditor, number)
);
