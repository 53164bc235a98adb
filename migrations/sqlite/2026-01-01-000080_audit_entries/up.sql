-- Who changed what: append only. The one column that is ever set later is the number of the seal.
CREATE TABLE audit_entry (
    creditor TEXT NOT NULL,
    id BLOB NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    client BLOB,
    actor_name TEXT NOT NULL,
    request BLOB,
    action TEXT NOT NULL,
    entity_type TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL,
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
    sealed_at BIGINT NOT NULL,
    entry_count BIGINT NOT NULL,
    first_entry BLOB NOT NULL,
    last_entry BLOB NOT NULL,
    entries BLOB NOT NULL,
    previous BLOB NOT NULL,
    sha256 BLOB NOT NULL,
    PRIMARY KEY (creditor, number)
);
